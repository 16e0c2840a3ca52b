"""What changed in a table between two of its versions, for the formats that know.

`read_feed` gives the table's columns, then `_change_type` (as the format calls it), `_commit_version` (a bigint that
grows with every commit: Delta's version, Iceberg's sequence number) and `_commit_timestamp`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from framework.errors import ConfigError
from framework.tables.base import TableRef

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TYPE, VERSION, TIMESTAMP = "_change_type", "_commit_version", "_commit_timestamp"
_FEEDS = {"delta": "framework.tables.delta.feed", "iceberg": "framework.tables.iceberg.feed"}


def check_feed(spark: SparkSession, table: TableRef, after: int | None, upto: int) -> None:
    """Refuse a feed that can't be read, before anything is planned with it; `after` None: the table's rows come first.

    Raises:
        TableError: the table keeps no feed, or not for these versions.
    """
    _module(table).check_feed(spark, table, after, upto)


def read_feed(spark: SparkSession, table: TableRef, after: int, upto: int) -> DataFrame:
    """The changes after one version up to and with another."""
    feed: DataFrame = _module(table).read_feed(spark, table, after, upto)
    return feed


def commit_number(spark: SparkSession, table: TableRef, version: int) -> int:
    """The number of a version's commit, as `_commit_version` has it."""
    return int(_module(table).commit_number(spark, table, version))


def _module(table: TableRef) -> Any:
    if table.format not in _FEEDS:
        raise ConfigError(
            f"tables in format {table.format} have no change feed",
            expected=", ".join(_FEEDS),
            fix="Use format: table.",
        )
    return import_module(_FEEDS[table.format])
