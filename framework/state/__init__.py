"""What the framework remembers in the lake: intents, bookmarks, the ledger; and the file systems they lie on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.config.places import is_local
from framework.state.local_storage import LocalStorage
from framework.state.storage import Storage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def storage_for(root: str, spark: SparkSession | None = None) -> Storage:
    """The storage that reaches a root: the machine's own file system where it can, Hadoop's for the rest.

    >>> storage_for("/data/lake").exists("/")
    True
    """
    if is_local(root):
        return LocalStorage()
    if spark is None:
        from framework.errors import StateError

        raise StateError(
            f"the lake at {root} can be reached through Spark only", fix="Run the command with a session."
        )
    from framework.state.hadoop_storage import HadoopStorage

    return HadoopStorage(spark)
