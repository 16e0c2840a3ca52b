"""Envelope `dms`: rows of AWS DMS, an operation each, to the normal form.

Op   what it becomes        file                    sequence without / with timestamp column
-    R (snapshot row)       LOAD00000001.csv        (0, file, row)  /  (NULL, file, row): older than every change
I    R in a full load       LOAD0000000A.csv
I    I                      20240301-100000000.csv  (1, file, row)  /  (commit time, file, row)
U D  U D
-    I (cdc_inserts_only)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from framework.changes.columns import BAD, MOVED_FROM, OP, PREFIX, RAW, SEQ, SRC, TIME
from framework.changes.envelopes.messages import moved_from
from framework.errors import ConfigError
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

    from framework.config.job import Job, Read

LOAD_NAME = r"(?:^|_)LOAD[0-9A-Fa-f]{8,}"
"""Pattern of a full load's files: a hex counter, after a segment's name if the load was parallel."""


@dataclass(frozen=True)
class DmsColumns:
    """What the endpoint calls its own columns."""

    op: str
    timestamp: str | None
    before: str


def dms_columns(source: Read) -> DmsColumns:
    """The names of DMS's columns, as the job's options have them."""
    timestamp = source.options.get("timestamp_column")
    return DmsColumns(
        str(source.options.get("op_column", "Op")),
        str(timestamp) if timestamp else None,
        str(source.options.get("before_image_prefix", "BI_")),
    )


def decode(df: DataFrame, job: Job, source: Read, target: StructType | None = None) -> DataFrame:
    """The table's columns with operation and sequence; a row with an unknown operation or no place in order is bad."""
    columns = dms_columns(source)
    op, timestamp = _find(df, columns.op), _find(df, columns.timestamp)
    file = F.element_at(F.split(F.col(SRC).getField("name"), "/"), -1)
    load = file.rlike(LOAD_NAME)
    operation = _operation(op, load)
    order = _order(df, job, load, timestamp)
    sequence = F.struct(*order, file.alias("file"), F.col(SRC).getField("position").alias("row"))
    problem = F.coalesce(
        F.col(BAD), _unknown(op, operation, columns.op), *_unordered(df, job, load, timestamp, columns)
    )
    data = _data_columns(df, columns, job)
    rewritten = F.to_json(
        F.struct(*[F.col(quote(name)) for name in df.columns if not name.startswith(PREFIX)])
    )
    return df.select(
        *[F.col(quote(name)) for name in data],
        operation.alias(OP),
        sequence.alias(SEQ),
        F.col(SRC),
        problem.alias(BAD),
        F.when(problem.isNotNull(), F.coalesce(F.col(RAW), rewritten)).alias(RAW),
        *_moved(df, job, columns.before, operation),
        *([F.when(~load, _moment(df, timestamp)).alias(TIME)] if timestamp else []),
    )


def _moved(df: DataFrame, job: Job, prefix: str, operation: Column) -> list[Column]:
    """The key before, where the files have before images of a key column (rule add-before-image-columns)."""
    after, before = {}, {}
    for key in job.changes.keys:
        name, old = _find(df, key), _find(df, prefix + key)
        if name not in df.columns or name is None:
            return []
        after[name] = before[name] = F.col(quote(name))
        if prefix and old in df.columns and old is not None:
            kind = df.schema[name].dataType.simpleString()
            before[name] = F.expr(f"try_cast({quote(old)} AS {kind})")
    if not any(before[name] is not after[name] for name in after):
        return []
    moved = moved_from(job.changes.keys, before, after, operation == "U")
    return [] if moved is None else [moved.alias(MOVED_FROM)]


def _operation(op: str | None, load: Column) -> Column:
    """R in the full load; in change files what the column says, an insert where there is none; NULL if unknown."""
    if op is None:
        return F.when(load, F.lit("R")).otherwise(F.lit("I"))
    given = F.col(quote(op))
    known = F.when(given.isin("I", "U", "D"), given)
    # a full load without operations beside change files that have them: NULL there, and nothing else would be right
    return F.when(load, F.when(given.isNull() | (given == "I"), F.lit("R"))).otherwise(known)


def _unknown(op: str | None, operation: Column, name: str) -> Column:
    if op is None:
        return F.lit(None).cast("string")
    shown = F.coalesce(F.concat(F.lit("'"), F.col(quote(op)), F.lit("'")), F.lit("NULL"))
    return F.when(
        operation.isNull(), F.concat(F.lit("operation "), shown, F.lit(f" in column {name} is not I, U or D"))
    )


def _order(df: DataFrame, job: Job, load: Column, timestamp: str | None) -> list[Column]:
    """The first parts of the sequence: the job's columns, else the commit time, else load before changes."""
    if job.changes.sequence:
        names = [(part, _find(df, part)) for part in job.changes.sequence if not part.startswith("$")]
        missing = [part for part, name in names if name is None]
        if missing:
            raise ConfigError(
                f"job {job.job}: the source has no column {missing[0]!r} to order changes by",
                found=f"columns {', '.join(name for name in df.columns if not name.startswith(PREFIX))}",
                fix="Name columns of the source in changes.sequence; file and row follow by themselves.",
            )
        if names:
            return [F.col(quote(str(name))).alias(part) for part, name in names]
    if timestamp is not None:
        # DMS stamps the rows of a full load with the time of transfer, later than changes made meanwhile
        return [F.when(~load, _moment(df, timestamp)).alias("commit_ts")]
    return [F.when(load, F.lit(0)).otherwise(F.lit(1)).alias("phase")]


def _unordered(
    df: DataFrame, job: Job, load: Column, timestamp: str | None, columns: DmsColumns
) -> list[Column]:
    """What is wrong with a change that has no place in the order."""
    asked = [name for part in job.changes.sequence if (name := _find(df, part)) is not None]
    if asked:
        return [
            F.when(~load & F.col(quote(name)).isNull(), F.lit(f"sequence column {name} is NULL"))
            for name in asked
        ]
    if timestamp is None:
        return []
    told = F.concat(
        F.lit("timestamp "),
        F.coalesce(F.concat(F.lit("'"), F.col(quote(timestamp)).cast("string"), F.lit("'")), F.lit("NULL")),
        F.lit(f" in column {columns.timestamp} is no time"),
    )
    return [F.when(~load & _moment(df, timestamp).isNull(), told)]


def _moment(df: DataFrame, timestamp: str) -> Column:
    """The commit time; parquet files have it as text."""
    if df.schema[timestamp].dataType.typeName() == "string":
        return F.expr(f"try_cast({quote(timestamp)} AS timestamp)")
    return F.col(quote(timestamp)).cast("timestamp")


def _data_columns(df: DataFrame, columns: DmsColumns, job: Job) -> list[str]:
    """The table's columns: not DMS's own, nor before images (kept by the reader; key changes will need them)."""
    names = [name for name in df.columns if not name.startswith(PREFIX)]
    folded = {name.lower() for name in names}
    own = {columns.op.lower(), (columns.timestamp or columns.op).lower()}
    return [
        name for name in names if name.lower() not in own and not _is_before(name, columns.before, folded)
    ]


def _is_before(name: str, prefix: str, folded: set[str]) -> bool:
    return bool(prefix) and name.startswith(prefix) and name.removeprefix(prefix).lower() in folded


def _find(df: DataFrame, name: str | None) -> str | None:
    """A column by its name, in whatever case it came."""
    if name is None or name in df.columns:
        return name
    return next((column for column in df.columns if column.lower() == name.lower()), None)
