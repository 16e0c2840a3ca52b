"""The storage of the ledger's facts: of a local lake without Spark, else through a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from framework.errors import StateError

if TYPE_CHECKING:
    from framework.config import Project
    from framework.state.storage import Storage


@contextmanager
def ledger_storage(project: Project) -> Iterator[Storage]:
    """What reaches the lake's small files; Spark is started only where they are not on this machine."""
    from framework.state import storage_for

    try:
        storage = storage_for(project.lake.root)
    except StateError:
        from framework.cli.output import stderr
        from framework.cli.progress import Progress
        from framework.cli.session import spark_for

        with Progress(stderr()) as progress, spark_for(project, progress) as spark:
            yield storage_for(project.lake.root, spark)
    else:
        yield storage
