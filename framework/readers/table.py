"""Tables of the lake, as of a version or a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from framework.changes.columns import BAD, PREFIX, RAW
from framework.errors import ConfigError, ReadError
from framework.readers.base import Inputs, Seen
from framework.readers.declared import fields_of
from framework.readers.transport import named_source, never_bad
from framework.readers.typed import fit
from framework.sql import quote
from framework.tables import table_format, table_ref

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Read
    from framework.context import RunContext
    from framework.tables.base import TableFormat, TableRef, Version

_ALL = 1_000_000


class TableReader:
    """A table of the lake: the version it has when the batch is planned, or the one the job names.

    A version that was read before is nothing new. The framework's own columns are left out.
    """

    envelope = "rows"

    def discover(self, ctx: RunContext, source: Read, seen: Seen) -> Inputs:
        """The version to read; none if it was read before, or the table is empty and has none yet.

        Raises:
            ReadError: there is no such table or version.
        """
        table, fmt = _table(ctx, source)
        if not fmt.exists(table):
            if table.name in ctx.expected:
                return Inputs("table", ({"table": table.name, "version": None},))
            raise ReadError(
                f"there is no table {table.name}",
                expected=f"a table in format {table.format}",
                fix="Run the job that writes it first; read.options.format names another format than the layer's.",
            )
        version = _version(source, table, fmt)
        item = {"table": table.name, "version": version}
        return Inputs("table", () if version is None or seen.has(item) else (item,))

    def read(self, ctx: RunContext, source: Read, inputs: Inputs, *, positions: bool) -> DataFrame:
        """The rows of exactly this version; they have no position."""
        table, fmt = _table(ctx, source)
        df = _rows(ctx, table, fmt, inputs)
        df = df.drop(*[name for name in df.columns if name.startswith(PREFIX)])
        values, bad = fit(df, fields_of(source.columns or []), table.name)
        if bad is None:
            return df.select(*values, named_source(table.name), *never_bad())
        raw = F.when(bad.isNotNull(), F.to_json(F.struct(*[F.col(quote(name)) for name in df.columns])))
        return df.select(*values, named_source(table.name), bad.alias(BAD), raw.alias(RAW))


def _rows(ctx: RunContext, table: TableRef, fmt: TableFormat, inputs: Inputs) -> DataFrame:
    if not inputs.items:
        return fmt.read(table).limit(0)
    version = inputs.items[0]["version"]
    if version is None:
        return ctx.spark.createDataFrame([], ctx.expected[table.name])
    return fmt.read(table, version=int(version))


def _table(ctx: RunContext, source: Read) -> tuple[TableRef, TableFormat]:
    if not source.table:
        raise ConfigError(
            "a source of format table names none", fix="Set read.table, such as standardized.crm.leads."
        )
    table = table_ref(ctx.lake, source.table, source.options.get("format"))
    return table, table_format(ctx.spark, table.format)


def _version(source: Read, table: TableRef, fmt: TableFormat) -> int | None:
    if source.version is None and source.timestamp is None:
        newest = fmt.version(table)
        return newest.number if newest else None
    versions = fmt.versions(table, _ALL)
    if source.version is not None:
        found = next((version for version in versions if version.number == source.version), None)
    else:
        moment = _moment(str(source.timestamp))
        found = max(
            (version for version in versions if _utc(version.at) <= moment),
            key=lambda v: _utc(v.at),
            default=None,
        )
    if found is None:
        asked = source.version if source.version is not None else f"of {source.timestamp}"
        raise ReadError(
            f"the table {table.name} has no version {asked}",
            expected=_range(versions),
            fix="`sluice history` shows the versions there are; correct read.version or read.timestamp.",
        )
    return found.number


def _range(versions: list[Version]) -> str:
    if not versions:
        return "a table with versions"
    newest, oldest = versions[0], versions[-1]
    first, last = (f"{version.number} ({_utc(version.at):%Y-%m-%d %H:%M:%S})" for version in (oldest, newest))
    return f"{first} to {last}"


def _moment(text: str) -> datetime:
    try:
        return _utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise ConfigError(
            "the time to read a table as of is none",
            found=repr(text),
            expected="such as 2024-03-01T10:00:00",
            fix="Set read.timestamp.",
        ) from error


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
