"""Upkeep of Delta tables: small files compacted, files of old versions removed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from framework.tables.base import TableRef
from framework.tables.common import Stamp
from framework.tables.delta.commits import run_with_stamp
from framework.tables.delta.log import DeltaLog

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_SHORTEST = timedelta(days=7)


def maintain(
    spark: SparkSession,
    table: TableRef,
    stamp: Stamp,
    *,
    compact: bool = True,
    all_files: bool = False,
    expire: timedelta | None = None,
    keep_versions: int = 1,
) -> dict[str, int]:
    """Compact, then remove the files that only versions older than `expire` need.

    `all_files` and `keep_versions` are Iceberg's: OPTIMIZE picks files by size, VACUUM goes by age.
    """
    done: dict[str, int] = {}
    if compact:
        before = DeltaLog(spark, table).version
        run_with_stamp(spark, f"OPTIMIZE {table.identifier}", stamp)
        done |= _compacted(spark, table, before)
    if expire is not None:
        _vacuum(spark, table, expire, stamp)
    return done


def _compacted(spark: SparkSession, table: TableRef, before: int) -> dict[str, int]:
    newest = next(DeltaLog(spark, table).versions())
    found = newest.metrics if newest.number > before and newest.operation == "optimize" else {}
    return {
        "files_removed": found.get("files_removed", 0),
        "files_added": found.get("files_added", 0),
        "bytes_rewritten": found.get("bytes_added", 0),
    }


def _vacuum(spark: SparkSession, table: TableRef, expire: timedelta, stamp: Stamp) -> None:
    """VACUUM in hours, rounded up; whoever passes less than Delta's own limit does it on purpose."""
    from framework.session.temporary import settings

    hours = -(-expire // timedelta(hours=1))
    check = {} if expire >= _SHORTEST else {"spark.databricks.delta.retentionDurationCheck.enabled": "false"}
    with settings(spark, check):
        run_with_stamp(spark, f"VACUUM {table.identifier} RETAIN {hours} HOURS", stamp)
