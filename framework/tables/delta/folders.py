"""The folder of a Delta table: what a killed run left in it, and getting rid of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from framework.errors import TableError
from framework.sql import quote
from framework.tables.base import TableRef
from framework.tables.jvm import java_session, jvm
from framework.tables.names import database_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOG = "_delta_log"
_COMMIT = re.compile(r"\d{20}\.json")


@contextmanager
def first_write(spark: SparkSession, table: TableRef) -> Iterator[bool]:
    """Around the commit that makes a table with its rows: whether the folder is empty.

    A write that fails or is killed leaves files without a log. A file beside the folder remembers that they are
    ours. They are not deleted, because another run may be about to commit them; Delta's VACUUM does that.
    """
    empty = clear_leftovers(spark, table)
    fs, path = _folder(spark, table)
    fs.create(_sign(spark, path), True).close()
    yield empty
    fs.delete(_sign(spark, path), False)


def clear_leftovers(spark: SparkSession, table: TableRef) -> bool:
    """Remove what a creation that was killed left: a log without a commit, which Delta would stumble over.

    Returns False if files of a first write are there, which are to be written over.

    Raises:
        TableError: the folder holds other things; they may be somebody's data.
    """
    fs, path = _folder(spark, table)
    if not fs.exists(path):
        return True
    names = [status.getPath().getName() for status in fs.listStatus(path)]
    if names and fs.exists(_sign(spark, path)):
        return False
    others = [name for name in names if name != _LOG]
    if others:
        raise TableError(
            f"the folder of Delta table {table.name} is not empty, and no table is in it",
            found=f"{', '.join(sorted(others)[:5])} in {table.location}",
            expected="an empty folder, or none",
            fix="Move these files away, or set another `location` of the layer in lake.yaml.",
        )
    for name in names:
        if _has_commits(fs, path):
            return True  # somebody was faster: what creates the table now will say so
        fs.delete(jvm(spark).org.apache.hadoop.fs.Path(path, name), True)
    return True


def remove(spark: SparkSession, table: TableRef) -> None:
    """Delete the folder: renamed first, so that a kill in the middle leaves no half table behind."""
    fs, path = _folder(spark, table)
    if not fs.exists(path):
        return
    hadoop = jvm(spark).org.apache.hadoop.fs
    doomed = hadoop.Path(path.getParent(), f".{path.getName()}.dropped-{uuid.uuid4().hex}")
    fs.delete(doomed if fs.rename(path, doomed) else path, True)
    jvm(spark).org.apache.spark.sql.delta.DeltaLog.invalidateCache(java_session(spark), path)


def register(spark: SparkSession, table: TableRef) -> None:
    """Make the table known to the metastore, where there is one; the path stays the truth."""
    if not has_metastore(spark):
        return
    assert table.location is not None
    database, name = quote(database_of(table)), quote(table.name.rpartition(".")[2])
    location = table.location.replace("\\", "\\\\").replace("'", "\\'")
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {database}")
    spark.sql(f"CREATE TABLE IF NOT EXISTS {database}.{name} USING delta LOCATION '{location}'")


def unregister(spark: SparkSession, table: TableRef) -> None:
    """Take the table out of the metastore, where there is one."""
    if has_metastore(spark):
        spark.sql(f"DROP TABLE IF EXISTS {quote(database_of(table))}.{quote(table.name.rpartition('.')[2])}")


def has_metastore(spark: SparkSession) -> bool:
    """Whether `spark_catalog` outlives the session."""
    return spark.conf.get("spark.sql.catalogImplementation", "in-memory") == "hive"


def _has_commits(fs: Any, path: Any) -> bool:
    found = fs.listStatus(path.suffix(f"/{_LOG}"))
    return any(_COMMIT.fullmatch(status.getPath().getName()) for status in found)


def _sign(spark: SparkSession, path: Any) -> Any:
    """The file beside a table's folder that is there while its first rows are written."""
    return jvm(spark).org.apache.hadoop.fs.Path(path.getParent(), f".{path.getName()}.first-write")


def _folder(spark: SparkSession, table: TableRef) -> tuple[Any, Any]:
    path = jvm(spark).org.apache.hadoop.fs.Path(table.location)
    return path.getFileSystem(java_session(spark).sessionState().newHadoopConf()), path
