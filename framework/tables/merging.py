"""One MERGE for both formats: clauses in, SQL out, and the source as a view of its own session.

MERGE INTO <table> AS t USING <view> AS s ON ...
WHEN MATCHED AND ... THEN DELETE
WHEN MATCHED AND ... THEN UPDATE SET ...
WHEN NOT MATCHED AND ... THEN INSERT (...) VALUES (...)
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from framework.errors import TableError
from framework.sql import quote
from framework.tables.base import MergeClauses, TableRef

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def merge_sql(
    table: TableRef, view: str, clauses: MergeClauses, columns: Sequence[str], *, guard: bool = False
) -> str:
    """The statement. `columns` are the table's; what an insert doesn't name becomes NULL.

    `guard` adds a clause that never applies to a merge that only inserts: Iceberg would commit that one as a
    plain append, which is not checked against concurrent writers, and two of them would insert every key
    twice.
    """
    _check_columns(table, clauses, columns)
    lines = [f"MERGE INTO {table.identifier} AS t", f"USING {quote(view)} AS s", f"ON {clauses.on}"]
    if clauses.delete_when is not None:
        lines.append(f"WHEN MATCHED AND ({clauses.delete_when}) THEN DELETE")
    if clauses.update_set:
        lines.append(f"WHEN MATCHED{_also(clauses.update_when)} THEN UPDATE SET {_assignments(clauses)}")
    if guard and clauses.delete_when is None and not clauses.update_set:
        lines.append("WHEN MATCHED AND false THEN DELETE")
    if clauses.insert_values:
        names = ", ".join(quote(column) for column in columns)
        given = {name.lower(): value for name, value in clauses.insert_values.items()}
        values = ", ".join(given.get(column.lower(), "NULL") for column in columns)
        lines.append(f"WHEN NOT MATCHED{_also(clauses.insert_when)} THEN INSERT ({names}) VALUES ({values})")
    return "\n".join(lines)


def replace_sql(table: TableRef, view: str, condition: str, columns: Sequence[str]) -> str:
    """A MERGE that deletes what satisfies the condition and inserts the whole view, in one commit."""
    names = ", ".join(quote(column) for column in columns)
    values = ", ".join(f"s.{quote(column)}" for column in columns)
    return "\n".join(
        [
            f"MERGE INTO {table.identifier} AS t",
            f"USING {quote(view)} AS s",
            "ON false",
            f"WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({values})",
            f"WHEN NOT MATCHED BY SOURCE AND ({condition}) THEN DELETE",
        ]
    )


@contextmanager
def as_view(df: DataFrame) -> Iterator[str]:
    """The DataFrame as a temporary view of its own session, under a name nobody else has, for a while."""
    name = f"sluice_{uuid.uuid4().hex}"
    df.createTempView(name)
    try:
        yield name
    finally:
        df.sparkSession.catalog.dropTempView(name)


def _also(condition: str | None) -> str:
    return f" AND ({condition})" if condition is not None else ""


def _assignments(clauses: MergeClauses) -> str:
    return ", ".join(f"t.{quote(column)} = {value}" for column, value in clauses.update_set.items())


def _check_columns(table: TableRef, clauses: MergeClauses, columns: Sequence[str]) -> None:
    known = {column.lower() for column in columns}
    unknown = [name for name in (*clauses.update_set, *clauses.insert_values) if name.lower() not in known]
    if unknown:
        raise TableError(
            f"a merge into {table.name} writes columns the table doesn't have",
            found=", ".join(dict.fromkeys(unknown)),
            expected=", ".join(columns),
            fix="Evolve the table first (`write.evolution: add_columns`).",
        )
