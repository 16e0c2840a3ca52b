"""Iceberg's DDL and the properties a table of ours is made with."""

from __future__ import annotations

from collections.abc import Mapping

from framework.sql import quote
from framework.tables.base import TableRef, TableSpec
from framework.tables.ddl import create_sql, ordered, take_layout
from framework.tables.names import split_identifier
from framework.tables.partitioning import parse_partitions

_DEFAULTS = {
    "format-version": "2",  # what every engine reads
    # one metadata file a commit is written; old ones are of no use to anybody
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "50",
    # a lost race for the pointer costs milliseconds to repeat, a failed job costs a run
    "commit.retry.num-retries": "10",
}


def table_properties(spec: TableSpec, table: TableRef) -> dict[str, str]:
    """Defaults, then what the layout asks for, then the job's own."""
    layout, own = take_layout(spec.properties, table)
    return {**_DEFAULTS, **_layout_properties(layout), **own}


def _layout_properties(layout: str | None) -> Mapping[str, str]:
    if layout is None or layout == "copy-on-write":
        return {"sluice.layout": "copy-on-write"}
    mode = {f"write.{command}.mode": "merge-on-read" for command in ("merge", "update", "delete")}
    version = {"format-version": "3"} if layout == "deletion-vectors" else {}
    return {**mode, **version, "sluice.layout": layout}


def create_table_sql(table: TableRef, spec: TableSpec, rows: str | None = None) -> str:
    """CREATE TABLE, partition transforms included; with the rows of a view, if one is named."""
    names = [field.name for field in ordered(spec.schema)]
    return create_sql(
        table,
        spec.schema,
        partitions=[partition.sql for partition in parse_partitions(spec.partition_by, names, table.name)],
        properties=table_properties(spec, table),
        comment=spec.comment,
        location=table.location,
        rows=rows,
    )


def namespace(table: TableRef) -> str:
    """Catalog and database, quoted."""
    return ".".join(quote(part) for part in split_identifier(table.identifier)[:-1])


def catalog(table: TableRef) -> str:
    """The catalog's name, unquoted."""
    return split_identifier(table.identifier)[0]


def in_catalog(table: TableRef) -> str:
    """Database and table as a procedure of the catalog takes them."""
    return ".".join(quote(part) for part in split_identifier(table.identifier)[1:])
