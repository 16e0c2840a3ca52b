"""Iceberg's changelog between snapshots.

Its `_change_ordinal` counts from the scan's first snapshot on, so two scans can't be compared by it: the sequence
numbers of snapshots can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from framework.errors import TableError
from framework.sql import literal, quote
from framework.tables.base import TableRef
from framework.tables.iceberg.ddl import catalog, in_catalog
from framework.tables.iceberg.metadata import Metadata, load_metadata

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_MODES = ("write.delete.mode", "write.update.mode", "write.merge.mode")


def check_feed(spark: SparkSession, table: TableRef, after: int | None, upto: int) -> None:
    """Refuse tables with delete files, of the first format version, and snapshots that are gone."""
    metadata = load_metadata(spark, table)
    if int(metadata.value["format-version"]) < 2:
        raise TableError(
            f"the snapshots of table {table.name} have no sequence numbers to order changes by",
            found="format-version 1",
            expected="format-version 2 or later",
            fix=f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ('format-version' = '2').",
        )
    own = [snapshot["snapshot-id"] for snapshot in metadata.ancestors()]
    for wanted in (after, upto):
        if wanted is not None and wanted not in own:
            raise TableError(
                f"snapshot {wanted} of table {table.name}, up to which changes were read, is not in its history",
                found="it was rolled back or expired",
                fix="Run with --replay to go on from the table's rows as they are now; "
                "rows deleted meanwhile stay in the target.",
            )
    _refuse_delete_files(metadata, table, after)


def _refuse_delete_files(metadata: Metadata, table: TableRef, after: int | None) -> None:
    """What merge-on-read writes, a changelog can't be made of; a table that is made so will have them soon."""
    merging = [
        f"{mode} = merge-on-read" for mode in _MODES if metadata.properties.get(mode) == "merge-on-read"
    ]
    holding = [] if after is None else [f"delete files in snapshot {each}" for each in _with(metadata, after)]
    if holding or (after is None and merging):
        raise TableError(
            f"table {table.name} has delete files, and Iceberg makes no changelog of those",
            found=", ".join(merging) or holding[0],
            expected="copy-on-write",
            fix=f"Set {', '.join(_MODES)} to copy-on-write in its properties, rewrite its files, and run with "
            "--replay; or read it with format: table.",
        )


def _with(metadata: Metadata, after: int) -> Iterator[int]:
    """The snapshots after one that delete files belong to."""
    for snapshot in metadata.ancestors():
        if snapshot["snapshot-id"] == after:
            return
        if int(snapshot.get("summary", {}).get("total-delete-files", 0)):
            yield snapshot["snapshot-id"]


def read_feed(spark: SparkSession, table: TableRef, after: int, upto: int) -> DataFrame:
    """The changelog view's rows; those that commits only copied are left out by it."""
    from pyspark.sql import functions as F

    view = f"sluice_changes_{after}_{upto}".replace("-", "m")
    spark.sql(
        f"CALL {quote(catalog(table))}.system.create_changelog_view("
        f"table => {literal(in_catalog(table))}, changelog_view => {literal(view)}, "
        f"options => map('start-snapshot-id', '{int(after)}', 'end-snapshot-id', '{int(upto)}'))"
    )
    try:
        rows = spark.table(view)
    finally:
        spark.catalog.dropTempView(view)
    numbers = F.broadcast(_commits(spark, load_metadata(spark, table)))
    joined = rows.join(numbers, F.col("_commit_snapshot_id") == F.col("_sluice_snapshot"), "left")
    return joined.drop("_change_ordinal", "_commit_snapshot_id", "_sluice_snapshot")


def commit_number(spark: SparkSession, table: TableRef, version: int) -> int:
    """The sequence number of a snapshot."""
    found = {each["snapshot-id"]: each["sequence-number"] for each in load_metadata(spark, table).ancestors()}
    return int(found[version])


def _commits(spark: SparkSession, metadata: Metadata) -> DataFrame:
    rows = [
        (each["snapshot-id"], each["sequence-number"], each["timestamp-ms"]) for each in metadata.ancestors()
    ]
    df = spark.createDataFrame(rows, "_sluice_snapshot bigint, _commit_version bigint, ms bigint")
    return df.selectExpr("_sluice_snapshot", "_commit_version", "timestamp_millis(ms) AS _commit_timestamp")
