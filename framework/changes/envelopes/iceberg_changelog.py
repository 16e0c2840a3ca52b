"""Envelope `iceberg_changelog`: rows of Iceberg's changelog between snapshots."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from framework.changes.table_feed import decode_feed
from framework.config.job import Job, Read


def decode(df: DataFrame, job: Job, source: Read, target: StructType | None = None) -> DataFrame:
    """Inserts, updates (INSERT and DELETE of a key in one snapshot) and deletes; sequence numbers are the sequence."""
    return decode_feed(df, job)
