"""Envelope `generic`: a column tells the operation; keys and sequence are the job's.

what the column holds, unless `changes.operations` says otherwise      what it becomes
i insert c create / u update upsert / d delete / r read snapshot       I / U / D / R
t truncate                                                             T
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from framework.changes.columns import BAD, OP, PREFIX, SEQ, TIME
from framework.changes.sequence import sequence_of
from framework.config.job import Job, Read
from framework.errors import ConfigError
from framework.sql import quote

_OPERATIONS: Mapping[str, Sequence[str]] = {
    "I": ("i", "insert", "c", "create"),
    "U": ("u", "update", "upsert"),
    "D": ("d", "delete"),
    "R": ("r", "read", "snapshot"),
    "T": ("t", "truncate"),
}


def decode(df: DataFrame, job: Job, source: Read, target: StructType | None = None) -> DataFrame:
    """Rows with their operation and the job's sequence; an operation nobody named makes the row unreadable.

    The column of the commit time stays a column of the table; a value that is no time is told.
    """
    column = _column(df, job, job.changes.operation, "operation", "the operation")
    given = F.col(quote(column))
    unknown = F.concat(
        F.lit(f"operation in column {column} is "), F.coalesce(given.cast("string"), F.lit("NULL"))
    )
    operation = _operation(given, dict(job.changes.operations.items()) or _OPERATIONS)
    problems = [F.col(BAD), F.when(operation.isNull(), unknown)]
    decoded = df.withColumn(OP, operation)
    if job.changes.commit_time:
        time = _column(df, job, job.changes.commit_time, "commit_time", "the commit time")
        moment = F.expr(f"try_cast({quote(time)} AS timestamp)")
        untimely = F.col(quote(time)).isNotNull() & moment.isNull()
        shown = F.concat(F.lit("value '"), F.col(quote(time)).cast("string"), F.lit("'"))
        problems.append(F.when(untimely, F.concat(shown, F.lit(f" of column {time} is no time"))))
        decoded = decoded.withColumn(TIME, moment)
    bad = F.when(~F.col(OP).eqNullSafe("C"), F.coalesce(*problems))
    return (
        decoded.withColumn(BAD, bad)
        .withColumn(SEQ, sequence_of(df, job.changes.sequence, job.job))
        .drop(column)
    )


def _column(df: DataFrame, job: Job, name: str | None, key: str, what: str) -> str:
    """A column of the source, in the source's spelling."""
    names = [column for column in df.columns if not column.startswith(PREFIX)]
    found = next((column for column in names if name and column.lower() == name.lower()), None)
    if found is None:
        raise ConfigError(
            f"job {job.job}: envelope generic needs the column that holds {what}",
            found=name,
            expected=f"one of {', '.join(names)}",
            fix=f"Set changes.{key}.",
        )
    return found


def _operation(given: Column, names: Mapping[str, Sequence[str]]) -> Column:
    """The letter of an operation by its name in the source, in whatever case; NULL for any other."""
    lowered = F.lower(F.trim(given.cast("string")))
    found = F.lit(None).cast("string")
    for letter, called in names.items():
        found = F.when(lowered.isin(*[name.strip().lower() for name in called]), F.lit(letter)).otherwise(
            found
        )
    return found
