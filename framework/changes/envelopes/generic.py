"""Envelope `generic`: a column tells the operation; keys and sequence are the job's."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from framework.changes.columns import BAD, OP, SEQ
from framework.changes.sequence import sequence_of
from framework.config.job import Job, Read
from framework.errors import ConfigError
from framework.sql import quote

_OPERATIONS = {
    "I": ("i", "insert", "c", "create"),
    "U": ("u", "update", "upsert"),
    "D": ("d", "delete"),
    "R": ("r", "read", "snapshot"),
}


def decode(df: DataFrame, job: Job, source: Read, target: StructType | None = None) -> DataFrame:
    """Rows with their operation; one that is not I, U, D or R (or their names) makes the row unreadable."""
    column = job.changes.operation
    if column is None or column.lower() not in {name.lower() for name in df.columns}:
        raise ConfigError(
            f"job {job.job}: envelope generic needs the column that holds the operation",
            found=column,
            expected=f"one of {', '.join(n for n in df.columns if not n.startswith('_sluice_'))}",
            fix="Set changes.operation.",
        )
    given = F.col(quote(column))
    unknown = F.concat(F.lit(f"operation in column {column} is "), F.coalesce(given, F.lit("NULL")))
    return (
        df.withColumn(OP, _operation(given))
        .withColumn(BAD, F.coalesce(F.col(BAD), F.when(F.col(OP).isNull(), unknown)))
        .withColumn(SEQ, sequence_of(df, job.changes.sequence, job.job))
        .drop(column)
    )


def _operation(given: Column) -> Column:
    lowered = F.lower(F.trim(given.cast("string")))
    found = F.lit(None).cast("string")
    for letter, names in _OPERATIONS.items():
        found = F.when(lowered.isin(*names), F.lit(letter)).otherwise(found)
    return found
