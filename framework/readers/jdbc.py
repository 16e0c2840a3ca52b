"""Databases through JDBC: a whole table, or the range of a growing column that is new."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError, Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW
from framework.config.secrets import hidden, literal_in_url, resolve, reveal
from framework.errors import ConfigError, ReadError
from framework.readers.base import Inputs, Seen
from framework.readers.declared import fields_of
from framework.readers.transport import named_source
from framework.readers.typed import fit
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader

    from framework.config.job import Read
    from framework.context import RunContext

_DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "org.postgresql.Driver",
        "mysql": "com.mysql.cj.jdbc.Driver",
        "mariadb": "org.mariadb.jdbc.Driver",
        "sqlserver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
        "oracle": "oracle.jdbc.OracleDriver",
    }
)
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*|\".*\"|`.*`|\[.*\]")


class JdbcReader:
    """A table or a query of a database.

    Without `incremental` every batch is a snapshot of the whole. With it a batch is the range (after, upto] of that
    column: `upto` is its maximum when the batch was planned, so that the same range can be read again. Rows whose column
    is NULL come with the first batch. A transaction that commits a smaller value later than a greater one is missed, as
    with every high-water mark: use a column the database assigns at commit, or DMS.
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
            df = _partitioned(ctx, source, _reader(ctx, source).option("dbtable", _relation(source)).load())
        except (Py4JError, PySparkException) as error:
            raise _refused(source, error) from error
        df = _within(df, inputs)
        values, bad = fit(df, fields_of(source.columns or []), _named(source))
        none = F.lit(None).cast("string")
        raw = (
            none
            if bad is None
            else F.when(bad.isNotNull(), F.to_json(F.struct(*[F.col(quote(n)) for n in df.columns])))
        )
        return df.select(
            *values, named_source(_named(source)), (none if bad is None else bad).alias(BAD), raw.alias(RAW)
        )


def address_of(url: str) -> str:
    """Host and port of a JDBC address, never more.

    >>> address_of("jdbc:postgresql://me:secret@db.example:5432/bank?password=x")
    'db.example:5432'
    """
    found = re.search(r"//([^/?;]+)", url)
    return (
        found[1].rpartition("@")[2] if found else url.split(":")[1] if url.count(":") > 1 else "its address"
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
    name = _quoted(ctx, source, str(source.incremental))
    row, kinds = _ask(ctx, source, f"SELECT MAX({name}) AS upto FROM {_relation(source)}")
    return row[0], kinds[0]


def _ask(ctx: RunContext, source: Read, query: str) -> tuple[tuple[str | None, ...], list[str]]:
    """The one row of a query as texts, and the types."""
    try:
        df = _reader(ctx, source).option("query", query).load()
        row = df.select(*[F.col(quote(name)).cast("string") for name in df.columns]).first()
    except (Py4JError, PySparkException) as error:
        raise _refused(source, error) from error
    return tuple(row or ()), [field.dataType.simpleString() for field in df.schema.fields]


def _partitioned(ctx: RunContext, source: Read, df: DataFrame) -> DataFrame:
    """The frame read by several connections side by side, each a stride of the partition column."""
    if not source.partition_column or not source.partitions or source.partitions == 1:
        return df
    actual = _actual(df, source.partition_column)
    if not isinstance(df.schema[actual].dataType, T.NumericType | T.DateType | T.TimestampType):
        raise ConfigError(
            f"the column {source.partition_column} can't split the read of {_named(source)}",
            found=df.schema[actual].dataType.simpleString(),
            expected="a number, date or timestamp",
            fix="Set read.partition_column.",
        )
    name = _quoted(ctx, source, actual)
    bounds, _ = _ask(ctx, source, f"SELECT MIN({name}) AS lo, MAX({name}) AS hi FROM {_relation(source)}")
    if bounds[0] is None or bounds[1] is None:
        return df
    options = {
        "partitionColumn": actual,
        "lowerBound": bounds[0],
        "upperBound": bounds[1],
        "numPartitions": source.partitions,
    }
    return _reader(ctx, source).options(**options).option("dbtable", _relation(source)).load()


def _reader(ctx: RunContext, source: Read) -> DataFrameReader:
    url = reveal(source.url)
    if not url:
        raise ConfigError(
            "a source of format jdbc has no address",
            fix="Set read.url, such as jdbc:postgresql://host:5432/db.",
        )
    if literal_in_url(str(source.url)):
        raise ConfigError(
            "the address of a database carries a password",
            found=hidden(str(source.url)),
            fix="Set read.user and read.password.",
        )
    options: dict[str, Any] = {"url": url, "fetchsize": "10000", **source.options}
    driver = _DRIVERS.get(url.split(":")[1] if url.count(":") else "")
    if driver:
        options.setdefault("driver", driver)
    if source.user:
        options["user"] = reveal(source.user)
    if source.password:
        options["password"] = resolve(source.password).reveal()
    return ctx.spark.read.format("jdbc").options(**options)


def _relation(source: Read) -> str:
    """The table or query, as SQL reads from it."""
    if source.query:
        return f"({source.query.strip().rstrip(';')}) sluice_query"
    if not source.table:
        raise ConfigError(
            "a source of format jdbc names nothing to read", fix="Set read.table or read.query."
        )
    # plain names stay as they are, so that the database folds their case as it does; others need quotes
    return ".".join(
        part if _PLAIN_NAME.fullmatch(part) else '"' + part.replace('"', '""') + '"'
        for part in source.table.split(".")
    )


def _quoted(ctx: RunContext, source: Read, name: str) -> str:
    """A column's name in the database's own quotes."""
    dialects: Any = ctx.spark._jvm.org.apache.spark.sql.jdbc.JdbcDialects  # type: ignore[union-attr]
    return str(dialects.get(reveal(source.url)).quoteIdentifier(name))


def _actual(df: DataFrame, name: str) -> str:
    found = name if name in df.columns else next((c for c in df.columns if c.lower() == name.lower()), None)
    if found is None:
        raise ReadError(
            f"the source has no column {name!r}",
            found=f"columns {', '.join(df.columns)}",
            fix="Correct the job.",
        )
    return found


def _named(source: Read) -> str:
    """What is read, without anything secret: database, then table or query."""
    address = re.sub(r"[?;].*", "", hidden(str(source.url)))
    return f"{address} {source.table or 'query'}"


def _refused(source: Read, error: Exception) -> ReadError:
    """Why a database didn't answer; its text without the password."""
    where = address_of(reveal(source.url) or "")
    state, told = _told(error)
    password = resolve(source.password).reveal() if source.password else ""
    told = hidden(told.replace(password, "***") if password else told)
    if state.startswith("08") or "UnknownHost" in told or "Communications link failure" in told:
        return ReadError(
            f"cannot reach the database at {where}",
            found=told,
            fix="Check read.url, and that the server runs and lets this machine in.",
        )
    if state.startswith("28"):
        return ReadError(
            f"the database at {where} refuses the user", found=told, fix="Check read.user and read.password."
        )
    if "ClassNotFoundException" in told:
        return ReadError(
            f"there is no driver for the database at {where}", found=told, fix="Add its jar to the session."
        )
    return ReadError(
        f"cannot read {source.table or 'the query'} from the database at {where}",
        found=told,
        fix="Check read.table, read.query and read.incremental.",
    )


def _told(error: Exception) -> tuple[str, str]:
    """SQL state and first line of the innermost cause."""
    if not isinstance(error, Py4JJavaError):
        lines = [line for line in str(error).splitlines() if line.strip()]
        return "", lines[0] if lines else type(error).__name__
    cause: Any = error.java_exception
    while cause.getCause() is not None and "SQLException" not in cause.getClass().getName():
        cause = cause.getCause()
    state = (
        cause.getSQLState()
        if hasattr(cause, "getSQLState") and "SQL" in cause.getClass().getSimpleName()
        else ""
    )
    return state or "", str(cause.toString()).splitlines()[0]
