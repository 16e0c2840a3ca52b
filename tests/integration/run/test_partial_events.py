"""Events that don't carry every column, through real tables of both formats."""

from __future__ import annotations

import random
from typing import Any

import pytest

from framework.run.outcome import Counts
from framework.testing.crashes import StopAt
from framework.testing.feeds import shuffled
from framework.testing.oracle import Change, scd1
from tests.integration.run.lakes import TestLake

COLUMNS = {"op": "string", "feed": "int", "id": "int", "seq": "bigint", "a": "string", "b": "string"}
CHANGES = {
    "keys": ["feed", "id"],
    "sequence": ["seq"],
    "envelope": "generic",
    "operation": "op",
    "null_means": "absent",
}


def partial_job(lake: TestLake, **keys: Any) -> None:
    read = {"format": "csv", "schema": COLUMNS, "options": {"header": True}}
    lake.job(read=read, changes=CHANGES, **keys)


def lines(events: list[tuple[int, Change]]) -> list[str]:
    rows = [(e.op, feed, e.key, e.seq, e.values.get("a"), e.values.get("b")) for feed, e in events]
    return [
        ",".join(COLUMNS),
        *[",".join("" if value is None else str(value) for value in row) for row in rows],
    ]


def feed_of(seed: int) -> list[list[Change]]:
    """Up to 16 events of two keys in up to four batches; a sequence is one event's."""
    draw = random.Random(seed)
    events = []
    for seq in draw.sample(range(1, 40), draw.randint(2, 16)):
        key = draw.randint(1, 2)
        if draw.random() < 0.25:
            events.append(Change(key, seq, "D"))
        else:
            # `seq` is a column of the table as well
            carried = {name: draw.choice("pqr") for name in draw.choice(["a", "b", "ab"])}
            events.append(Change(key, seq, "U", {**carried, "seq": seq}))
    events += draw.sample(events, draw.randint(0, len(events) // 2))
    return shuffled(draw, events)


@pytest.mark.both_formats
def test_random_partial_feeds_equal_the_oracle_after_every_batch(lake: TestLake) -> None:
    run_feeds(lake, [feed_of(seed) for seed in range(150)])


@pytest.mark.both_formats
@pytest.mark.usefixtures("as_large")
def test_the_ways_of_large_tables_give_the_same(lake: TestLake) -> None:
    run_feeds(lake, [feed_of(seed) for seed in range(150, 180)], properties={"layout": "merge-on-read"})


def run_feeds(lake: TestLake, feeds: list[list[list[Change]]], **write: Any) -> None:
    partial_job(lake, write=write)
    for n in range(4):
        events = [(i, event) for i, feed in enumerate(feeds) for event in (feed[n] if n < len(feed) else [])]
        lake.file(f"b{n}.csv", *lines(events))
        outcome = lake.applied()
        assert outcome.counts.read == len(events)
        table = {
            (feed, key): dict(zip(("seq", "a", "b"), values, strict=True))
            for feed, key, *values in lake.rows("feed", "id", "seq", "a", "b")
        }
        expected = {
            (i, key): row
            for i, feed in enumerate(feeds)
            for key, row in scd1([e for batch in feed[: n + 1] for e in batch], ["seq", "a", "b"]).items()
        }
        assert table == expected, f"after batch {n + 1}"


@pytest.mark.either_format
def test_a_late_event_supplies_what_no_newer_one_carried(lake: TestLake) -> None:
    """C13a, and a table that began with whole rows."""
    partial_job(lake)
    lake.file("a.csv", *lines([(0, Change(1, 5, "U", {"a": "x", "b": "y"}))]))
    assert lake.applied().counts == Counts(read=1, inserted=1)
    assert lake.rows("id", "a", "b") == [(1, "x", "y")]
    lake.file("b.csv", *lines([(0, Change(1, 10, "U", {"a": "z"}))]))
    assert lake.applied().counts == Counts(read=1, updated=1)
    assert lake.rows("id", "a", "b") == [(1, "z", "y")]
    lake.file("c.csv", *lines([(0, Change(1, 7, "U", {"a": "late", "b": "in time"}))]))
    assert lake.applied().counts == Counts(read=1, updated=1)
    assert lake.rows("id", "a", "b") == [(1, "z", "in time")]
    before = lake.version()
    lake.file("d.csv", *lines([(0, Change(1, 6, "U", {"a": "stale", "b": "stale"}))]))
    assert lake.applied().counts == Counts(read=1, superseded=1)
    assert lake.version() == before


@pytest.mark.lane35
@pytest.mark.either_format
@pytest.mark.parametrize("stage", ["tombstones", "target"])
def test_a_batch_of_partial_events_that_is_stopped_at_a_write_is_finished_by_the_next_run(
    lake: TestLake, stage: str
) -> None:
    partial_job(lake)
    lake.file("a.csv", *lines([(0, Change(key, 5, "U", {"a": "x", "b": "y"})) for key in (1, 2)]))
    lake.applied()
    lake.file("b.csv", *lines([(0, Change(1, 9, "U", {"b": "z"})), (0, Change(2, 9, "D"))]))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=True))
    lake.applied()
    assert lake.rows("id", "a", "b") == [(1, "x", "z")]
    lake.file("c.csv", *lines([(0, Change(2, 7, "U", {"a": "late"}))]))
    lake.applied()
    assert lake.rows("id", "a", "b") == [(1, "x", "z")]


@pytest.mark.either_format
def test_a_rule_on_columns_that_an_event_lacks_is_judged_on_the_row_it_makes(lake: TestLake) -> None:
    rules = 'Rules = [ (ColumnValues "a" != "x") OR (ColumnValues "b" != "y") ]'
    lake.job(
        read={"format": "csv", "schema": COLUMNS, "options": {"header": True}},
        changes=CHANGES,
        quality={"rules": rules},
    )
    lake.file(
        "a.csv",
        *lines([(0, Change(1, 5, "U", {"a": "x", "b": "n"})), (0, Change(2, 5, "U", {"a": "x", "b": "y"}))]),
    )
    assert lake.applied().counts == Counts(read=2, inserted=1, quarantined=1)
    lake.file("b.csv", *lines([(0, Change(1, 6, "U", {"b": "y"}))]))
    outcome = lake.applied()
    assert outcome.counts == Counts(read=1, updated=1)
    assert any("1 rows, put together from several events, break" in note for note in outcome.notes)
    assert [rule.failed_rows for rule in outcome.rules] == [1]
    assert lake.rows("id", "a", "b") == [(1, "x", "y")]
