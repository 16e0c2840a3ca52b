"""scd1 without any table: fold and reconcile against the oracle, after every batch, for every order and split."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from framework.changes.columns import OP, OUTCOME, RANK, SEQ, VERDICT
from framework.changes.fold import fold
from framework.changes.rank import rank as rank_column
from framework.changes.reconcile import reconcile, settle
from framework.testing.feeds import orders_and_splits, shuffled
from framework.testing.oracle import Change, rank, scd1

Feed = list[list[Change]]
"""Batches of events."""
VALUES = ["seq", "value"]
"""The data columns besides the key: a row's sequence is one of them, so that the oracle tells it, too."""

CASES = {
    "C01 an older upsert after a newer one changes nothing": [(1, 10, "U", "a"), (1, 5, "U", "b")],
    "C02 an older delete after a newer upsert changes nothing": [(1, 10, "U", "a"), (1, 5, "D", None)],
    "C03 an upsert older than a delete doesn't bring the row back": [
        (1, 5, "U", "a"),
        (1, 10, "D", None),
        (1, 7, "U", "b"),
    ],
    "C04 a delete of a key never seen is remembered": [(1, 10, "D", None), (1, 7, "U", "a")],
    "C05 a newer upsert revives the key": [(1, 5, "U", "a"), (1, 10, "D", None), (1, 12, "U", "c")],
    "C07 deletes in the first batch insert nothing": [(1, 1, "U", "a"), (2, 1, "D", None)],
    "C08 two upserts of a new key in one batch make one row": [(1, 1, "U", "a"), (1, 2, "U", "b")],
    "C09 an upsert tied with a delete": [(1, 5, "U", "a"), (1, 5, "D", None)],
    "C09 two upserts tied": [(1, 5, "U", "a"), (1, 5, "U", "b")],
    "C17 a re-insert after a delete": [(1, 5, "U", "a"), (1, 6, "D", None), (1, 7, "U", "b")],
    "C24 a no-op advances the sequence": [(1, 5, "U", "a"), (1, 15, "U", "a"), (1, 12, "U", "b")],
    "C26 two deletes, then an upsert older than both": [
        (1, 3, "D", None),
        (1, 4, "D", None),
        (1, 1, "U", "a"),
    ],
    "NULL and '' are different values": [(1, 5, "U", None), (1, 5, "U", ""), (1, 4, "U", "x")],
    "every event twice": [(1, 5, "U", "a"), (1, 6, "D", None), (1, 5, "U", "a"), (1, 6, "D", None)],
}


def event(key: int, seq: int, op: str, value: str | None) -> Change:
    """A whole row at a sequence, or a delete."""
    return Change(key, seq, op, {} if op == "D" else {"seq": seq, "value": value})


def case_feeds() -> list[Feed]:
    """Every order and split of every case."""
    return [feed for case in CASES.values() for feed in orders_and_splits([event(*each) for each in case])]


def random_feed(seed: int) -> Feed:
    """1 to 20 events of a few keys: deletes, duplicates, ties, late ones, in random batches."""
    draw = random.Random(seed)
    events: list[Change] = []
    for _ in range(draw.randint(1, 20)):
        if events and draw.random() < 0.15:
            events.append(draw.choice(events))
            continue
        delete = draw.random() < 0.2
        value = None if delete or draw.random() < 0.25 else draw.choice("abcd=;,\\")
        events.append(event(draw.randint(1, 3), draw.randint(1, 12), "D" if delete else "U", value))
    return shuffled(draw, events)


ROW = "feed int, key int, seq bigint, value string"


class Lake:
    """Stands for the table and its tombstones: two dicts, and the frames that show them to the kernel."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self.rows: dict[tuple[int, int], dict[str, Any]] = {}
        self.tombstones: dict[tuple[int, int], int] = {}

    def target(self) -> DataFrame | None:
        if not self.rows:
            return None
        rows = [(*at, row["seq"], row["value"], row["seq"]) for at, row in self.rows.items()]
        return self._spark.createDataFrame(rows, f"{ROW}, {SEQ} bigint")

    def dead(self) -> DataFrame | None:
        if not self.tombstones:
            return None
        rows = [(feed, key, seq) for (feed, key), seq in self.tombstones.items()]
        return self._spark.createDataFrame(rows, f"feed int, key int, {SEQ} bigint")

    def apply(self, outcomes: DataFrame) -> None:
        for row in outcomes.collect():
            at = (row.feed, row.key)
            if row[OUTCOME] in ("insert", "update"):
                self.rows[at] = {"seq": row[SEQ], "value": row.value}
            elif row[OUTCOME] == "delete":
                del self.rows[at]
            if row[OUTCOME] in ("delete", "remember"):
                self.tombstones[at] = max(row[SEQ], self.tombstones.get(at, row[SEQ]))


def batch_frame(spark: SparkSession, feeds: list[Feed], n: int) -> DataFrame:
    rows = [
        (i, e.key, e.values.get("seq"), e.values.get("value"), e.seq, e.op)
        for i, feed in enumerate(feeds)
        if n < len(feed)
        for e in feed[n]
    ]
    frame = spark.createDataFrame(rows, f"{ROW}, {SEQ} bigint, {OP} string")
    ranked = frame.withColumn(RANK, rank_column([frame.schema[name] for name in ("key", *VALUES)]))
    return ranked.withColumn(VERDICT, F.lit("good"))


def check(spark: SparkSession, feeds: list[Feed], on_tie: str) -> None:
    lake, keys = Lake(spark), ["feed", "key"]
    for n in range(max(len(feed) for feed in feeds)):
        target = lake.target()
        folded = fold(batch_frame(spark, feeds, n), keys, on_tie)
        done = reconcile(folded, target, lake.dead(), keys, on_tie=on_tie, positioned=False)
        contenders = done.filter(F.col(OUTCOME) == "contender")
        if target is not None:
            # the oracle ranks events without the column that keeps the feeds apart
            settled = settle_in(contenders, target, keys)
            done = done.filter(F.col(OUTCOME) != "contender").unionByName(settled)
        lake.apply(done)
        for i, feed in enumerate(feeds):
            seen = [event for batch in feed[: n + 1] for event in batch]
            table = {key: row for (f, key), row in lake.rows.items() if f == i}
            assert table == scd1(seen, VALUES, on_tie), f"after batch {n + 1} of {feed}"


def settle_in(contenders: DataFrame, target: DataFrame, keys: list[str]) -> DataFrame:
    """`settle` with the rank over the oracle's columns only, without the one that keeps the feeds apart."""
    hidden = target.select("key", *VALUES, SEQ, F.col("feed").alias("_sluice_feed"))
    renamed = contenders.withColumnRenamed("feed", "_sluice_feed")
    return settle(renamed, hidden, ["_sluice_feed", "key"]).withColumnRenamed("_sluice_feed", "feed")


@pytest.mark.parametrize("on_tie", ["delete_wins", "upsert_wins"])
def test_every_order_and_split_of_the_cases_gives_what_the_oracle_says_after_every_batch(
    spark: SparkSession, on_tie: str
) -> None:
    feeds = case_feeds()
    assert len(feeds) >= 200
    check(spark, feeds, on_tie)


@pytest.mark.parametrize("on_tie", ["delete_wins", "upsert_wins"])
def test_random_feeds_give_what_the_oracle_says_after_every_batch(spark: SparkSession, on_tie: str) -> None:
    check(spark, [random_feed(seed) for seed in range(500)], on_tie)


@pytest.mark.parametrize("value", [None, "", "a", "=;,\\", "Ünï"])
def test_the_rank_is_the_oracles(spark: SparkSession, value: str | None) -> None:
    frame = spark.createDataFrame([(7, value)], "KEY int, value string")
    assert frame.select(rank_column(frame.schema.fields).alias("r")).first().r == rank(
        Change(7, 1, "U", {"value": value})
    )
