"""Iceberg as a `TableFormat`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from framework.errors import TableError
from framework.session.compat import capabilities_of
from framework.sql import literal
from framework.tables.base import ColumnChange, TableRef, TableSpec, Version
from framework.tables.common import LakeFormat, Stamp
from framework.tables.ddl import add_columns_sql, pending, set_properties_sql, widen_sql
from framework.tables.iceberg.commits import OPTION, run_with_text
from framework.tables.iceberg.ddl import catalog, create_table_sql, in_catalog, namespace
from framework.tables.iceberg.maintenance import maintain
from framework.tables.iceberg.metadata import Metadata, asked_again, load_metadata
from framework.tables.jvm import active
from framework.tables.marks import Marks
from framework.tables.merging import as_view, replace_sql

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameWriterV2, SparkSession

# what Iceberg says where a condition doesn't follow the borders of its files
_NOT_WHOLE_FILES = (
    "some, but not all, rows match",
    "Cannot convert",
    "overwrite by filter",
    "OVERWRITE_BY_FILTER",
)


class IcebergFormat(LakeFormat):
    """Tables of an Iceberg catalog."""

    name = "iceberg"
    guards_inserts = True

    def __init__(self, spark: SparkSession) -> None:
        super().__init__(spark)
        self._known: dict[str, Metadata] = {}

    def exists(self, table: TableRef) -> bool:
        if asked_again(self._known.get(table.identifier)) is not None:
            return True
        with active(self.spark):  # else, in a new thread, no table would exist
            return bool(self.spark.catalog.tableExists(table.identifier))

    def ddl(self, table: TableRef, spec: TableSpec) -> str:
        return create_table_sql(table, spec)

    def create(self, table: TableRef, spec: TableSpec) -> None:
        statement = self.ddl(table, spec)
        if self.exists(table):
            return
        self._make_namespace(table)
        try:
            self.spark.sql(statement)
        except Exception:
            if not self.exists(table):  # else somebody else was faster
                raise

    def _create_with(self, table: TableRef, spec: TableSpec, view: str, stamp: Stamp) -> None:
        self._make_namespace(table)
        self._command(self.spark, table, create_table_sql(table, spec, view), stamp)

    def properties(self, table: TableRef) -> dict[str, str]:
        return self._metadata(table).properties

    def set_properties(self, table: TableRef, properties: Mapping[str, str]) -> None:
        self.spark.sql(set_properties_sql(table, properties))

    def evolve_ddl(self, table: TableRef, changes: Sequence[ColumnChange]) -> list[str]:
        schema = self.schema(table)
        todo = pending(schema, changes)
        adds = add_columns_sql(table, schema, [change for change in todo if change.kind == "add"])
        return adds + widen_sql(table, [change for change in todo if change.kind == "widen"])

    def evolve(self, table: TableRef, changes: Sequence[ColumnChange]) -> None:
        for statement in self.evolve_ddl(table, changes):
            self.spark.sql(statement)

    def marks(self, table: TableRef) -> tuple[Marks, int | None]:
        metadata = self._metadata(table)
        return metadata.marks(), metadata.current

    def version(self, table: TableRef) -> Version | None:
        return next(self._metadata(table).versions(), None)

    def size(self, table: TableRef) -> int | None:
        return self._metadata(table).size

    def rows_to_filter(self, table: TableRef) -> int | None:
        if self.properties(table).get("write.merge.mode") != "merge-on-read":
            return None
        version = self.version(table)
        return version.metrics.get("rows") if version else None

    def versions(self, table: TableRef, limit: int = 20) -> list[Version]:
        return list(islice(self._metadata(table).versions(), limit))

    def rollback(self, table: TableRef, version: int) -> None:
        if version not in {
            snapshot["snapshot-id"] for snapshot in self._metadata(table).value.get("snapshots", [])
        }:
            raise TableError(
                f"table {table.name} has no version {version}",
                expected=", ".join(str(each.number) for each in self.versions(table, 5))
                or "a table with versions",
                fix="`sluice history` shows the versions there are.",
            )
        self.spark.sql(
            f"CALL `{catalog(table)}`.system.set_current_snapshot("
            f"table => {literal(in_catalog(table))}, snapshot_id => {int(version)})"
        )

    def drop(self, table: TableRef) -> None:
        self.spark.sql(f"DROP TABLE IF EXISTS {table.identifier} PURGE")

    def maintain(self, table: TableRef, **options: Any) -> dict[str, int]:
        return maintain(self.spark, table, self._stamp(table).text, **options)

    def _append(self, df: DataFrame, table: TableRef, stamp: Stamp) -> None:
        self._writer(df, table, stamp).append()

    def _overwrite(self, df: DataFrame, table: TableRef, stamp: Stamp, partitions_only: bool) -> None:
        from pyspark.sql import functions as F

        writer = self._writer(df, table, stamp)
        if partitions_only:
            writer.overwritePartitions()
        else:
            writer.overwrite(F.lit(True))

    def _replace(self, df: DataFrame, table: TableRef, condition: str, stamp: Stamp) -> None:
        """By filter where whole files satisfy it, as with a batch's own files; else by a MERGE, which is one
        commit too.
        """
        from pyspark.sql import functions as F

        try:
            self._writer(df, table, stamp).overwrite(F.expr(condition))
        except Exception as error:
            if not any(text in str(error) for text in _NOT_WHOLE_FILES):
                raise
            with as_view(df) as view:
                self._command(df.sparkSession, table, replace_sql(table, view, condition, df.columns), stamp)

    def _command(self, spark: SparkSession, table: TableRef, sql: str, stamp: Stamp) -> None:
        by_setting = capabilities_of(spark).iceberg_session_snapshot_properties
        run_with_text(spark, sql, stamp.text, by_setting=by_setting)

    def _make_namespace(self, table: TableRef) -> None:
        """Two jobs may make the database of a domain at once: the loser finds it the second time."""
        statement = f"CREATE NAMESPACE IF NOT EXISTS {namespace(table)}"
        try:
            self.spark.sql(statement)
        except Exception:
            self.spark.sql(statement)

    def _writer(self, df: DataFrame, table: TableRef, stamp: Stamp) -> DataFrameWriterV2:
        writer = df.writeTo(table.identifier)
        return writer.option(OPTION, stamp.text) if stamp.text is not None else writer

    def _metadata(self, table: TableRef) -> Metadata:
        found = load_metadata(self.spark, table, self._known.get(table.identifier))
        self._known[table.identifier] = found
        return found
