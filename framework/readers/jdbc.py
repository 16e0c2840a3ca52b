"""Databases through JDBC: a whole table, or the range of a growing column that is new."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW
from framework.errors import ConfigError, ReadError
from framework.readers.base import Inputs, Seen
from framework.readers.database import named, quoted_in, reader_of, refused, relation_of
from framework.readers.declared import fields_of
from framework.readers.failures import SPARK_ERRORS
from framework.readers.transport import named_source
from framework.readers.typed import fit
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Read
    from framework.context import RunContext


class JdbcReader:
    """A table or a query of a database.

    Without `incremental` every batch is a snapshot of the whole. With it a batch is the range (after, upto] of that
    column: `upto` is its maximum when the batch was planned, so that the same range can be read again. Rows whose
    column is NULL come with the first batch. A transaction that commits a smaller value later than a greater one is
    missed, as with every high-water mark: use a column the database assigns at commit, or DMS.
    """

    envelope = "rows"

    def discover(self, ctx: RunContext, source: Read, seen: Seen) -> Inputs:
        """A snapshot, or the range that is new.

        Raises:
            ReadError: the database can't be reached, or refuses.
        """
        if source.incremental is None:
            return Inputs("jdbc", ({"snapshot": ctx.clock().isoformat()},))
        after = (seen.last() or {}).get("upto")
        upto, kind = _greatest(ctx, source)
        if upto is None or upto == after:
            return Inputs("jdbc", ())
        return Inputs("jdbc", ({"column": source.incremental, "after": after, "upto": upto, "type": kind},))

    def read(self, ctx: RunContext, source: Read, inputs: Inputs, *, positions: bool) -> DataFrame:
        """The rows of exactly this range; they have no position.

        Raises:
            ReadError: the database can't be reached, or refuses.
        """
        try:
            df = _partitioned(
                ctx, source, reader_of(ctx, source).option("dbtable", relation_of(source)).load()
            )
        except SPARK_ERRORS as error:
            raise refused(source, error) from error
        df = _within(df, inputs)
        values, bad = fit(df, fields_of(source.columns or []), named(source))
        none = F.lit(None).cast("string")
        raw = (
            none
            if bad is None
            else F.when(bad.isNotNull(), F.to_json(F.struct(*[F.col(quote(n)) for n in df.columns])))
        )
        return df.select(
            *values, named_source(named(source)), (none if bad is None else bad).alias(BAD), raw.alias(RAW)
        )


def _within(df: DataFrame, inputs: Inputs) -> DataFrame:
    """The rows of the range; none without inputs."""
    if not inputs.items:
        return df.limit(0)
    item = inputs.items[0]
    if "upto" not in item:
        return df
    column = F.col(quote(_actual(df, str(item["column"]))))
    kind = str(item["type"])
    inside = column <= F.lit(item["upto"]).cast(kind)
    if item["after"] is None:
        return df.filter(inside | column.isNull())
    return df.filter((column > F.lit(item["after"]).cast(kind)) & inside)


def _greatest(ctx: RunContext, source: Read) -> tuple[str | None, str]:
    """The maximum of the incremental column as text, and its type."""
    name = quoted_in(ctx, source, str(source.incremental))
    row, kinds = _ask(ctx, source, f"SELECT MAX({name}) AS upto FROM {relation_of(source)}")
    return row[0], kinds[0]


def _ask(ctx: RunContext, source: Read, query: str) -> tuple[tuple[str | None, ...], list[str]]:
    """The one row of a query as texts, and the types."""
    try:
        df = reader_of(ctx, source).option("query", query).load()
        row = df.select(*[F.col(quote(name)).cast("string") for name in df.columns]).first()
    except SPARK_ERRORS as error:
        raise refused(source, error) from error
    return tuple(row or ()), [field.dataType.simpleString() for field in df.schema.fields]


def _partitioned(ctx: RunContext, source: Read, df: DataFrame) -> DataFrame:
    """The frame read by several connections side by side, each a stride of the partition column."""
    if not source.partition_column or not source.partitions or source.partitions == 1:
        return df
    actual = _actual(df, source.partition_column)
    if not isinstance(df.schema[actual].dataType, T.NumericType | T.DateType | T.TimestampType):
        raise ConfigError(
            f"the column {source.partition_column} can't split the read of {named(source)}",
            found=df.schema[actual].dataType.simpleString(),
            expected="a number, date or timestamp",
            fix="Set read.partition_column.",
        )
    name = quoted_in(ctx, source, actual)
    bounds, _ = _ask(ctx, source, f"SELECT MIN({name}) AS lo, MAX({name}) AS hi FROM {relation_of(source)}")
    if bounds[0] is None or bounds[1] is None:
        return df
    whole = isinstance(df.schema[actual].dataType, T.NumericType)
    options = {
        "partitionColumn": actual,
        "lowerBound": _bound(bounds[0], whole),
        "upperBound": _bound(bounds[1], whole),
        "numPartitions": str(source.partitions),
    }
    return reader_of(ctx, source).options(**options).option("dbtable", relation_of(source)).load()


def _bound(text: str, whole: bool) -> str:
    """A bound as Spark takes it: numbers without a fraction."""
    return str(int(Decimal(text))) if whole else text


def _actual(df: DataFrame, name: str) -> str:
    found = name if name in df.columns else next((c for c in df.columns if c.lower() == name.lower()), None)
    if found is None:
        raise ReadError(
            f"the source has no column {name!r}",
            found=f"columns {', '.join(df.columns)}",
            fix="Correct the job.",
        )
    return found
