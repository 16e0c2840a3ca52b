"""Batches that are newer than all that a large table has are merged without being compared; on both formats."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from framework.changes.columns import SEQ
from framework.context import SilentListener
from framework.run.outcome import Counts
from framework.tables import table_ref
from framework.testing.crashes import StopAt
from framework.testing.oracle import scd1
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, csv_line, feed_lines, feed_row
from tests.integration.test_scd1_kernel import event

pytestmark = [pytest.mark.usefixtures("as_large"), pytest.mark.either_format]


def feed_job(lake: TestLake, **changes: Any) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA, "options": {"header": True, "nullValue": ""}},
        changes={**FEED_CHANGES, **changes},
    )


def test_what_is_newer_than_the_table_and_its_tombstones_is_merged_and_what_is_not_is_compared(
    lake: TestLake,
) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", 2, 2, "b"), ("U", 3, 3, "c")]))
    assert lake.applied().counts == Counts(read=3, inserted=3)
    b = [("U", 1, 4, "a2"), ("D", 2, 5, ""), ("U", 4, 6, "d"), ("U", 4, 7, "d2"), ("D", 9, 20, "")]
    lake.file("b.csv", *feed_lines(b))
    assert lake.plan().counts == Counts(read=5, merged=4, superseded=1)
    assert lake.applied().counts == Counts(read=5, merged=4, superseded=1)
    assert lake.rows("id", "v") == [(1, "a2"), (3, "c"), (4, "d2")]
    assert lake.rows("id", SEQ, role="tombstones") == [(2, 5), (9, 20)]
    # newer than every row, not than the delete of a key that the table never had
    lake.file("c.csv", *feed_lines([("U", 9, 19, "late"), ("U", 1, 21, "a3")]))
    assert lake.applied().counts == Counts(read=2, updated=1, superseded=1)
    assert lake.rows("id", "v") == [(1, "a3"), (3, "c"), (4, "d2")]
    before = lake.version()
    lake.file("d.csv", *feed_lines(b))
    # the losers among them came before their winners did
    assert lake.applied().counts.applied == 0
    assert lake.version() == before
    lake.file("e.csv", *feed_lines([("U", 2, 22, "back"), ("U", 1, 21, "a3")]))
    assert lake.applied().counts == Counts(read=2, inserted=1, duplicate=1)
    lake.file("f.csv", *feed_lines([("U", 2, 23, "b3"), ("X", 2, 24, "?")]))
    assert lake.applied().counts == Counts(read=2, merged=1, quarantined=1)
    assert lake.rows("id", "v") == [(1, "a3"), (2, "b3"), (3, "c"), (4, "d2")]


def test_what_others_wrote_meanwhile_counts(lake: TestLake) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", 2, 2, "b")]))
    lake.applied()
    identifier = table_ref(lake.project.lake, lake.table, lake.format).identifier
    lake.spark.sql(f"UPDATE {identifier} SET v = 'by hand', {SEQ} = 50 WHERE id = 1")
    lake.file("b.csv", *feed_lines([("U", 1, 40, "a2"), ("U", 2, 41, "b2")]))
    assert lake.applied().counts == Counts(read=2, updated=1, superseded=1)
    assert lake.rows("id", "v") == [(1, "by hand"), (2, "b2")]
    lake.file("c.csv", *feed_lines([("U", 1, 51, "a3")]))
    assert lake.applied().counts == Counts(read=1, merged=1)
    assert lake.rows("id", "v") == [(1, "a3"), (2, "b2")]


class Meanwhile(SilentListener):
    """Does something when a stage begins."""

    def __init__(self, stage: str, work: Callable[[], object]) -> None:
        self._stage, self._work = stage, work

    def stage_started(self, job: str, stage: str) -> None:
        if stage == self._stage:
            self._work()


def test_what_others_wrote_between_the_look_at_the_table_and_the_commit_counts_in_the_next_batch(
    lake: TestLake,
) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", 2, 2, "b")]))
    lake.applied()
    identifier = table_ref(lake.project.lake, lake.table, lake.format).identifier
    by_hand = f"UPDATE {identifier} SET v = 'by hand', {SEQ} = 50 WHERE id = 1"
    lake.file("b.csv", *feed_lines([("U", 2, 3, "b2")]))
    assert lake.applied(listener=Meanwhile("target", lambda: lake.spark.sql(by_hand))).counts.merged == 1
    lake.file("c.csv", *feed_lines([("U", 1, 40, "late"), ("U", 2, 41, "b3")]))
    assert lake.applied().counts == Counts(read=2, updated=1, superseded=1)
    assert lake.rows("id", "v") == [(1, "by hand"), (2, "b3")]


def test_deletes_of_keys_that_the_table_lacks_make_no_version_of_it(lake: TestLake) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a")]))
    lake.applied()
    before = lake.version()
    lake.file("b.csv", *feed_lines([("D", 2, 5, "")]))
    assert lake.applied().counts == Counts(read=1, remembered=1)
    assert lake.version() == before
    lake.file("c.csv", *feed_lines([("U", 2, 4, "late"), ("U", 1, 6, "a2")]))
    assert lake.applied().counts == Counts(read=2, updated=1, superseded=1)


@pytest.mark.parametrize(
    ("lake", "stage", "after"),
    [("iceberg", "tombstones", True), ("delta", "target", False), ("iceberg", "target", True)],
    indirect=["lake"],
)
def test_a_run_that_was_stopped_on_the_way_ends_the_same(lake: TestLake, stage: str, after: bool) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", 2, 2, "b")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 4, "a2"), ("D", 2, 5, ""), ("U", 3, 6, "c")]))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=after))
    lake.file("c.csv", *feed_lines([("U", 2, 3, "late")]))
    lake.applied()
    lake.run()
    assert lake.rows("id", "v") == [(1, "a2"), (3, "c")]
    assert lake.rows("id", SEQ, role="tombstones") == [(2, 5)]


def test_ties_within_a_batch_that_is_ahead_are_settled_and_with_the_horizon_compared(lake: TestLake) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 5, "x"), ("U", 1, 5, "y"), ("U", 2, 5, "z"), ("D", 2, 5, "")]))
    outcome = lake.applied()
    assert outcome.counts == Counts(read=4, merged=2, superseded=2)
    assert any(note.startswith("2 keys had ties") for note in outcome.notes)
    settled = lake.rows("id", "v")
    lake.file("c.csv", *feed_lines([("U", 1, 5, "x"), ("U", 1, 5, "y")]))
    assert lake.applied().counts.applied == 0
    assert lake.rows("id", "v") == settled
    assert [row[0] for row in settled] == [1]


@pytest.mark.both_formats
def test_random_batches_that_follow_each_other_equal_the_oracle(lake: TestLake) -> None:
    feeds = [in_order(seed) for seed in range(40)]
    lake.job(
        read={
            "format": "csv",
            "schema": {"feed": "int", **FEED_SCHEMA},
            "options": {"header": True, "nullValue": "NULL"},
        },
        changes={**FEED_CHANGES, "keys": ["feed", "id"], "on_tie": "upsert_wins"},
    )
    for n in range(6):
        lake.file(f"b{n}.csv", "feed,op,id,seq,v", *[csv_line(e) for feed in feeds for e in feed[n]])
        counts = lake.applied().counts
        assert counts.merged > 50 if n in (1, 2, 4, 5) else counts.merged == 0
        assert counts.superseded > 20
        table = {row[:2]: row[2:] for row in lake.rows("feed", "id", "seq", "v")}
        expected = {
            (i, key): (row["seq"], row["v"])
            for i, feed in enumerate(feeds)
            for key, row in scd1(
                [e for batch in feed[: n + 1] for e in batch],
                ["feed", "seq", "v"],
                "upsert_wins",
                key_name="id",
            ).items()
        }
        assert table == expected, f"after batch {n + 1}"


def in_order(seed: int) -> list[list[Any]]:
    """Six batches; the fourth has what came late, each other is newer than all before. In a batch anything goes."""
    draw = random.Random(seed)

    def one(n: int) -> Any:
        delete = draw.random() < 0.25
        value = None if delete else draw.choice("abc")
        seq = draw.randint(0, 39) if n == 3 else n * 10 + draw.randint(0, 9)
        return event(draw.randint(1, 4), seq, "D" if delete else "U", value)

    return [[feed_row(seed, one(n)) for _ in range(draw.randint(0, 6))] for n in range(6)]
