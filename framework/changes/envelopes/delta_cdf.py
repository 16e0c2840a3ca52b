"""Envelope `delta_cdf`: rows of Delta's change data feed."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from framework.changes.table_feed import decode_feed
from framework.config.job import Job, Read


def decode(df: DataFrame, job: Job, source: Read, target: StructType | None = None) -> DataFrame:
    """Inserts, updates (their postimages) and deletes; `_commit_version` is the sequence."""
    return decode_feed(df, job)
