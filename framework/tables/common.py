"""What the two formats have in common: SQL over an identifier, and commits that say what they contain."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyspark.sql.types import StructType

from framework.errors import ConflictError
from framework.sql import literal
from framework.tables.align import align, commented
from framework.tables.base import BatchMark, ColumnChange, MergeClauses, TableRef, TableSpec, Version
from framework.tables.conflicts import is_unknown
from framework.tables.ddl import ordered
from framework.tables.marks import Marks
from framework.tables.merging import as_view, merge_sql
from framework.tables.types import nested_comments

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Stamp:
    """What a commit shall carry."""

    text: str | None
    """Marks as JSON; None if there is nothing to say."""
    mark: BatchMark | None
    line: str
    """The line of the table's history, see `Marks.line`."""


class LakeFormat(ABC):
    """The parts of `TableFormat` that Iceberg and Delta share. Works in the session it is given."""

    name: str
    guards_inserts = False
    """Whether a merge that only inserts needs a clause more to be checked against concurrent writers."""

    def __init__(self, spark: SparkSession) -> None:
        self.spark = spark

    @abstractmethod
    def marks(self, table: TableRef) -> tuple[Marks, int | None]:
        """The last batch of each job in the table, and the version this was read at."""

    @abstractmethod
    def exists(self, table: TableRef) -> bool: ...

    @abstractmethod
    def version(self, table: TableRef) -> Version | None: ...

    @abstractmethod
    def create(self, table: TableRef, spec: TableSpec) -> None: ...

    @abstractmethod
    def _create_with(self, table: TableRef, spec: TableSpec, view: str, stamp: Stamp) -> None:
        """Make the table with the rows of a view that has its columns; its commit carries the stamp."""

    @abstractmethod
    def evolve_ddl(self, table: TableRef, changes: Sequence[ColumnChange]) -> list[str]: ...

    @abstractmethod
    def _append(self, df: DataFrame, table: TableRef, stamp: Stamp) -> None: ...

    @abstractmethod
    def _overwrite(self, df: DataFrame, table: TableRef, stamp: Stamp, partitions_only: bool) -> None: ...

    @abstractmethod
    def _replace(self, df: DataFrame, table: TableRef, condition: str, stamp: Stamp) -> None: ...

    @abstractmethod
    def _command(self, spark: SparkSession, table: TableRef, sql: str, stamp: Stamp) -> None:
        """Run a statement whose commit carries the stamp."""

    def schema(self, table: TableRef) -> StructType:
        return self.spark.table(table.identifier).schema

    def read(self, table: TableRef, *, version: int | None = None, timestamp: str | None = None) -> DataFrame:
        if version is not None:
            return self.spark.sql(f"SELECT * FROM {table.identifier} VERSION AS OF {int(version)}")
        if timestamp is not None:
            return self.spark.sql(f"SELECT * FROM {table.identifier} TIMESTAMP AS OF {literal(timestamp)}")
        return self.spark.table(table.identifier)

    def create_with(self, df: DataFrame, table: TableRef, spec: TableSpec, mark: BatchMark | None) -> None:
        if nested_comments(spec.schema):  # CREATE TABLE AS SELECT would lose them
            self.create(table, spec)
            return self.append(df, table, mark)
        fields = ordered(spec.schema)
        rows = commented(align(df, StructType(fields), table.name), fields)
        stamp = Stamp(Marks().text(mark, None) if mark else None, mark, "")
        try:
            with as_view(rows) as view:
                self._create_with(table, spec, view, stamp)
        except Exception as error:
            if not self.exists(table):
                raise
            if not (is_unknown(error) and self.marks(table)[0].contains(mark)):
                raise ConflictError(f"another writer made table {table.name} first") from error

    def append(
        self, df: DataFrame, table: TableRef, mark: BatchMark | None, *, repeatable: bool = False
    ) -> None:
        def write(stamp: Stamp) -> None:
            self._append(self._aligned(df, table), table, replace(stamp, mark=None) if repeatable else stamp)

        self._commit(table, mark, write)

    def overwrite(
        self, df: DataFrame, table: TableRef, mark: BatchMark | None, *, partitions_only: bool = False
    ) -> None:
        self._commit(
            table,
            mark,
            lambda stamp: self._overwrite(self._aligned(df, table), table, stamp, partitions_only),
        )

    def replace_where(self, df: DataFrame, table: TableRef, condition: str, mark: BatchMark | None) -> None:
        self._commit(
            table, mark, lambda stamp: self._replace(self._aligned(df, table), table, condition, stamp)
        )

    def merge(
        self, source: DataFrame, table: TableRef, clauses: MergeClauses, mark: BatchMark | None
    ) -> None:
        def write(stamp: Stamp) -> None:
            columns = self.schema(table).names
            with as_view(source) as view, self._merging(source.sparkSession, table):
                sql = merge_sql(table, view, clauses, columns, guard=self.guards_inserts)
                self._command(source.sparkSession, table, sql, stamp)

        self._commit(table, mark, write)

    def _merging(self, spark: SparkSession, table: TableRef) -> AbstractContextManager[None]:
        """Settings for a merge into the table."""
        return nullcontext()

    def reach(self, table: TableRef) -> str | None:
        return self.marks(table)[0].reach

    def fetch_state(self, table: TableRef) -> None:
        """Get what a commit to the table will need of it, where getting that takes long and can be kept."""
        return

    def last_mark(self, table: TableRef, job: str) -> BatchMark | None:
        return self.marks(table)[0].jobs.get(job)

    def _aligned(self, df: DataFrame, table: TableRef) -> DataFrame:
        return align(df, self.schema(table), table.name)

    def _stamp(self, table: TableRef) -> Stamp:
        """Of a commit that adds no rows: what was told before stays true."""
        marks, base = self.marks(table)
        return Stamp(marks.text(None, base, marks.reach) if marks.jobs else None, None, marks.line)

    def _commit(self, table: TableRef, mark: BatchMark | None, write: Callable[[Stamp], None]) -> None:
        """Write once: a batch that the table contains is not written again, also if nobody knew whether it
        was.
        """
        marks, base = self.marks(table)
        if marks.contains(mark):
            return
        mark = self._as_reckoned(table, mark)
        stamp = Stamp(marks.text(mark, base) if mark or marks.jobs else None, mark, marks.line)
        try:
            write(stamp)
        except Exception as error:
            if not (is_unknown(error) and self.marks(table)[0].contains(mark)):
                raise

    def _as_reckoned(self, table: TableRef, mark: BatchMark | None) -> BatchMark | None:
        """The mark, without how far the table reaches if it isn't any more what that was reckoned on."""
        if mark is None or mark.reach is None:
            return mark
        now = self.version(table)
        return mark if (now.number if now else None) == mark.reckoned_on else replace(mark, reach=None)
