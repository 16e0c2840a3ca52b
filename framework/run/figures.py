"""What is counted of a batch while it is evaluated: events that concern other keys too, and rows by outcome."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes.columns import EVENTS, OP, OUTCOME, TIED, VERDICT
from framework.changes.moves import leaves_out

_OUTCOMES = ("insert", "update", "delete", "remember", "superseded", "duplicate", "contender", "rejected")
_WRITTEN = ("insert", "update", "delete")


def wider_figures(judged: DataFrame, columns: Sequence[StructField]) -> list[Column]:
    """Counts of good events that concern more than their own key: truncates, and key changes that leave out columns."""
    truncates = (F.col(OP) == "T") & (F.col(VERDICT) == "good")
    return [
        F.count_if(truncates).alias("truncates"),
        F.count_if(leaves_out(judged, columns)).alias("moves"),
    ]


def outcome_figures() -> list[Column]:
    """Counts of events by outcome; rows that no event names (`_sluice_n` 0) count as written only."""
    outcome, named = F.col(OUTCOME), F.col(EVENTS) > 0
    names = {name: ("rejected_rows" if name == "rejected" else name) for name in _OUTCOMES}
    return [
        *[F.count_if(named & (outcome == name)).alias(alias) for name, alias in names.items()],
        F.count_if(named).alias("folded_rows"),
        F.coalesce(F.sum(EVENTS), F.lit(0)).alias("folded_events"),
        F.count_if(F.col(TIED) & (outcome != "rejected")).alias("tied"),
        F.count_if(outcome.isin(*_WRITTEN)).alias("written"),
        F.count_if(outcome.isin("delete", "remember")).alias("ended"),
    ]
