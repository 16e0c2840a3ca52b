"""conformed.marketing.leads: one lead per person, spelled one way, with what others know of the person."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.greatfin.words import REGIONS

UNSCORED = 500
"""The credit score that a lead without one is ranked by."""


def build(leads: DataFrame, scores: DataFrame, customers: DataFrame) -> DataFrame:
    """Leads by normalised address, the newest of each, joined with the vendor's score and the bank's customers."""
    known = customers.select(_address().alias("email")).distinct().withColumn("is_customer", F.lit(True))
    scored = scores.select("email", "credit_score")
    return (
        newest(leads.withColumn("email", _address()))
        .join(scored, "email", "left")
        .join(known, "email", "left")
        .select(
            "lead_id",
            "name",
            "email",
            F.expr("right(regexp_replace(phone, '[^0-9]', ''), 10)").alias("phone"),
            region(F.col("state")).alias("region"),
            F.lower("channel").alias("channel"),
            "interest",
            "credit_score",
            F.coalesce("is_customer", F.lit(False)).alias("is_customer"),
            priority().alias("priority"),
            "updated_at",
        )
    )


def newest(leads: DataFrame) -> DataFrame:
    """Of the leads with one address the one updated last; at the same time, the one with the greater number."""
    names = [F.col(name) for name in leads.columns]
    winner = F.max_by(F.struct(*names), F.struct("updated_at", "lead_id")).alias("winner")
    return leads.groupBy(F.col("email").alias("address")).agg(winner).select("winner.*")


def region(state: Column) -> Column:
    """The region of a state; what people typed as region is not used.

    NY -> Northeast, TX -> South, ?? -> Unknown
    """
    found = reduce(
        lambda so_far, name: so_far.when(state.isin(*REGIONS[name]), name),
        REGIONS,
        F.when(F.lit(False), ""),
    )
    return found.otherwise("Unknown")


def priority() -> Column:
    """Interest counts most, then credit: whole numbers, so that every engine gets the same."""
    return F.expr(f"score * 6 + (coalesce(credit_score, {UNSCORED}) div 10) * 4").cast("int")


def _address() -> Column:
    return F.lower(F.trim("email"))
