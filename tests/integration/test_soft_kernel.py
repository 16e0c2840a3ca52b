"""Soft deletes without any table: partial events, truncates and key changes against the oracle, after every batch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from framework.changes.columns import DELETED_AT, ENDS_AT, EVENTS, LEFT, MARK, MOVE, OUTCOME, SEQ, TIME
from framework.changes.join_columns import tombstone_fields
from framework.changes.soft import ends, remembered_ends
from framework.changes.stamp import stamp_type
from framework.testing.feeds import orders_and_splits, shuffled, splits
from framework.testing.oracle import scd1, scd1_soft
from tests.integration.test_scd1_columns import (
    C15A,
    CASES,
    FEED,
    KEY,
    KEYS,
    NUMBER,
    PLACEHOLDERS,
    SWAP,
    SWAP_IN_PARTS,
    TABLE,
    VALUES,
    batches_applied,
    d,
    random_feed,
    some_orders_and_splits,
    source_feed,
    u,
)
from tests.integration.together import Feed, State, Together

OWN_CASES = {
    "a row stays as it last was": [u(1, 5, a="x", b="y"), d(1, 7)],
    "a late upsert changes what the row last was": [u(1, 5, a="x", b="y"), d(1, 9), u(1, 7, b="z")],
    "C03 and is no revival": [u(1, 5, a="x", b="y"), d(1, 10), u(1, 7, a="z", b="z")],
    "C04 a delete of a key never seen, then what it ended": [d(1, 10), u(1, 7, a="x")],
    "C26 the first of two deletes is the one that ended it": [d(1, 3), d(1, 4), u(1, 1, a="x")],
    "a late delete moves the mark back": [u(1, 1, a="x"), d(1, 7), d(1, 3)],
    "a late upsert moves the mark on": [u(1, 1, a="x", b="y"), d(1, 3), d(1, 7), u(1, 5, b="z")],
    "and back, and on": [u(1, 1, a="x"), d(1, 3), d(1, 5), u(1, 4, b="y")],
    "C05 a revived row is NULL where newer events carry nothing": [
        u(1, 5, a="x", b="y"),
        d(1, 7),
        u(1, 9, a="z"),
    ],
}
OWN_PLACEHOLDERS = {
    "a row that was marked before its key changed hands on nothing": [*C15A, d(1, 5.5)],
    "a row that was marked since still hands on what it shows": [*C15A, d(1, 8), d(1, 9)],
    "a marked row gets what comes late of before the change": [*C15A, d(2, 8), u(1, 5.5, b="Z")],
    "a value of a key that was used anew, and ended": [*C15A, u(1, 7, a="n"), d(1, 8)][1:],
}
MARKED = StructType([*TABLE.fields, StructField(DELETED_AT, NUMBER), StructField(MARK, stamp_type(NUMBER))])


class SoftLake:
    """Stands for the table and its tombstones."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self.rows: dict[tuple[int, int], Any] = {}
        self.tombstones: list[tuple[Any, ...]] = []

    def target(self) -> DataFrame | None:
        return self._spark.createDataFrame(list(self.rows.values()), MARKED) if self.rows else None

    def dead(self) -> DataFrame | None:
        fields = tombstone_fields([FEED, KEY], NUMBER, NUMBER)
        schema = StructType([field for field in fields if field.name != TIME])
        return self._spark.createDataFrame(self.tombstones, schema) if self.tombstones else None

    def apply(self, outcomes: DataFrame) -> int:
        """Events accounted for."""
        done = outcomes.localCheckpoint()
        for end in remembered_ends(done, KEYS).collect():
            feed, key, seq, move, at = end
            self.tombstones.append((feed, key, seq, move, None, at))
        rows = done.collect()
        for row in rows:
            if row[OUTCOME] in ("insert", "update", "delete"):
                before = self.rows.get((row.feed, row.key))
                # the guard of the merge
                assert before is None or row[SEQ] >= before[TABLE.names.index(SEQ)]
                self.rows[row.feed, row.key] = tuple(row[name] for name in MARKED.names)
        return sum(row[EVENTS] for row in rows)

    def remember(self, departures: DataFrame) -> None:
        self.tombstones += [
            (row.feed, row.key, row[SEQ], row[MOVE], row[LEFT], None) for row in departures.collect()
        ]


def states(
    spark: SparkSession,
    feeds: list[Feed],
    on_tie: str,
    *,
    truncates: bool = False,
    lake: SoftLake | None = None,
) -> Iterator[State]:
    """The rows of each feed and when they ended, by key, after each batch."""
    lake = lake or SoftLake(spark)

    def timed(events: DataFrame) -> DataFrame:
        # a commit time that is no sequence
        return events.withColumn(ENDS_AT, F.when(ends(events), 1000 - F.col(SEQ)))

    for _ in batches_applied(lake, spark, feeds, on_tie, truncates=truncates, timed=timed):
        tables: dict[int, dict[int, Any]] = {}
        for (feed, key), row in lake.rows.items():
            values = dict(zip(VALUES, row[2:4], strict=True))
            tables.setdefault(feed, {})[key] = (values, row[MARKED.names.index(DELETED_AT)])
        yield tables


def agree(together: Together, group: str) -> None:
    for seen in together.after_each_batch(group):
        table = seen.found or {}
        expected = {
            key: (row, None if at is None else 1000 - at)
            for key, (row, at) in scd1_soft(seen.events, VALUES, together.on_tie).items()
        }
        assert table == expected, str(seen)
        live = {key: row for key, (row, at) in table.items() if at is None}
        assert live == scd1(seen.events, VALUES, together.on_tie), "Agreement is over unmarked rows"


def check(spark: SparkSession, feeds: list[Feed], *, truncates: bool = False) -> SoftLake:
    """In a table of their own."""
    lake = SoftLake(spark)
    own = Together({"own": feeds}, partial(states, spark, truncates=truncates, lake=lake))
    agree(own, "own")
    return lake


@pytest.fixture(scope="module", params=["delete_wins", "upsert_wins"])
def whole(spark: SparkSession, compiled: SparkSession, request: pytest.FixtureRequest) -> Together:
    """Feeds whose key changes carry all columns, by how ties are decided; one of them as Spark runs large batches."""
    on_tie = request.param
    own = [feed for case in OWN_CASES.values() for feed in orders_and_splits(case)]
    feeds = [*own, *(feed for case in CASES.values() for feed in orders_and_splits(case))]
    groups = {
        "cases": feeds if on_tie == "delete_wins" else [*own, *random.Random(1).sample(feeds, 400)],
        "random": [random_feed(seed) for seed in range(150)],
        "swaps": list(splits(SWAP)),
    }
    session = compiled if on_tie == "upsert_wins" else spark
    return Together(groups, partial(states, session), on_tie)


@pytest.fixture(scope="module")
def in_parts(spark: SparkSession) -> Together:
    """Feeds whose key changes leave out columns."""
    draw = random.Random(8)
    groups = {
        "cases": some_orders_and_splits([*PLACEHOLDERS.values(), *OWN_PLACEHOLDERS.values()], 100),
        "swaps": [shuffled(draw, SWAP_IN_PARTS) for _ in range(50)],
        "sources": [source_feed(seed) for seed in range(500, 600)],
    }
    return Together(groups, partial(states, spark))


def test_every_order_and_split_of_the_cases_leaves_the_same_marked_rows(whole: Together) -> None:
    agree(whole, "cases")


def test_random_feeds_of_partial_events_and_moves_give_what_the_oracle_says(
    whole: Together,
) -> None:
    agree(whole, "random")


def test_a_swap_of_two_keys_leaves_the_key_between_them_marked(whole: Together) -> None:
    agree(whole, "swaps")


@pytest.mark.parametrize("group", ["cases", "swaps"])
def test_every_order_and_split_of_key_changes_that_leave_out_values_marks_the_old_rows_and_fills_the_new(
    in_parts: Together, group: str
) -> None:
    agree(in_parts, group)


def test_random_sources_that_move_rows_and_leave_out_values_give_what_the_oracle_says(
    in_parts: Together,
) -> None:
    agree(in_parts, "sources")


@pytest.mark.parametrize("seed", range(8))
def test_truncates_mark_rows_whenever_they_arrive(spark: SparkSession, seed: int) -> None:
    check(spark, [random_feed(seed, truncates=True, keys=6)], truncates=True)


def test_a_mark_is_its_own_tombstone(spark: SparkSession) -> None:
    """Nothing is remembered beside the table for a row that shows what ended it."""
    lake = check(spark, [[[u(1, 5, a="x", b="y")], [d(1, 7)], [u(1, 6, a="z")]]])
    assert lake.tombstones == []
