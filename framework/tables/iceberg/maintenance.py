"""Upkeep of Iceberg tables: small files and delete files compacted, old snapshots expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from framework.tables.base import TableRef
from framework.tables.iceberg.metadata import load_table
from framework.tables.jvm import active, java_session, jvm
from framework.tables.marks import KEY

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def maintain(
    spark: SparkSession,
    table: TableRef,
    text: str | None,
    *,
    compact: bool = True,
    all_files: bool = False,
    expire: timedelta | None = None,
    keep_versions: int = 1,
) -> dict[str, int]:
    """Compact, then expire versions older than `expire` (all but the newest `keep_versions`).

    The commit of a compaction carries the marks on: without that, the expiry after it would forget them.
    """
    done: dict[str, int] = {}
    with active(spark):
        actions = jvm(spark).org.apache.iceberg.spark.actions.SparkActions.get(java_session(spark))
        if compact:
            done |= _compact(actions.rewriteDataFiles(load_table(spark, table)), text, all_files)
        if expire is not None:
            older = int((datetime.now(UTC) - expire).timestamp() * 1000)
            action = (
                actions.expireSnapshots(load_table(spark, table))
                .expireOlderThan(older)
                .retainLast(keep_versions)
            )
            done["files_deleted"] = int(action.execute().deletedDataFilesCount())
    return done


def _compact(action: Any, text: str | None, all_files: bool) -> dict[str, int]:
    action = action.option("delete-file-threshold", "1").option("rewrite-all", str(all_files).lower())
    if text is not None:
        action = action.snapshotProperty(KEY, text)
    result = action.execute()
    return {
        "files_removed": int(result.rewrittenDataFilesCount()),
        "files_added": int(result.addedDataFilesCount()),
        "bytes_rewritten": int(result.rewrittenBytesCount()),
    }
