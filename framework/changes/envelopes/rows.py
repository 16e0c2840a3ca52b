"""Envelope `rows`: every record is a row as it stands, an upsert for a merger."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from framework.changes.columns import OP, SEQ
from framework.changes.sequence import sequence_of
from framework.config.job import Job, Read


def decode(df: DataFrame, job: Job, source: Read, target: StructType | None = None) -> DataFrame:
    """Rows with operation U and the job's sequence; without one (append) the sequence is NULL."""
    parts = job.changes.sequence
    sequence = sequence_of(df, parts, job.job) if parts else F.lit(None).cast("bigint")
    return df.withColumn(OP, F.lit("U")).withColumn(SEQ, sequence)
