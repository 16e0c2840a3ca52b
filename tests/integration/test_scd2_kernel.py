"""scd2 without any table: versions and what must be remembered, against the oracle after every batch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from framework.changes.columns import (
    ABSENT,
    MOVED_FROM,
    MOVED_TO,
    OP,
    RANK,
    SEQ,
    SRC,
    STATE,
    TIME,
    VALID,
    VALID_FROM,
    VALID_TO,
    VERDICT,
)
from framework.changes.facts import ELSEWHERE, ENDED, memory_fields, remembered, state_of_versions
from framework.changes.join_versions import (
    ORIGIN,
    all_truncates,
    joined_facts,
    known_facts,
    memory_of,
    reach,
    rows_of,
    since,
    tells_parts,
    touched_keys,
    with_taken_over,
)
from framework.changes.rank import rank as rank_column
from framework.changes.scd2 import SHOWN, hidden, irregular, versions
from framework.testing.feeds import orders_and_splits, shuffled, splits
from framework.testing.oracle import Change, scd1, scd2
from tests.integration.test_scd1_columns import (
    NUMBER,
    PLACEHOLDERS,
    SWAP,
    SWAP_IN_PARTS,
    d,
    moved,
    some_orders_and_splits,
    source_feed,
    u,
)
from tests.integration.together import Feed, State, Together

KEYS = ["feed", "key"]
VALUES = ["a", "b"]
PLACE = [StructField("feed", IntegerType()), StructField("key", IntegerType())]
CELLS = [StructField(name, StringType()) for name in VALUES]
EVENT = StructType(
    [
        *[*PLACE, *CELLS],
        StructField(OP, StringType()),
        StructField(SEQ, NUMBER),
        StructField(VALID, NUMBER),
        StructField(ABSENT, ArrayType(StringType())),
        StructField(MOVED_FROM, StructType(PLACE)),
        StructField(MOVED_TO, StructType(PLACE)),
        StructField(SRC, StructType([StructField("position", LongType())])),
    ]
)
TIMES = [StructField(name, NUMBER) for name in (SEQ, VALID_FROM, VALID_TO)]
TABLE = StructType([*PLACE, *CELLS, *TIMES, StructField(STATE, state_of_versions(NUMBER))])
MEMORY = StructType([field for field in memory_fields(PLACE, NUMBER, NUMBER) if field.name != TIME])


def w(key: int, seq: int, a: str | None, b: str | None = "-", time: int | None = None) -> Change:
    """A whole row."""
    return Change(key, seq, "U", {"a": a, "b": b}, time=time)


CASES = {
    "C01": [w(1, 10, "a"), w(1, 5, "b")],
    "C02": [w(1, 10, "a"), d(1, 5)],
    "C03": [w(1, 5, "a"), d(1, 10), w(1, 7, "b")],
    "C04": [d(1, 10), w(1, 7, "a")],
    "C05": [w(1, 5, "a"), d(1, 10), w(1, 12, "c")],
    "C09 an upsert tied with a delete": [w(1, 5, "a"), d(1, 5), w(1, 3, "b")],
    "C09 two upserts tied": [w(1, 5, "a"), w(1, 5, "b"), w(1, 7, "c")],
    "C13a": [u(1, 10, a="1"), u(1, 7, a="0", b="5")],
    "C13b": [d(1, 8), u(1, 10, a="1"), u(1, 7, b="5")],
    "C16": [w(1, 5, "a"), w(1, 15, "a"), w(1, 20, "c"), w(1, 12, "b")],
    "C17": [w(1, 5, "a"), d(1, 6), w(1, 7, "b")],
    "C24": [w(1, 5, "a"), w(1, 15, "a"), w(1, 12, "b")],
    "C26": [d(1, 3), d(1, 4), w(1, 1, "a")],
    "NULL, 0, '' and false differ": [w(1, 1, None), w(1, 2, ""), w(1, 3, "0"), w(1, 4, "false")],
    "('a','bc') and ('ab','c') differ": [w(1, 1, "a", "bc"), w(1, 2, "ab", "c")],
    "two changes of one instant leave the last": [
        w(1, 1, "a", time=5),
        w(1, 2, "b", time=5),
        w(1, 3, "c", time=6),
    ],
    "time never runs backwards": [w(1, 1, "a", time=9), w(1, 2, "b", time=5), w(1, 3, "c", time=12)],
    "a gap of no length joins equal versions": [w(1, 1, "a", time=3), d(1, 2), w(1, 3, "a", time=3)],
}
ALL_CASES = [feed for case in CASES.values() for feed in orders_and_splits(case)]

MOVES = {
    "C15 a key moves": [w(1, 5, "x", "y"), *moved(1, 2, 6, 1, a="x", b="y")],
    "C15 a key that is entered is replaced whole": [w(2, 5, "o", "o"), *moved(1, 2, 6, 1, a="n", b=None)],
    "a key is used anew after it moved": [*moved(1, 2, 6, 1, a="x", b="y"), w(1, 7, "n"), u(2, 8, b="m")],
}


def random_feed(seed: int, *, truncates: bool = False) -> Feed:
    draw = random.Random(seed)
    events: list[Change] = []
    for position in range(draw.randint(2, 16)):
        roll, key, seq = draw.random(), draw.randint(1, 2), draw.randint(1, 14)
        if events and roll < 0.15:
            events.append(draw.choice(events))
        elif roll < 0.35:
            events.append(d(key, seq))
        elif truncates and roll < 0.45:
            events.append(Change(None, seq, "T"))
        elif roll < 0.5:
            events.append(u(key, seq, **{draw.choice(VALUES): draw.choice("xy")}))
        elif roll < 0.6:
            values = {"a": draw.choice("xy"), "b": draw.choice("pq")}
            events += moved(key, key % 2 + 1, 20 + position, 4 * position, **values)
        else:
            events.append(w(key, seq, draw.choice(["x", "y", None]), draw.choice("pq")))
    return shuffled(draw, events)


def whole_feed(seed: int) -> Feed:
    """Rows and deletes of one key, with repeats, ties and times that run backwards."""
    draw = random.Random(seed)
    events: list[Change] = []
    # one for each sequence: of a tie only one event counts, and whether the others' times do nobody says
    times = {seq: draw.choice([None, None, None, draw.randint(1, 9)]) for seq in range(1, 10)}
    for _ in range(draw.randint(2, 12)):
        seq = draw.randint(1, 9)
        time = times[seq]
        if events and draw.random() < 0.2:
            events.append(draw.choice(events))
        elif draw.random() < 0.3:
            events.append(Change(1, seq, "D", time=time))
        else:
            events.append(w(1, seq, draw.choice(["x", "y", None]), draw.choice("pq"), time))
    return shuffled(draw, events)


class History:
    """Stands for the table and what is remembered beside it."""

    def __init__(self, spark: SparkSession, tracked: list[str]) -> None:
        self._spark, self._tracked = spark, tracked
        self.rows: list[tuple[Any, ...]] = []
        self.memory: list[tuple[Any, ...]] = []
        self.ways: set[str] = set()

    def apply(self, batch: DataFrame, on_tie: str) -> None:
        table = self._spark.createDataFrame(self.rows, TABLE)
        memory = self._spark.createDataFrame(self.memory, MEMORY)
        changes = batch.filter(F.col(OP) != "T")
        truncates = all_truncates(batch, memory)
        touched = touched_keys(changes, table if batch.filter(F.col(OP) == "T").count() else None, KEYS)
        touched, read = reach(changes, touched, memory, KEYS, CELLS)
        shown, told = rows_of(table, read, KEYS), memory_of(memory, read, KEYS)
        if self._nothing_in_parts(batch, shown, told):
            self.ways.add("since")
            shown, told = since(shown, told, changes, KEYS)
        known = known_facts(
            shown,
            told,
            KEYS,
            CELLS,
            on_tie,
            positioned=False,
            ranked=["key", *VALUES],
            purged=False,
        )
        facts = joined_facts(changes, known, truncates, read, KEYS, CELLS, on_tie).localCheckpoint()
        filled = with_taken_over(facts, KEYS, CELLS).join(touched, KEYS, "left_semi")
        facts = facts.join(touched, KEYS, "left_semi")
        whole = facts.filter(irregular()).isEmpty() and self._tracked == VALUES
        self.ways.add("whole" if whole else "by column")
        found = versions(filled, KEYS, CELLS, self._tracked, whole=whole).localCheckpoint()
        secret = remembered(
            hidden(facts.filter(F.col(ORIGIN) != "truncate"), found, KEYS, CELLS), KEYS, CELLS
        )
        ends = batch.filter(F.col(OP) == "T").select(SEQ, F.lit("T").alias(OP), VALID)
        new = secret.unionByName(ends, allowMissingColumns=True).select(*MEMORY.names).collect()
        state = F.struct((~F.col(SHOWN)).alias(ELSEWHERE), F.col(ENDED)).alias(STATE)
        made = found.select(*TABLE.names[:-1], state).collect()
        replaced = shown.join(touched, KEYS, "left_semi").select(*KEYS, VALID_FROM)
        kept = table.join(replaced, [*KEYS, VALID_FROM], "left_anti").select(*TABLE.names).collect()
        self.rows = [tuple(row) for row in [*kept, *made]]
        self.memory = list({str(row): row for row in [*self.memory, *map(tuple, new)]}.values())

    @staticmethod
    def _nothing_in_parts(batch: DataFrame, shown: DataFrame, told: DataFrame) -> bool:
        """Whether all that is known and new is whole rows and ends of single keys."""
        irregular_event = (
            F.col(ABSENT).isNotNull() | F.col(MOVED_FROM).isNotNull() | F.col(MOVED_TO).isNotNull()
        )
        return (
            batch.filter((F.col(OP) == "T") | irregular_event).isEmpty()
            and shown.filter(F.col(STATE).getField(ELSEWHERE)).isEmpty()
            and told.agg(tells_parts(CELLS)).collect()[0][0] == 0
        )


def batch_frame(spark: SparkSession, feeds: list[Feed], n: int) -> DataFrame:
    rows = [_row(i, e) for i, feed in enumerate(feeds) for e in (feed[n] if n < len(feed) else [])]
    frame = spark.createDataFrame(rows, EVENT)
    # the oracle ranks events without the column that keeps the feeds apart
    ranked = frame.withColumn(RANK, rank_column([*PLACE[1:], *CELLS], absent=F.col(ABSENT)))
    return ranked.withColumn(VERDICT, F.lit("good")).localCheckpoint()


def _row(feed: int, e: Change) -> tuple[Any, ...]:
    absent = [name for name in VALUES if name not in e.values] if e.op == "U" else []
    time = float(e.seq if e.time is None else e.time)
    old = None if e.moved_from is None else (feed, e.moved_from)
    new = None if e.moved_to is None else (feed, e.moved_to)
    values = [e.values.get(name) for name in VALUES]
    return (feed, e.key, *values, e.op, float(e.seq), time, absent or None, old, new, (e.position,))


def states(
    spark: SparkSession,
    feeds: list[Feed],
    on_tie: str,
    tracked: list[str] | None = None,
    history: History | None = None,
) -> Iterator[State]:
    """The versions of each feed, and the truncates of all, after each batch: a truncate has no feed."""
    history = history or History(spark, tracked or VALUES)
    truncates: list[Change] = []
    for n in range(max(len(feed) for feed in feeds)):
        history.apply(batch_frame(spark, feeds, n), on_tie)
        truncates += [event for feed in feeds if n < len(feed) for event in feed[n] if event.op == "T"]
        rows: dict[int, list[tuple[Any, ...]]] = {i: [] for i in range(len(feeds))}
        for feed, key, a, b, _, start, end, _ in history.rows:
            rows[feed].append((key, a, b, start, end))
        yield {i: (each, list(truncates)) for i, each in rows.items()}


def agree(together: Together, group: str, tracked: list[str] | None = None) -> None:
    for seen in together.after_each_batch(group):
        rows, truncates = seen.found
        events = [*[event for event in seen.events if event.op != "T"], *truncates]
        expected = [
            (each.key, each.values["a"], each.values["b"], each.start, each.end)
            for each in scd2(events, VALUES, together.on_tie, tracked=tracked)
        ]
        assert sorted(rows, key=lambda row: (row[0], row[3])) == expected, str(seen)
        live = {key: {"a": a, "b": b} for key, a, b, _, end in rows if end is None}
        assert live == scd1(events, VALUES, together.on_tie), f"open rows {seen}"


def check(
    spark: SparkSession, feeds: list[Feed], on_tie: str = "delete_wins", tracked: list[str] | None = None
) -> None:
    """In a table of their own."""
    own = Together({"own": feeds}, partial(states, spark, tracked=tracked), on_tie)
    agree(own, "own", tracked)


@pytest.fixture(scope="module")
def whole(spark: SparkSession) -> Together:
    """Feeds whose key changes carry all columns."""
    draw = random.Random(2)
    groups = {
        "cases": ALL_CASES,
        "random": [random_feed(seed) for seed in range(150)],
        "key changes": [feed for case in MOVES.values() for feed in orders_and_splits(case)],
        "swaps": [draw.choice(list(splits(draw.sample(SWAP, len(SWAP))))) for _ in range(60)],
    }
    return Together(groups, partial(states, spark))


@pytest.fixture(scope="module")
def in_parts(spark: SparkSession) -> Together:
    """Feeds whose key changes leave out columns."""
    draw = random.Random(6)
    late = "C15b and what comes late of before the change"
    groups = {
        "cases": some_orders_and_splits(PLACEHOLDERS.values(), 50),
        "late values": list(orders_and_splits(PLACEHOLDERS[late])),
        "swaps": [shuffled(draw, SWAP_IN_PARTS, most=5) for _ in range(60)],
        "keys once": [source_feed(seed) for seed in range(75)],
        "keys used anew": [source_feed(seed, again=0.5) for seed in range(75)],
    }
    return Together(groups, partial(states, spark))


def test_every_order_and_split_of_the_cases_gives_the_versions_that_the_oracle_gives(whole: Together) -> None:
    assert len(ALL_CASES) >= 300
    agree(whole, "cases")


def test_where_upserts_win_ties_the_cases_give_the_versions_that_the_oracle_gives(
    compiled: SparkSession,
) -> None:
    # the tie rule matters to few of them; as Spark runs large batches
    check(compiled, random.Random(1).sample(ALL_CASES, 100), "upsert_wins")


@pytest.mark.parametrize("on_tie", ["delete_wins", "upsert_wins"])
def test_feeds_of_whole_rows_give_the_same_versions_by_one_sort(spark: SparkSession, on_tie: str) -> None:
    cases = [
        case for case in CASES.values() if all(len(e.values) == len(VALUES) or e.op == "D" for e in case)
    ]
    feeds = [feed for case in cases for feed in orders_and_splits(case)]
    history = History(spark, VALUES)
    together = Together(
        {"whole": [*feeds, *(whole_feed(seed) for seed in range(150))]},
        partial(states, spark, history=history),
        on_tie,
    )
    agree(together, "whole")
    assert history.ways == {"whole", "since"}


def test_random_feeds_give_the_versions_that_the_oracle_gives(whole: Together) -> None:
    agree(whole, "random")


def test_columns_that_are_not_tracked_open_no_versions(spark: SparkSession) -> None:
    check(spark, [random_feed(seed) for seed in range(75)], tracked=["a"])


def test_key_changes_close_the_old_keys_version_and_open_one_of_the_new_key(whole: Together) -> None:
    agree(whole, "key changes")


def test_a_swap_of_two_keys_at_one_sequence_loses_no_version(whole: Together) -> None:
    agree(whole, "swaps")


def test_every_order_and_split_of_key_changes_that_leave_out_values_gives_the_versions_of_the_oracle(
    in_parts: Together,
) -> None:
    agree(in_parts, "cases")


def test_c15b_a_late_value_of_the_old_key_splits_its_version_and_reaches_the_new_key(
    in_parts: Together,
) -> None:
    agree(in_parts, "late values")


def test_a_swap_whose_events_leave_out_values_keeps_them_in_every_version(in_parts: Together) -> None:
    agree(in_parts, "swaps")


@pytest.mark.parametrize("group", ["keys once", "keys used anew"])
def test_random_sources_that_move_rows_and_leave_out_values_give_the_versions_of_the_oracle(
    in_parts: Together, group: str
) -> None:
    agree(in_parts, group)


def test_truncates_close_the_versions_of_every_key_whenever_they_arrive(spark: SparkSession) -> None:
    """C14, in every order and split; a truncate concerns all feeds of a table, so each has a table of its own here."""
    for feed in random.Random(4).sample(
        list(orders_and_splits([w(1, 5, "x"), Change(None, 10, "T"), w(1, 7, "x"), w(2, 12, "y")])), 5
    ):
        check(spark, [feed])


def test_random_feeds_with_truncates_give_the_versions_that_the_oracle_gives(spark: SparkSession) -> None:
    check(spark, [random_feed(seed, truncates=seed % 10 == 0) for seed in range(60)])
