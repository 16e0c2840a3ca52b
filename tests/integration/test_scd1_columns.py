"""scd1 column by column, without any table: partial events, truncates and key changes against the oracle."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from framework.changes.cells import as_value, of_value
from framework.changes.columns import (
    ABSENT,
    EVENTS,
    LEFT,
    MOVE,
    MOVED_FROM,
    MOVED_TO,
    OP,
    OUTCOME,
    RANK,
    SEQ,
    SRC,
    STATE,
    VERDICT,
)
from framework.changes.fold_columns import fold_columns
from framework.changes.join_columns import join_columns, state_type, tombstone_fields
from framework.changes.join_moves import carry_over
from framework.changes.known import whole_row
from framework.changes.moves import leaves_out, unpaired
from framework.changes.rank import rank as rank_column
from framework.testing.feeds import orders_and_splits, shuffled, splits
from framework.testing.oracle import Change, scd1
from tests.integration.together import Feed, State, Together

KEYS = ["feed", "key"]
VALUES = ["a", "b"]
Table = dict[Any, dict[str, Any]]
NUMBER = DoubleType()
FEED = StructField("feed", IntegerType())
KEY = StructField("key", IntegerType())
CELLS = [StructField(name, StringType()) for name in VALUES]
PLACE = StructType([StructField("feed", IntegerType()), StructField("key", IntegerType())])
EVENT = StructType(
    [
        *[FEED, KEY, *CELLS],
        StructField(SEQ, NUMBER),
        StructField(OP, StringType()),
        StructField(ABSENT, ArrayType(StringType())),
        StructField(MOVED_FROM, PLACE),
        StructField(MOVED_TO, PLACE),
        StructField(SRC, StructType([StructField("position", LongType())])),
    ]
)
TABLE = StructType([FEED, KEY, *CELLS, StructField(SEQ, NUMBER), StructField(STATE, state_type(NUMBER))])


def u(key: int, seq: float, **values: str | None) -> Change:
    return Change(key, seq, "U", values)


def d(key: int, seq: float) -> Change:
    return Change(key, seq, "D")


def moved(old: int, new: int, seq: float, position: int, **values: str | None) -> list[Change]:
    """The two events of a key change, as the source writes them."""
    return [
        Change(old, seq, "D", moved_to=new, position=position),
        Change(new, seq, "U", values, moved_from=old, position=position + 1),
    ]


CASES = {
    "C12 an absent column keeps its value": [u(1, 5, a="x", b="y"), u(1, 6, a="z")],
    "C12 a NULL is a value": [u(1, 5, a="x", b="y"), u(1, 6, a="z", b=None)],
    "C13 placeholders fold column by column": [u(1, 1, a="1", b="X"), u(1, 2, b="Y"), u(1, 3, a="2")],
    "C13a a late event supplies what no newer one carried": [u(1, 10, a="1"), u(1, 7, a="0", b="5")],
    "C13b a delete resets columns for good": [d(1, 8), u(1, 10, a="1"), u(1, 7, b="5")],
    "a late delete resets what is older than it": [u(1, 5, a="x", b="y"), u(1, 10, a="z"), d(1, 7)],
    "a revival in parts": [u(1, 5, a="x", b="y"), d(1, 7), u(1, 9, b="n"), u(1, 6, a="o")],
    "two partial upserts tied": [u(1, 5, a="x"), u(1, 5, a="y", b="q"), u(1, 5, b="r")],
    "a partial upsert tied with a delete": [u(1, 4, a="x", b="y"), u(1, 5, a="z"), d(1, 5)],
    "C15 a key moves": [u(1, 5, a="x", b="y"), *moved(1, 2, 6, 1, a="x", b="y")],
    "C15 A becomes B becomes C at one sequence": [
        u(1, 5, a="x", b="y"),
        *moved(1, 2, 6, 1, a="p", b="q"),
        *moved(2, 3, 6, 3, a="r", b="s"),
    ],
    "C15 a key that is entered is replaced whole": [
        u(2, 5, a="old", b="old"),
        *moved(1, 2, 6, 1, a="n", b=None),
    ],
    "a key is used anew after it moved": [*moved(1, 2, 6, 1, a="x", b="y"), u(1, 7, a="n"), u(2, 8, b="m")],
}
C15A = [u(1, 5, a="1", b="X"), *moved(1, 2, 6, 1, a="2")]
C15B = [*C15A, u(1, 5.5, b="Z")]
PLACEHOLDERS = {
    "C15a the new key has what its write left out": C15A,
    "C15b and what comes late of before the change": C15B,
    "a late delete of the old key": [*C15A, d(1, 5.5)],
    "an older value than the one taken over": [*C15A, u(1, 4, a="o", b="O")],
    "a newer value of the new key wins": [*C15A, u(2, 6.1, b="N")],
    "a value of the old key at the change's sequence": [*C15A, u(1, 6, b="S")],
    "A becomes B becomes C at one sequence": [u(1, 5, a="1", b="X"), *moved(1, 2, 6, 1), *moved(2, 3, 6, 3)],
    "A becomes B becomes C later": [
        u(1, 5, a="1", b="X"),
        *moved(1, 2, 6, 1, a="2"),
        *moved(2, 3, 8, 3, a="3"),
    ],
}
SWAP = [
    u(1, 5, a="one", b="one"),
    u(2, 5, a="two", b="two"),
    *moved(1, 3, 6, 1, a="one", b="one"),
    *moved(2, 1, 6, 3, a="two", b="two"),
    *moved(3, 2, 6, 5, a="one", b="one"),
]


SWAP_IN_PARTS = [
    u(1, 5, a="one", b="one"),
    u(2, 5, a="two", b="two"),
    *moved(1, 3, 6, 1, a="1"),
    *moved(2, 1, 6, 3, b="2"),
    *moved(3, 2, 6, 5),
]
MADE_ANEW = [
    [u(1, 5, a="1", b="X")],
    moved(1, 2, 6, 1, a="2"),
    [u(1, 5.8, b="Z")],
    [u(1, 5.3, b="Y")],
    moved(1, 3, 5.5, 5, a="3"),
]


def source_feed(seed: int, *, again: float = 0.0, truncates: bool = False) -> Feed:
    """What a source tells that writes, deletes and moves its rows, and leaves out what a move didn't change.

    `again`: how often a key that was left or deleted is used anew, so that a late move may not find its old row.
    """
    draw = random.Random(seed)
    events: list[Change] = []
    live: list[int] = []
    gone: list[int] = []
    fresh, seq = 0, 0
    for position in range(0, 4 * draw.randint(3, 9), 4):
        seq += draw.random() < 0.8
        roll = draw.random()
        if not live or roll < 0.2:
            if gone and draw.random() < again:
                key = gone.pop(draw.randrange(len(gone)))
            else:
                key = fresh = fresh + 1
            seq += 1  # what an ordinary event means beside a move at its sequence, the cases tell
            events.append(u(key, seq, a=draw.choice("xy"), b=draw.choice("pq")))
            live.append(key)
            seq += 1
        elif roll < 0.45:
            seq += 1
            names = draw.choice(["a", "b", "ab"])
            events.append(
                u(draw.choice(live), seq, **{name: draw.choice(["v", "w", None]) for name in names})
            )
            seq += 1
        elif roll < 0.53:
            seq += 1
            gone.append(live.pop(draw.randrange(len(live))))
            events.append(d(gone[-1], seq))
            seq += 1
        elif truncates and roll < 0.58:
            seq += 1
            gone += live
            live = []
            events.append(Change(None, seq, "T"))
            seq += 1
        else:
            old = live.pop(draw.randrange(len(live)))
            if gone and draw.random() < again:
                new = gone.pop(draw.randrange(len(gone)))
            else:
                new = fresh = fresh + 1
            names = draw.choice(["", "", "a", "b", "ab"])
            both = moved(old, new, seq, position, **{name: draw.choice("mn") for name in names})
            # some sources write only the one event
            events += both if draw.random() < 0.8 else both[1:]
            live.append(new)
            gone.append(old)
    events += draw.sample(events, draw.randint(0, len(events) // 4))
    return shuffled(draw, events)


def some_orders_and_splits(cases: Iterable[list[Change]], most: int) -> list[Feed]:
    """Every order and split of each case, or as many of them, drawn at random."""
    draw, feeds = random.Random(5), []
    for case in cases:
        every = list(orders_and_splits(case))
        feeds += every if len(every) <= most else draw.sample(every, most)
    return feeds


def random_events(draw: random.Random, *, truncates: bool, keys: int) -> list[Change]:
    events: list[Change] = []
    for position in range(draw.randint(2, 24)):
        roll, key, seq = draw.random(), draw.randint(1, keys), draw.randint(1, 14)
        if events and roll < 0.15:
            events.append(draw.choice(events))
        elif roll < 0.35:
            events.append(d(key, seq))
        elif truncates and roll < 0.42:
            events.append(Change(None, seq, "T"))
        elif roll < 0.5:
            # a sequence of its own: what it means at others' is told by the cases
            values = dict.fromkeys(VALUES, draw.choice("wxyz"))
            events += moved(key, key % keys + 1, 20 + position, 4 * position, **values)
        else:
            carried = VALUES if draw.random() < 0.5 else [draw.choice(VALUES)]
            events.append(u(key, seq, **{name: draw.choice(["p", "q", "=", None]) for name in carried}))
    return events


def random_feed(seed: int, *, truncates: bool = False, keys: int = 3) -> Feed:
    draw = random.Random(seed)
    events = random_events(draw, truncates=truncates, keys=keys)
    return shuffled(draw, events)


class Lake:
    """Stands for the table and its tombstones."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self.rows: dict[tuple[int, int], Any] = {}
        self.tombstones: list[tuple[Any, ...]] = []

    def target(self) -> DataFrame | None:
        return self._spark.createDataFrame(list(self.rows.values()), TABLE) if self.rows else None

    def dead(self) -> DataFrame | None:
        schema = StructType(tombstone_fields([FEED, KEY], NUMBER))
        return self._spark.createDataFrame(self.tombstones, schema) if self.tombstones else None

    def apply(self, outcomes: DataFrame) -> int:
        """Events accounted for."""
        done = outcomes.collect()
        for row in done:
            at = (row.feed, row.key)
            if row[OUTCOME] in ("insert", "update"):
                self.rows[at] = tuple(row[name] for name in TABLE.names)
            elif row[OUTCOME] == "delete":
                del self.rows[at]
            if row[OUTCOME] in ("delete", "remember"):
                self.tombstones.append((row.feed, row.key, row[SEQ], row[MOVE], None, None))
        return sum(row[EVENTS] for row in done)

    def remember(self, departures: DataFrame) -> None:
        self.tombstones += [
            (row.feed, row.key, row[SEQ], row[MOVE], row[LEFT], None) for row in departures.collect()
        ]


def batch_frame(spark: SparkSession, feeds: list[Feed], n: int) -> DataFrame:
    rows = []
    for i, feed in enumerate(feeds):
        for e in feed[n] if n < len(feed) else []:
            absent = [name for name in VALUES if name not in e.values] if e.op == "U" else None
            values = [e.values.get(name) for name in VALUES]
            places = [(i, key) if key is not None else None for key in (e.moved_from, e.moved_to)]
            whole_table = e.op == "T"
            key = (None, None) if whole_table else (i, e.key)
            rows.append((*key, *values, float(e.seq), e.op, absent or None, *places, (e.position,)))
    frame = spark.createDataFrame(rows, EVENT)
    ranked = rank_column([KEY, *CELLS], absent=F.col(ABSENT))
    return frame.withColumn(RANK, ranked).withColumn(VERDICT, F.lit("good"))


def has_open_moves(events: DataFrame) -> bool:
    moves = F.count_if(leaves_out(events, CELLS)).alias("moves")
    found = events.agg(moves, unpaired(events, KEYS).alias("unpaired")).collect()[0]
    return bool(found.moves or found.unpaired)


def batches_applied(
    lake: Any,
    spark: SparkSession,
    feeds: list[Feed],
    on_tie: str,
    *,
    truncates: bool,
    timed: Callable[[DataFrame], DataFrame] = lambda events: events,
) -> Iterator[int]:
    """Apply the feeds batch by batch; how many batches the lake has had, after each."""
    for n in range(max(len(feed) for feed in feeds)):
        events = timed(batch_frame(spark, feeds, n)).localCheckpoint()
        target, ranked = lake.target(), ["key", *VALUES]
        carried = carry_over(
            events,
            target,
            lake.dead(),
            [FEED, KEY],
            CELLS,
            on_tie=on_tie,
            whole=whole_row(target, ranked, on_tie, False) if target is not None else None,
            moves=has_open_moves(events),
            truncates=truncates,
        )
        done = join_columns(
            fold_columns(events, KEYS, CELLS, on_tie, taken=carried.taken if carried else None),
            target,
            lake.dead(),
            KEYS,
            CELLS,
            on_tie=on_tie,
            positioned=False,
            truncates=truncates,
            ranked=ranked,
        ).localCheckpoint()
        if carried:
            lake.remember(carried.departures)
        accounted = lake.apply(done)
        assert accounted == sum(len(feed[n]) for feed in feeds if n < len(feed)), f"batch {n + 1}"
        yield n + 1


def states(
    spark: SparkSession, feeds: list[Feed], on_tie: str, *, truncates: bool = False
) -> Iterator[State]:
    """The rows of each feed, by key, after each batch."""
    lake = Lake(spark)
    for _ in batches_applied(lake, spark, feeds, on_tie, truncates=truncates):
        tables: dict[int, Table] = {}
        for (feed, key), row in lake.rows.items():
            tables.setdefault(feed, {})[key] = dict(zip(VALUES, row[2:4], strict=True))
        yield tables


def agree(together: Together, group: str, *, lost: bool = False) -> int:
    """Compare with the oracle after every batch; `lost`: values may be NULL instead. How many are, at the end."""
    missing: Counter[int] = Counter()
    for seen in together.after_each_batch(group):
        table, expected = seen.found or {}, scd1(seen.events, VALUES, together.on_tie)
        if lost:
            forgiven, expected = _forgiven(table, expected, seen.events)
            missing[seen.batch] += forgiven
        assert table == expected, str(seen)
    return missing[max(missing, default=0)]


def check(spark: SparkSession, feeds: list[Feed], *, truncates: bool = False, lost: bool = False) -> None:
    """In a table of their own."""
    own = Together({"own": feeds}, partial(states, spark, truncates=truncates))
    agree(own, "own", lost=lost)


def _forgiven(table: Table, expected: Table, seen: list[Change]) -> tuple[int, Table]:
    """What the oracle says, with NULL where the table has that instead in the row of a changed key; how often."""
    became = {event.key for event in seen if event.moved_from is not None}
    lost = [
        (key, name)
        for key in became & expected.keys() & table.keys()
        for name, value in expected[key].items()
        if value is not None and table[key][name] is None
    ]
    return len(lost), {
        key: {name: None if (key, name) in lost else value for name, value in row.items()}
        for key, row in expected.items()
    }


@pytest.fixture(scope="module", params=["delete_wins", "upsert_wins"])
def whole(spark: SparkSession, compiled: SparkSession, request: pytest.FixtureRequest) -> Together:
    """Feeds whose key changes carry all columns, by how ties are decided; one of them as Spark runs large batches."""
    on_tie, draw = request.param, random.Random(3)
    cases = [feed for case in CASES.values() for feed in orders_and_splits(case)]
    assert len(cases) >= 2000
    groups = {
        # the tie rule matters to few of them: all under the default, a part under the other
        "cases": cases if on_tie == "delete_wins" else random.Random(1).sample(cases, 300),
        "random": [random_feed(seed) for seed in range(150)],
        "swaps": [*splits(SWAP), *(shuffled(draw, SWAP) for _ in range(100))],
    }
    session = compiled if on_tie == "upsert_wins" else spark
    return Together(groups, partial(states, session), on_tie)


@pytest.fixture(scope="module")
def in_parts(spark: SparkSession) -> Together:
    """Feeds whose key changes leave out columns."""
    draw = random.Random(6)
    groups = {
        "cases": some_orders_and_splits(PLACEHOLDERS.values(), 200),
        "swaps": [
            *splits(SWAP_IN_PARTS),
            *(shuffled(draw, SWAP_IN_PARTS, most=5) for _ in range(150)),
        ],
        "keys once": [source_feed(seed) for seed in range(150)],
        "keys used anew": [source_feed(seed, again=0.5) for seed in range(100)],
        "made anew": [MADE_ANEW],
    }
    return Together(groups, partial(states, spark))


def test_every_order_and_split_of_partial_events_and_moves_gives_what_the_oracle_says(
    whole: Together,
) -> None:
    agree(whole, "cases")


def test_random_feeds_of_partial_events_and_moves_give_what_the_oracle_says(
    whole: Together,
) -> None:
    agree(whole, "random")


def test_a_swap_of_two_keys_at_one_sequence_loses_no_row_however_it_is_split_and_shuffled(
    whole: Together,
) -> None:
    agree(whole, "swaps")


def test_every_order_and_split_of_key_changes_that_leave_out_values_gives_what_the_oracle_says(
    in_parts: Together,
) -> None:
    agree(in_parts, "cases")


def test_a_swap_whose_events_leave_out_values_keeps_them_however_it_is_split_and_shuffled(
    in_parts: Together,
) -> None:
    agree(in_parts, "swaps")


def test_random_sources_that_move_rows_and_leave_out_values_give_what_the_oracle_says(
    in_parts: Together,
) -> None:
    agree(in_parts, "keys once")


def test_where_keys_are_used_anew_a_value_that_nothing_tells_any_more_is_null_and_never_another(
    in_parts: Together,
) -> None:
    values = sum(
        len(row)
        for feed in in_parts.groups["keys used anew"]
        for row in scd1([event for batch in feed for event in batch], VALUES).values()
    )
    assert agree(in_parts, "keys used anew", lost=True) < values / 20


def test_a_record_that_was_made_anew_since_doesnt_tell_what_an_earlier_change_took_over(
    in_parts: Together,
) -> None:
    agree(in_parts, "made anew", lost=True)


VALUES_OF_TYPES = {
    "bigint": "9007199254740993L",
    "decimal(38,10)": "123456789012345678.0123456789BD",
    "double": "double('NaN')",
    "binary": "X'00FF'",
    "timestamp": "TIMESTAMP'2026-01-01 00:00:00.000001'",
    "timestamp_ntz": "TIMESTAMP_NTZ'1969-12-31 23:59:59.999999'",
    "date": "DATE'1900-01-01'",
    "array<struct<a:int,b:string>>": "array(named_struct('a', 1, 'b', CAST(NULL AS STRING)))",
    "map<int,string>": "map(1, 'one', 2, NULL)",
    "map<string,decimal(9,2)>": "map('a', 1.50BD)",
    "string": "'\\u0000\\u20ac'",
}


def test_values_of_every_type_survive_as_cells(spark: SparkSession) -> None:
    typed = [f"CAST({value} AS {kind}) AS c{i}" for i, (kind, value) in enumerate(VALUES_OF_TYPES.items())]
    rows = spark.sql(f"SELECT {', '.join(typed)} UNION ALL SELECT {', '.join(['NULL'] * len(typed))}")
    fields = rows.schema.fields
    back = [of_value(as_value(field), field).alias(field.name) for field in fields]
    given, found = rows.collect(), rows.select(*back).collect()
    assert [str(row) for row in found] == [str(row) for row in given]


@pytest.mark.parametrize("seed", range(3))
def test_truncates_end_what_a_later_key_change_would_take_over(spark: SparkSession, seed: int) -> None:
    check(spark, [source_feed(100 * seed + 7, truncates=True)], truncates=True)
