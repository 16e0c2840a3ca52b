"""What changed in a table of the lake: Delta's change data feed, Iceberg's changelog. The bookmark is the version.

1st batch  the table's rows at its newest version v1 (no `_change_type`)
2nd batch  the changes after v1 up to v2, and so on
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from framework.changes.columns import PREFIX
from framework.errors import ConfigError, ReadError
from framework.readers.base import Inputs, Seen
from framework.readers.transport import named_source, never_bad
from framework.sql import quote
from framework.tables import table_format, table_ref
from framework.tables.feed import TIMESTAMP, VERSION, check_feed, commit_number, read_feed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Read
    from framework.context import RunContext
    from framework.tables.base import TableRef


class _TableChanges:
    """Options: `after_version`: begin with the changes after this version, instead of with the table's rows."""

    envelope: str
    format: str

    def discover(self, ctx: RunContext, source: Read, seen: Seen) -> Inputs:
        """The versions nobody has read yet.

        Raises:
            ReadError: there is no such table in this format.
            TableError: it keeps no feed, or not for these versions.
        """
        table = self._table(ctx, source)
        fmt = table_format(ctx.spark, self.format)
        if not fmt.exists(table):
            if table.name in ctx.expected:
                return Inputs(self.envelope, ({"table": table.name, "after": None, "version": None},))
            raise ReadError(
                f"there is no {self.format} table {table.name}",
                fix="Run the job that writes it first, or correct read.format: "
                "delta_cdf reads tables of Delta, iceberg_changelog those of Iceberg.",
            )
        newest = fmt.version(table)
        after = _after(source, seen)
        if newest is None or newest.number == after:
            return Inputs(self.envelope, ())
        check_feed(ctx.spark, table, after, newest.number)
        return Inputs(self.envelope, ({"table": table.name, "after": after, "version": newest.number},))

    def read(self, ctx: RunContext, source: Read, inputs: Inputs, *, positions: bool) -> DataFrame:
        """The rows or changes of exactly these versions; they have no position but their version's number."""
        table = self._table(ctx, source)
        df = self._changed(ctx, table, inputs)
        kept = [F.col(quote(name)) for name in df.columns if not name.startswith(PREFIX)]
        return df.select(*kept, named_source(table.name), *never_bad())

    def _changed(self, ctx: RunContext, table: TableRef, inputs: Inputs) -> DataFrame:
        fmt = table_format(ctx.spark, self.format)
        item = inputs.items[0] if inputs.items else {}
        if item.get("after") is not None:
            return read_feed(ctx.spark, table, int(item["after"]), int(item["version"]))
        if item.get("version") is not None:
            version = int(item["version"])
            df = fmt.read(table, version=version)
            number = commit_number(ctx.spark, table, version)
        else:
            there = fmt.exists(table)
            df = (
                fmt.read(table).limit(0) if there else ctx.spark.createDataFrame([], ctx.expected[table.name])
            )
            number = 0
        return df.withColumns(
            {VERSION: F.lit(number).cast("bigint"), TIMESTAMP: F.lit(None).cast("timestamp")}
        )

    def _table(self, ctx: RunContext, source: Read) -> TableRef:
        if not source.table:
            raise ConfigError(
                f"a source of format {self.envelope} names no table",
                fix="Set read.table, such as standardized.crm.leads.",
            )
        return table_ref(ctx.lake, source.table, self.format)


class DeltaChanges(_TableChanges):
    """Tables of Delta with `delta.enableChangeDataFeed`."""

    envelope = "delta_cdf"
    format = "delta"


class IcebergChanges(_TableChanges):
    """Tables of Iceberg without delete files."""

    envelope = "iceberg_changelog"
    format = "iceberg"


def _after(source: Read, seen: Seen) -> int | None:
    last = seen.last()
    if last is not None and last.get("version") is not None:
        return int(last["version"])
    asked = source.options.get("after_version")
    return None if asked is None else int(asked)
