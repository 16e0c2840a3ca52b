"""From when on a change is valid: the time axis of an `scd2` table, and when a row with soft deletes ended."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ByteType,
    DataType,
    DateType,
    DecimalType,
    IntegerType,
    LongType,
    ShortType,
    StringType,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from framework.changes.columns import ENDS_AT, OP, SEQ, VALID
from framework.changes.soft import ends
from framework.config.job import Job
from framework.errors import ConfigError
from framework.run.retention import commit_time
from framework.sql import literal, quote

_INTEGERS = {ByteType: 8, ShortType: 16, IntegerType: 32, LongType: 64}
_FIRST_DAY = "0001-01-01"
"""The smallest date that every engine which reads our tables can show."""


def with_times(events: DataFrame, job: Job) -> DataFrame:
    """Events with the time that the job's table shows of them, if it shows any."""
    if job.versioned:
        return with_valid_time(events, job)
    return with_ends(events) if job.keeps_deleted else events


def with_ends(events: DataFrame) -> DataFrame:
    """Events with `_sluice_ends_at`, NULL for those that end no row."""
    return events.withColumn(ENDS_AT, F.when(ends(events), time_of_end(events)))


def time_of_end(events: DataFrame) -> Column:
    """What `deleted_at` shows: the commit time where the source tells it, or else the sequence."""
    committed = commit_time(events)
    if committed is not None:
        return committed
    kind = events.schema[SEQ].dataType
    return _only_part(events) if _single(kind) != kind else F.col(SEQ)


def with_valid_time(events: DataFrame, job: Job) -> DataFrame:
    """Events with `_sluice_valid`.

    It is `changes.valid_time`, or the commit time that the envelope tells, or else the sequence; snapshot rows are
    valid from `changes.initial_valid_from` on.

    Raises:
        ConfigError: nothing says when changes are valid, or the named column isn't there.
    """
    time, kind = _time(events, job)
    first = initial_valid_from(events, job, kind)
    return events.withColumn(VALID, F.when(F.col(OP) == "R", first).otherwise(time))


def _time(events: DataFrame, job: Job) -> tuple[Column, DataType]:
    committed = commit_time(events)
    named = job.changes.valid_time
    if named is not None:
        return _named(events, job, named, committed)
    if committed is not None:
        return committed, TimestampType()
    kind = _single(events.schema[SEQ].dataType)
    if isinstance(kind, StructType):
        raise ConfigError(
            f"job {job.job}: history scd2 needs the time from which each change is valid",
            found=f"no commit time, and a sequence of {len(kind.fields)} parts",
            fix="Name a column: `changes: {valid_time: updated_at}`.",
        )
    return _only_part(events), kind


def _named(events: DataFrame, job: Job, named: str, committed: Column | None) -> tuple[Column, DataType]:
    spelled = {name.lower(): name for name in events.columns if not name.startswith("_sluice_")}
    if named.lower() not in spelled:
        raise ConfigError(
            f"job {job.job}: the source has no column {named!r} to tell when changes are valid",
            found=f"columns {', '.join(spelled.values())}",
            fix="Correct changes.valid_time.",
        )
    field = events.schema[spelled[named.lower()]]
    column = F.col(quote(field.name))
    # deletes seldom carry more than the key
    if committed is not None and isinstance(field.dataType, TimestampType | TimestampNTZType | DateType):
        column = F.coalesce(column, committed.cast(field.dataType))
    elif _single(events.schema[SEQ].dataType) == field.dataType:
        column = F.coalesce(column, _only_part(events))
    return column, field.dataType


def _single(kind: DataType) -> DataType:
    """The type of a sequence of one part."""
    return kind.fields[0].dataType if isinstance(kind, StructType) and len(kind.fields) == 1 else kind


def _only_part(events: DataFrame) -> Column:
    kind = events.schema[SEQ].dataType
    return F.col(SEQ).getField(kind.fields[0].name) if isinstance(kind, StructType) else F.col(SEQ)


def initial_valid_from(events: DataFrame, job: Job, kind: DataType) -> Column:
    """From when on rows of a first snapshot are valid: `changes.initial_valid_from`, or the smallest value."""
    given = job.changes.initial_valid_from
    if given is not None:
        return _given(events, job, given, kind)
    if isinstance(kind, TimestampType | TimestampNTZType | DateType):
        return F.lit(_FIRST_DAY).cast(kind)
    for integer, bits in _INTEGERS.items():
        if isinstance(kind, integer):
            return F.lit(-(2 ** (bits - 1))).cast(kind)
    if isinstance(kind, DecimalType):
        return F.lit("-" + "9" * kind.precision + f"E-{kind.scale}").cast(kind)
    if isinstance(kind, StringType):
        return F.lit("")
    raise ConfigError(
        f"job {job.job}: type {kind.simpleString()} has no smallest value for snapshot rows to be valid from",
        fix="Give one: `changes: {initial_valid_from: ...}`, or name a time: `changes: {valid_time: ...}`.",
    )


def _given(events: DataFrame, job: Job, text: str, kind: DataType) -> Column:
    # Column.try_cast came with Spark 4; the expression is there in both
    fitted = F.expr(f"try_cast({literal(text)} AS {kind.simpleString()})")
    if events.sparkSession.sql("SELECT 1").select(fitted.isNull()).collect()[0][0]:
        raise ConfigError(
            f"job {job.job}: changes.initial_valid_from is no {kind.simpleString()}, the type of valid_from",
            found=text,
            fix="Correct changes.initial_valid_from.",
        )
    return fitted
