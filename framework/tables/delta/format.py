"""Delta as a `TableFormat`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import TYPE_CHECKING, Any

from pyspark.sql.types import StructType

from framework.errors import ConflictError, TableError
from framework.session.compat import capabilities_of
from framework.session.temporary import settings
from framework.tables.base import ColumnChange, TableRef, TableSpec, Version
from framework.tables.common import LakeFormat, Stamp
from framework.tables.ddl import add_columns_sql, ordered, pending, set_properties_sql
from framework.tables.delta.commits import run_with_stamp, write_options
from framework.tables.delta.ddl import create_table_sql, mapping_sql, widening_sql
from framework.tables.delta.folders import clear_leftovers, first_write, register, remove, unregister
from framework.tables.delta.log import DeltaLog
from framework.tables.delta.maintenance import maintain
from framework.tables.marks import Marks
from framework.tables.merging import as_view

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_CREATED = ("create table", "create or replace table")  # those with rows are called "... as select"
# rows outside the condition are the caller's business, as they are with Iceberg
_UNCHECKED = {"spark.databricks.delta.replaceWhere.constraintCheck.enabled": "false"}


# where a merge writes changed rows alone: into one file, not one of each task, because later merges read them all
_TOGETHER = "spark.databricks.delta.optimizeWrite.enabled"
_TOGETHER_BY_TABLE = "delta.autoOptimize.optimizeWrite"
_BYTES_PER_ROW = 16
"""Few rows take less, compressed."""


class DeltaFormat(LakeFormat):
    """Tables that are folders with a log."""

    name = "delta"

    def exists(self, table: TableRef) -> bool:
        return self._log(table).version >= 0

    def ddl(self, table: TableRef, spec: TableSpec) -> str:
        return create_table_sql(table, spec)

    def create(self, table: TableRef, spec: TableSpec) -> None:
        if not self.exists(table):
            try:
                self._create(table, spec)
            except Exception:
                if not self.exists(table):  # else somebody else was faster
                    raise
        register(self.spark, table)

    def _create(self, table: TableRef, spec: TableSpec) -> None:
        if clear_leftovers(self.spark, table):
            self.spark.sql(self.ddl(table, spec))
        else:  # files without a commit are there, which Delta only lets us write over together with rows
            nothing = self.spark.createDataFrame([], StructType(ordered(spec.schema)))
            with as_view(nothing) as view:
                self._create_with(table, spec, view, Stamp(None, None, ""))

    def _create_with(self, table: TableRef, spec: TableSpec, view: str, stamp: Stamp) -> None:
        if self.exists(table):
            raise ConflictError(f"another writer made table {table.name} first")
        with first_write(self.spark, table) as empty:
            statement = create_table_sql(table, spec, view, replace=not empty)
            self._command(self.spark, table, statement, stamp)
        register(self.spark, table)

    def properties(self, table: TableRef) -> dict[str, str]:
        return self._log(table).properties

    def set_properties(self, table: TableRef, properties: Mapping[str, str]) -> None:
        self._command(self.spark, table, set_properties_sql(table, properties), self._stamp(table))

    def evolve_ddl(self, table: TableRef, changes: Sequence[ColumnChange]) -> list[str]:
        schema, properties = self.schema(table), self.properties(table)
        todo = pending(schema, changes)
        adds = [change for change in todo if change.kind == "add"]
        widened = [change for change in todo if change.kind == "widen"]
        return [
            *mapping_sql(table, adds, properties),
            *add_columns_sql(table, schema, adds),
            *widening_sql(table, widened, properties, able=capabilities_of(self.spark).delta_type_widening),
        ]

    def evolve(self, table: TableRef, changes: Sequence[ColumnChange]) -> None:
        for statement in self.evolve_ddl(table, changes):
            self._command(self.spark, table, statement, self._stamp(table))

    def marks(self, table: TableRef) -> tuple[Marks, int | None]:
        log = self._log(table)
        return log.marks(), log.version

    def version(self, table: TableRef) -> Version | None:
        found = next(self._log(table).versions(), None)
        # a table that was only made has no version of its rows yet, as with Iceberg
        return None if found and found.number == 0 and found.operation in _CREATED else found

    def fetch_state(self, table: TableRef) -> None:
        self._log(table).fetch_state()

    def size(self, table: TableRef) -> int | None:
        return self._log(table).size

    def rows_to_filter(self, table: TableRef) -> int | None:
        if not self._in_place(table):
            return None
        size = self.size(table)
        return None if size is None else size // _BYTES_PER_ROW

    def versions(self, table: TableRef, limit: int = 20) -> list[Version]:
        return list(islice(self._log(table).versions(), limit))

    def rollback(self, table: TableRef, version: int) -> None:
        log = self._log(table)
        if not 0 <= version <= log.version:
            raise TableError(
                f"table {table.name} has no version {version}",
                expected=f"0 to {log.version}",
                fix="`sluice history` shows the versions there are.",
            )
        marks = log.marks(version).rolled_back(log.version + 1)
        stamp = Stamp(marks.text(None, log.version + 1), None, marks.line)
        self._command(
            self.spark, table, f"RESTORE TABLE {table.identifier} TO VERSION AS OF {int(version)}", stamp
        )

    def drop(self, table: TableRef) -> None:
        unregister(self.spark, table)
        remove(self.spark, table)

    def maintain(self, table: TableRef, **options: Any) -> dict[str, int]:
        return maintain(self.spark, table, self._stamp(table), **options)

    def _append(self, df: DataFrame, table: TableRef, stamp: Stamp) -> None:
        df.write.format("delta").mode("append").options(**write_options(stamp)).save(table.location)

    def _overwrite(self, df: DataFrame, table: TableRef, stamp: Stamp, partitions_only: bool) -> None:
        options = write_options(stamp)
        if partitions_only and self._log(table).partition_columns:
            options["partitionOverwriteMode"] = "dynamic"
        df.write.format("delta").mode("overwrite").options(**options).save(table.location)

    def _replace(self, df: DataFrame, table: TableRef, condition: str, stamp: Stamp) -> None:
        options = {**write_options(stamp), "replaceWhere": condition}
        with settings(df.sparkSession, _UNCHECKED):
            df.write.format("delta").mode("overwrite").options(**options).save(table.location)

    def _in_place(self, table: TableRef) -> bool:
        """Whether a merge marks the rows that it changes, rather than write their files anew."""
        return self.properties(table).get("delta.enableDeletionVectors") == "true"

    def _merging(self, spark: SparkSession, table: TableRef) -> AbstractContextManager[None]:
        properties = self.properties(table)
        # what somebody has decided about the size of files stays
        decided = _TOGETHER_BY_TABLE in properties or spark.conf.get(_TOGETHER, None) is not None
        return settings(spark, {_TOGETHER: "true"} if self._in_place(table) and not decided else {})

    def _command(self, spark: SparkSession, table: TableRef, sql: str, stamp: Stamp) -> None:
        run_with_stamp(spark, sql, stamp)

    def _log(self, table: TableRef) -> DeltaLog:
        return DeltaLog(self.spark, table)
