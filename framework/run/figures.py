"""What is counted of a batch while it is evaluated: events that concern other keys too, and rows by outcome."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes.columns import EVENTS, OP, OUTCOME, TIED, VERDICT
from framework.changes.moves import leaves_out, left_out

_OUTCOMES = ("insert", "update", "delete", "remember", "superseded", "duplicate", "contender", "rejected")


def wider_figures(judged: DataFrame, columns: Sequence[StructField]) -> list[Column]:
    """Counts of good events that concern more than their own key: truncates, and key changes that leave out columns."""
    truncates = (F.col(OP) == "T") & (F.col(VERDICT) == "good")
    return [
        F.count_if(truncates).alias("truncates"),
        F.count_if(leaves_out(judged, columns)).alias("moves"),
    ]


def parts_figure(judged: DataFrame, columns: Sequence[StructField]) -> Column:
    """Count of good events that write some columns and leave out others."""
    writes = (F.col(VERDICT) == "good") & F.col(OP).isin("I", "U", "R")
    return F.count_if(writes & (F.size(left_out(judged, columns)) > 0)).alias("parts")


def outcome_figures() -> list[Column]:
    """Counts of events by outcome; rows that no event names (`_sluice_n` 0) count as written only."""
    named = f"{EVENTS} > 0"
    aliases = {name: ("rejected_rows" if name == "rejected" else name) for name in _OUTCOMES}
    figures = {alias: f"count_if({named} AND {OUTCOME} = '{name}')" for name, alias in aliases.items()} | {
        "folded_rows": f"count_if({named})",
        "folded_events": f"coalesce(sum({EVENTS}), 0)",
        "tied": f"count_if({TIED} AND {OUTCOME} != 'rejected')",
        "written": f"count_if({OUTCOME} IN ('insert', 'update', 'delete'))",
        "ended": f"count_if({OUTCOME} IN ('delete', 'remember'))",
    }
    # as text: built from columns, each would take half a dozen calls into the JVM
    return [F.expr(f"{figure} AS {alias}") for alias, figure in figures.items()]
