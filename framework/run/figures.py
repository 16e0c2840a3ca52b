"""What is counted of a batch's rows by outcome, while they are evaluated."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from framework.changes.columns import EVENTS, OUTCOME, TIED

OUTCOMES = ("insert", "update", "delete", "remember", "superseded", "duplicate", "contender", "rejected")
_WRITTEN = ("insert", "update", "delete")


def outcome_figures() -> list[Column]:
    """Counts of events by outcome; rows that no event names (`_sluice_n` 0) count as written only."""
    outcome, named = F.col(OUTCOME), F.col(EVENTS) > 0
    names = {name: ("rejected_rows" if name == "rejected" else name) for name in OUTCOMES}
    return [
        *[F.count_if(named & (outcome == name)).alias(alias) for name, alias in names.items()],
        F.count_if(named).alias("folded_rows"),
        F.coalesce(F.sum(EVENTS), F.lit(0)).alias("folded_events"),
        F.count_if(F.col(TIED) & (outcome != "rejected")).alias("tied"),
        F.count_if(outcome.isin(*_WRITTEN)).alias("written"),
        F.count_if(outcome.isin("delete", "remember")).alias("ended"),
    ]
