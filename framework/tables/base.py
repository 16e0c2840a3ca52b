"""What a table format can do, and the values that pass in and out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructType


@dataclass(frozen=True)
class TableRef:
    """A table's name in the lake (layer.domain.table) and in its format."""

    name: str
    format: str
    identifier: str
    """Quoted SQL identifier: `lake`.`standardized_corebank`.`customers`, or delta.`<path>`."""
    location: str | None = None
    """Delta: the folder. Iceberg: None, its catalog knows, unless the layer has a `location`."""


@dataclass(frozen=True)
class TableSpec:
    """What a table shall be when it is made. Framework columns come last in `schema`."""

    schema: StructType
    partition_by: Sequence[str] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    comment: str | None = None


@dataclass(frozen=True)
class BatchMark:
    """What a commit says it contains: batch n of an epoch of a job, made from the intent with this hash."""

    job: str
    epoch: str
    n: int
    intent: str
    reach: str | None = field(default=None, compare=False)
    """A sequence that no row is past once the table has this batch, as JSON; None if nobody reckoned it."""
    reckoned_on: int | None = field(default=None, compare=False)
    """The version of the table that `reach` was reckoned on; None if there was none."""


@dataclass(frozen=True)
class Version:
    """One version of a table."""

    number: int
    """Delta: version; Iceberg: snapshot id."""
    at: datetime
    operation: str
    metrics: Mapping[str, int]
    """rows_added, rows_deleted, files_added, files_removed, bytes_added as far as the format tells."""


@dataclass(frozen=True)
class ColumnChange:
    """One change of a table's schema."""

    kind: str
    """add | widen"""
    column: str
    type: DataType
    comment: str | None = None
    parents: tuple[str, ...] = ()
    """The structs that the column is a field of, outermost first."""


@dataclass(frozen=True)
class MergeClauses:
    """A MERGE in words both formats share; expressions are SQL over `t` (target) and `s` (source)."""

    on: str
    delete_when: str | None = None
    update_when: str | None = None
    insert_when: str | None = None
    update_set: Mapping[str, str] = field(default_factory=dict)
    """target column (unquoted) -> expression over s and t"""
    insert_values: Mapping[str, str] = field(default_factory=dict)


class TableFormat(Protocol):
    """The whole of what the framework asks of Iceberg or Delta."""

    name: str

    def exists(self, table: TableRef) -> bool: ...
    def create(self, table: TableRef, spec: TableSpec) -> None:
        """Make the table; repeatable after a kill in the middle. DDL is also available as text: `ddl`."""
        ...

    def create_with(self, df: DataFrame, table: TableRef, spec: TableSpec, mark: BatchMark | None) -> None:
        """Make the table with its first rows, in one commit; as if they were appended to the table just made.

        Raises:
            ConflictError: another writer has made it first; do the whole batch again.
        """
        ...

    def ddl(self, table: TableRef, spec: TableSpec) -> str: ...
    def schema(self, table: TableRef) -> StructType: ...
    def properties(self, table: TableRef) -> dict[str, str]: ...
    def set_properties(self, table: TableRef, properties: Mapping[str, str]) -> None: ...
    def evolve(self, table: TableRef, changes: Sequence[ColumnChange]) -> None: ...
    def evolve_ddl(self, table: TableRef, changes: Sequence[ColumnChange]) -> list[str]: ...
    def read(
        self, table: TableRef, *, version: int | None = None, timestamp: str | None = None
    ) -> DataFrame: ...
    def append(
        self, df: DataFrame, table: TableRef, mark: BatchMark | None, *, repeatable: bool = False
    ) -> None:
        """`repeatable`: rows may be there twice, so that two runs of one batch need not be told apart."""
        ...

    def overwrite(
        self, df: DataFrame, table: TableRef, mark: BatchMark | None, *, partitions_only: bool = False
    ) -> None: ...
    def replace_where(self, df: DataFrame, table: TableRef, condition: str, mark: BatchMark | None) -> None:
        """Delete the rows that satisfy the condition and append df's, in one commit (repeatable)."""
        ...

    def merge(
        self, source: DataFrame, table: TableRef, clauses: MergeClauses, mark: BatchMark | None
    ) -> None: ...
    def rows_to_filter(self, table: TableRef) -> int | None:
        """About how many rows the table has, at most, if a merge needs only those that match its source; None if it
        needs all rows of the files that it writes anew, or if nobody knows.
        """
        ...

    def last_mark(self, table: TableRef, job: str) -> BatchMark | None:
        """The newest batch of the job that the table contains, looked up in its own commits."""
        ...

    def reach(self, table: TableRef) -> str | None:
        """A sequence that no row of the table is past, as its newest commit says (JSON); None if it doesn't say."""
        ...

    def version(self, table: TableRef) -> Version | None: ...
    def size(self, table: TableRef) -> int | None:
        """Bytes of its data files; None if that would take reading more than its newest metadata."""
        ...

    def fetch_state(self, table: TableRef) -> None:
        """Get what a commit to the table will need of it, where getting that takes long and can be kept."""
        ...

    def versions(self, table: TableRef, limit: int = 20) -> list[Version]: ...
    def rollback(self, table: TableRef, version: int) -> None: ...
    def drop(self, table: TableRef) -> None: ...
    def maintain(self, table: TableRef, **options: Any) -> dict[str, int]:
        """Compact small files; returns what was done."""
        ...
