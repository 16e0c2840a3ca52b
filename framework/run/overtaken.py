"""Changes that are older than the last of the snapshots that once fed their table (`framework.run.hand_over`)."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from framework.changes.columns import SEQ, VERDICT
from framework.changes.sequence import of_json
from framework.run.jobrun import JobRun

HANDED_OVER = "sluice.handed_over"
"""Property of a table: the position of the newest of the snapshots that once fed it (JSON)."""
OVERTAKEN = "overtaken"
"""Verdict of good events that a snapshot told the end of; in figures, how many they are."""


def handed_over(run: JobRun, sequence: DataType) -> Column | None:
    """Changes before this one are older than the table, which has one row per key; None if snapshots never fed it."""
    if run.job.versioned or not run.fmt.exists(run.target):
        return None
    text = run.fmt.properties(run.target).get(HANDED_OVER)
    return of_json(text, sequence) if text is not None else None


def overtaken(judged: DataFrame, position: Column) -> DataFrame:
    """Good events that are older than the last snapshot get a verdict of their own: it told what became of them."""
    older = (F.col(VERDICT) == "good") & (F.col(SEQ) < position)
    return judged.withColumn(VERDICT, F.when(older, OVERTAKEN).otherwise(F.col(VERDICT)))
