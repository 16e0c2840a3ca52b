"""What became of a batch's events in a table of versions: by event, since one may change several versions, or none."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from framework.changes import stamp
from framework.changes.columns import OP, SEQ, VALID, VALID_TO
from framework.changes.facts import ENDS, STAMP
from framework.changes.join_versions import ORIGIN
from framework.changes.moves import WEIGHT
from framework.sql import quote

_NEWS, _KNOWN = "_sluice_news", "_sluice_was_known"


def outcomes(facts: DataFrame, found: DataFrame, keys: list[str]) -> dict[str, Any]:
    """What became of the batch's events: counted by event, since one may change several versions, or none."""
    group = [F.col(quote(key)) for key in keys]
    each = (
        facts.filter(F.col(ORIGIN) != "truncate")
        .groupBy(*group, SEQ, STAMP)
        .agg(
            F.sum(WEIGHT).alias(_NEWS),
            F.max(F.col(ORIGIN) == "known").alias(_KNOWN),
            F.max(ENDS).alias(ENDS),
            F.max(VALID).alias(VALID),
        )
    )
    at = Window.partitionBy(*group, SEQ)
    ordinary = F.col(STAMP).getField("tie") < stamp.MOVED
    settled = each.select(
        "*",
        (F.col(STAMP) < F.max(STAMP).over(at)).alias("_sluice_lost"),
        (F.count_if(ordinary).over(at) > 1).alias("_sluice_several"),
        (F.max(_NEWS).over(at) > 0).alias("_sluice_new_here"),
        F.row_number().over(at.orderBy(F.col(STAMP))).alias("_sluice_nth"),
    )
    settled = settled.filter(F.col("_sluice_new_here"))
    its = [F.col(quote(key)).alias(f"_sluice_its{i}") for i, key in enumerate(keys)]
    same = [F.col(quote(key)) == F.col(f"_sluice_its{i}") for i, key in enumerate(keys)]
    opened = found.select(*its, F.col(SEQ).alias("_sluice_opened"))
    closed = found.filter(F.col(VALID_TO).isNotNull()).select(*its, F.col(VALID_TO).alias("_sluice_closed"))
    told = settled.join(
        opened, [*same, ~F.col(ENDS), F.col(SEQ).eqNullSafe(F.col("_sluice_opened"))], "left"
    ).drop(*[f"_sluice_its{i}" for i in range(len(keys))])
    told = told.join(closed, [*same, F.col(ENDS), F.col(VALID) == F.col("_sluice_closed")], "left")
    news, first = F.col(_NEWS), (F.col(_NEWS) > 0) & ~F.col(_KNOWN)
    lost = F.col("_sluice_lost")
    shown = F.col("_sluice_opened").isNotNull() | F.col("_sluice_closed").isNotNull()
    tied = F.col("_sluice_several") & (F.col("_sluice_nth") == 1)
    repeats = F.when(F.col(_KNOWN), news).otherwise(F.greatest(news - 1, F.lit(0)))
    row = told.agg(
        F.coalesce(F.sum(repeats), F.lit(0)).alias("duplicate"),
        F.count_if(first & lost).alias("superseded"),
        F.count_if(first & ~lost & shown & ~F.col(ENDS)).alias("insert"),
        F.count_if(first & ~lost & shown & F.col(ENDS)).alias("delete"),
        F.count_if(first & ~lost & ~shown).alias("remember"),
        F.count_if(tied).alias("tied"),
    ).collect()[0]
    return dict(row.asDict())


def truncate_outcomes(good: DataFrame, memory: DataFrame | None) -> dict[str, int]:
    """What became of the batch's truncates, which have no key."""
    each = good.filter(F.col(OP) == "T").groupBy(SEQ).agg(F.count(F.lit(1)).alias("n"))
    if memory is None:
        each = each.withColumn(_KNOWN, F.lit(False))
    else:
        there = memory.filter(F.col(OP) == "T").select(
            F.col(SEQ).alias("_sluice_at"), F.lit(True).alias(_KNOWN)
        )
        each = each.join(there.distinct(), F.col(SEQ).eqNullSafe(F.col("_sluice_at")), "left")
    new = ~F.coalesce(F.col(_KNOWN), F.lit(False))
    row = each.agg(F.count_if(new).alias("new"), F.sum("n").alias("n")).collect()[0]
    return {"truncates_new": row.new, "truncates_repeated": (row.n or 0) - row.new}


def summed(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures as every comparison has them."""
    return {
        **figures,
        "update": 0,
        "remember": figures["remember"] + figures.pop("truncates_new", 0),
        "duplicate": figures["duplicate"] + figures.pop("truncates_repeated", 0),
        "folded_rows": 0,
        "folded_events": 0,
    }
