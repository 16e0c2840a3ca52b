"""DDL both formats share, as text: what `sluice plan` shows is what runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pyspark.sql import types as T

from framework.changes.columns import PREFIX
from framework.errors import ConfigError
from framework.sql import literal, quote
from framework.tables.base import ColumnChange, TableRef
from framework.tables.types import comment_of, same, type_sql

LAYOUT = "layout"
"""The key of `write.properties` that chooses how changed rows are kept."""
LAYOUTS = ("copy-on-write", "merge-on-read", "deletion-vectors")


def create_sql(
    table: TableRef,
    schema: T.StructType,
    *,
    partitions: Sequence[str],
    properties: Mapping[str, str],
    comment: str | None,
    location: str | None = None,
    rows: str | None = None,
    replace: bool = False,
) -> str:
    """CREATE TABLE IF NOT EXISTS; every column may be NULL, framework columns come last.

    With `rows`, a view that has these columns in this order, the table is made with its rows: refused if it is
    there, unless `replace`.
    """
    if rows is None:
        columns = ",\n".join(f"  {column_sql(field)}" for field in ordered(schema))
        lines = [f"CREATE TABLE IF NOT EXISTS {table.identifier} (\n{columns}\n) USING {table.format}"]
    else:
        verb = "CREATE OR REPLACE TABLE" if replace else "CREATE TABLE"
        lines = [f"{verb} {table.identifier} USING {table.format}"]
    if partitions:
        lines.append(f"PARTITIONED BY ({', '.join(partitions)})")
    if location:
        lines.append(f"LOCATION {literal(location)}")
    if comment:
        lines.append(f"COMMENT {literal(comment)}")
    if properties:
        lines.append(f"TBLPROPERTIES ({properties_sql(properties)})")
    if rows is not None:
        lines.append(f"AS SELECT * FROM {quote(rows)}")
    return "\n".join(lines)


def column_sql(field: T.StructField) -> str:
    """A column's name, type and comment."""
    comment = comment_of(field)
    return f"{quote(field.name)} {type_sql(field.dataType)}" + (
        f" COMMENT {literal(comment)}" if comment else ""
    )


def properties_sql(properties: Mapping[str, str]) -> str:
    """`'key' = 'value'` pairs, sorted."""
    return ", ".join(f"{literal(key)} = {literal(value)}" for key, value in sorted(properties.items()))


def set_properties_sql(table: TableRef, properties: Mapping[str, str]) -> str:
    """ALTER TABLE ... SET TBLPROPERTIES."""
    return f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ({properties_sql(properties)})"


def ordered(schema: T.StructType) -> list[T.StructField]:
    """The fields with the framework's last."""
    return sorted(schema.fields, key=lambda field: field.name.startswith(PREFIX))


def pending(schema: T.StructType, changes: Iterable[ColumnChange]) -> list[ColumnChange]:
    """The changes that the table hasn't seen yet: after a kill, some may be there."""
    found = []
    for change in changes:
        now = type_at(schema, (*change.parents, change.column))
        if now is None if change.kind == "add" else now is not None and not same(now, change.type):
            found.append(change)
    return found


def add_columns_sql(table: TableRef, schema: T.StructType, changes: Sequence[ColumnChange]) -> list[str]:
    """One statement for all new columns, data columns in front of the framework's; fields of structs at their
    end.
    """
    if not changes:
        return []
    data = [field.name for field in ordered(schema) if not field.name.startswith(PREFIX)]
    last = data[-1] if data and len(data) < len(schema.fields) else None
    parts = []
    for change in changes:
        part = f"{path_sql(change)} {type_sql(change.type)}"
        if change.comment:
            part += f" COMMENT {literal(change.comment)}"
        if last and not change.parents and not change.column.startswith(PREFIX):
            part += f" AFTER {quote(last)}"
            last = change.column
        parts.append(part)
    return [f"ALTER TABLE {table.identifier} ADD COLUMNS ({', '.join(parts)})"]


def widen_sql(table: TableRef, changes: Sequence[ColumnChange]) -> list[str]:
    """One statement for each column that gets a wider type."""
    return [
        f"ALTER TABLE {table.identifier} ALTER COLUMN {path_sql(change)} TYPE {type_sql(change.type)}"
        for change in changes
    ]


def path_sql(change: ColumnChange) -> str:
    """The column, with the structs it is in."""
    return ".".join(quote(part) for part in (*change.parents, change.column))


def type_at(schema: T.StructType, path: Sequence[str]) -> T.DataType | None:
    """The type of a column, a struct's field or a map's `value`; None if it isn't there."""
    kind: T.DataType = schema
    for name in path:
        fields = kind.fields if isinstance(kind, T.StructType) else []
        if isinstance(kind, T.MapType):
            fields = [T.StructField("value", kind.valueType)]
        found = next((field for field in fields if field.name.lower() == name.lower()), None)
        if found is None:
            return None
        kind = found.dataType
    return kind


def take_layout(properties: Mapping[str, str], table: TableRef) -> tuple[str | None, dict[str, str]]:
    """The layout that was asked for, and the properties without it."""
    rest = dict(properties)
    layout = rest.pop(LAYOUT, None)
    if layout is not None and layout not in LAYOUTS:
        raise ConfigError(
            f"write.properties.{LAYOUT} of table {table.name} is wrong",
            found=repr(layout),
            expected=", ".join(LAYOUTS),
        )
    return layout, rest
