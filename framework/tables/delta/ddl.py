"""Delta's DDL and the properties a table of ours is made with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import types as T

from framework.errors import ConfigError, TableError
from framework.sql import quote
from framework.tables.base import ColumnChange, TableRef, TableSpec
from framework.tables.ddl import create_sql, ordered, set_properties_sql, take_layout, widen_sql
from framework.tables.partitioning import parse_partitions
from framework.tables.types import type_sql

_DEFAULTS = {"delta.enableDeletionVectors": "false"}  # what every engine reads
_COLUMN_MAPPING = {"delta.columnMapping.mode": "name"}
_WIDENING = {"delta.enableTypeWidening": "true"}
_NEEDS_MAPPING = frozenset(" ,;{}()\n\t=")
"""Parquet files of Delta can't have these in the names of columns, unless names are mapped."""


def table_properties(spec: TableSpec, table: TableRef) -> dict[str, str]:
    """Defaults, then what odd names and the layout ask for, then the job's own."""
    layout, own = take_layout(spec.properties, table)
    mapping = _COLUMN_MAPPING if needs_mapping(spec.schema) else {}
    vectors = (
        {"delta.enableDeletionVectors": "true"} if layout in ("merge-on-read", "deletion-vectors") else {}
    )
    return {**_DEFAULTS, **mapping, **vectors, "sluice.layout": layout or "copy-on-write", **own}


def create_table_sql(
    table: TableRef, spec: TableSpec, rows: str | None = None, *, replace: bool = False
) -> str:
    """CREATE TABLE; Delta partitions by plain columns only. With the rows of a view, if one is named."""
    return create_sql(
        table,
        spec.schema,
        partitions=_partition_columns(table, spec),
        properties=table_properties(spec, table),
        comment=spec.comment,
        rows=rows,
        replace=replace,
    )


def needs_mapping(kind: T.DataType) -> bool:
    """Whether a name in it can't be the name of a Parquet column.

    >>> needs_mapping(T.StructType().add("a b", "integer")), needs_mapping(T.StructType().add("a.b", "integer"))
    (True, False)
    """
    if isinstance(kind, T.StructType):
        return any(_NEEDS_MAPPING & set(field.name) or needs_mapping(field.dataType) for field in kind.fields)
    if isinstance(kind, T.ArrayType):
        return needs_mapping(kind.elementType)
    if isinstance(kind, T.MapType):
        return needs_mapping(kind.keyType) or needs_mapping(kind.valueType)
    return False


def mapping_sql(table: TableRef, changes: Sequence[ColumnChange], properties: Mapping[str, str]) -> list[str]:
    """What has to come before columns with odd names can be added."""
    if properties.get("delta.columnMapping.mode", "none") != "none":
        return []
    new = T.StructType([T.StructField(change.column, change.type) for change in changes])
    return [set_properties_sql(table, _COLUMN_MAPPING)] if needs_mapping(new) else []


def widening_sql(
    table: TableRef, changes: Sequence[ColumnChange], properties: Mapping[str, str], *, able: bool
) -> list[str]:
    """Wider types, where this line of Delta has them."""
    if not changes:
        return []
    if not able:
        names = ", ".join(f"{change.column} to {type_sql(change.type)}" for change in changes)
        raise TableError(
            f"columns of Delta table {table.name} can't be widened by this line of Delta",
            found=names,
            expected="Delta 4 (lane 4.1), or an Iceberg table",
            fix="Set `write.evolution: add_columns`, which sends values that don't fit to quarantine, or "
            "write the table anew with the wider type.",
        )
    enable = (
        [] if properties.get("delta.enableTypeWidening") == "true" else [set_properties_sql(table, _WIDENING)]
    )
    return enable + widen_sql(table, changes)


def _partition_columns(table: TableRef, spec: TableSpec) -> list[str]:
    names = [field.name for field in ordered(spec.schema)]
    partitions = parse_partitions(spec.partition_by, names, table.name)
    transformed = [partition.sql for partition in partitions if partition.transform != "identity"]
    if transformed:
        raise ConfigError(
            f"write.partition_by of Delta table {table.name} has transforms",
            found=", ".join(transformed),
            expected="plain columns: Delta has no partition transforms",
            fix="Set `write.format: iceberg`, or make the column in the transform and name it here.",
        )
    return [quote(partition.column) for partition in partitions]
