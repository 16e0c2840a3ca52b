"""`delete: soft` through real tables of both formats: rows of deleted keys stay as they last were, marked."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from framework.changes.columns import MARK, SEQ
from framework.errors import TableError
from framework.run.adopt import adopt_table
from framework.run.explain import explain_key
from framework.run.outcome import Counts
from framework.testing.crashes import StopAt
from framework.testing.oracle import Change, scd1_soft
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, csv_line, feed_lines, feed_row
from tests.integration.run.test_adopted_tables import foreign_table
from tests.integration.run.test_debezium_history import deliver as deliver_messages
from tests.integration.run.test_debezium_history import records
from tests.integration.run.test_memory_of_deletes import day
from tests.integration.run.test_partial_events import CHANGES as PARTIAL
from tests.integration.run.test_partial_events import COLUMNS, feed_of, lines
from tests.integration.run.test_snapshots import SCHEMA, deliver
from tests.integration.test_scd1_kernel import case_feeds, random_feed

pytestmark = pytest.mark.either_format

SOFT = {**FEED_CHANGES, "delete": "soft"}
TRUNCATES = {"operations": {"U": ["u"], "D": ["d"], "T": ["t"]}}
Row = tuple[dict[str, Any], Any]


def soft_job(lake: TestLake, **changes: object) -> None:
    lake.job(read={"format": "csv", "schema": FEED_SCHEMA}, changes={**SOFT, **changes})


def marked(lake: TestLake) -> list[tuple[Any, ...]]:
    return lake.rows("id", "v", "deleted_at")


def check_feeds(
    lake: TestLake, feeds: list[list[list[Change]]], columns: list[str], deliver: Callable[[int], int]
) -> None:
    """After every batch, and once more with all of them again, the table is what the oracle says."""
    for n in range(5):
        if n < 4:
            read = deliver(n)
            outcome = lake.applied()
        else:
            read = sum(len(batch) for feed in feeds for batch in feed)
            outcome = lake.applied(replay="*")
        assert (outcome.counts.read, outcome.counts.accounted) == (read, read)
        table = {
            row[:2]: (dict(zip(columns, row[2:-1], strict=True)), row[-1])
            for row in lake.rows("feed", "id", *columns, "deleted_at")
        }
        expected: dict[tuple[int, Any], Row] = {}
        for i, feed in enumerate(feeds):
            seen = [event for batch in feed[: n + 1] for event in batch]
            for key, row in scd1_soft(seen, columns, key_name="id").items():
                expected[i, key] = row
        assert table == expected, f"after batch {n + 1}"


@pytest.mark.both_formats
def test_cases_and_random_feeds_equal_the_oracle_after_every_batch(lake: TestLake) -> None:
    """All in one table, each feed under a key of its own."""
    draw = random.Random(5)
    feeds = draw.sample(case_feeds(), 120) + [random_feed(seed) for seed in range(3000, 3120)]
    lake.job(
        read={
            "format": "csv",
            "schema": {"feed": "int", **FEED_SCHEMA},
            "options": {"header": True, "nullValue": "NULL"},
        },
        changes={**SOFT, "keys": ["feed", "id"]},
    )
    rows = [[[feed_row(i, e) for e in batch] for batch in feed] for i, feed in enumerate(feeds)]

    def put(n: int) -> int:
        events = [e for feed in rows if n < len(feed) for e in feed[n]]
        lake.file(f"b{n}.csv", "feed,op,id,seq,v", *[csv_line(e) for e in events])
        return len(events)

    check_feeds(lake, rows, ["seq", "v"], put)


@pytest.mark.both_formats
def test_random_partial_feeds_equal_the_oracle_after_every_batch(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": COLUMNS, "options": {"header": True}},
        changes={**PARTIAL, "delete": "soft"},
    )
    feeds = [feed_of(seed) for seed in range(5000, 5150)]

    def put(n: int) -> int:
        events = [(i, event) for i, feed in enumerate(feeds) for event in (feed[n] if n < len(feed) else [])]
        lake.file(f"b{n}.csv", *lines(events))
        return len(events)

    check_feeds(lake, feeds, ["seq", "a", "b"], put)


def test_a_deleted_row_stays_as_it_last_was_until_a_newer_event_revives_it(lake: TestLake) -> None:
    soft_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("U", 2, 5, "b"), ("D", 9, 5, None)]))
    assert lake.applied().counts == Counts(read=3, inserted=2, remembered=1)
    assert marked(lake) == [(1, "a", None), (2, "b", None)]
    lake.file("b.csv", *feed_lines([("D", 1, 9, None)]))
    assert lake.plan().counts == Counts(read=1, deleted=1)
    assert lake.applied().counts == Counts(read=1, deleted=1)
    assert marked(lake) == [(1, "a", 9), (2, "b", None)]
    # the row is its own tombstone; a key that was never seen has none
    assert lake.rows("id", SEQ, role="tombstones") == [(9, 5)]
    lake.file("c.csv", *feed_lines([("U", 1, 7, "late"), ("U", 9, 4, "late")]))
    assert lake.applied().counts == Counts(read=2, inserted=1, updated=1)
    assert marked(lake) == [(1, "late", 9), (2, "b", None), (9, "late", 5)]
    before = lake.version()
    lake.file("d.csv", *feed_lines([("D", 1, 9, None), ("U", 1, 6, "older"), ("D", 9, 5, None)]))
    assert lake.applied().counts == Counts(read=3, duplicate=2, superseded=1)
    assert lake.version() == before
    lake.file("e.csv", *feed_lines([("U", 1, 11, "again")]))
    assert lake.applied().counts == Counts(read=1, inserted=1)
    assert marked(lake) == [(1, "again", None), (2, "b", None), (9, "late", 5)]


def test_deleted_at_is_the_deletes_commit_time_where_the_source_tells_it(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": {**FEED_SCHEMA, "at": "timestamp"}},
        changes={**SOFT, "commit_time": "at"},
    )
    at = "2026-03-01 12:00:00"
    lake.file("a.csv", "op,id,seq,v,at", f"U,1,5,a,{at}", "U,2,5,b,", f"D,1,6,,{at}", "D,2,6,,")
    assert lake.applied().counts == Counts(read=4, inserted=2, superseded=1, quarantined=1)
    assert [(key, v, str(end) if end else None) for key, v, end in marked(lake)] == [
        (1, "a", at),
        (2, "b", None),
    ]
    # a row can't be marked by an event that doesn't say when it happened
    assert [row[0][0]["rule"] for row in lake.rows("reasons", role="quarantine")] == ["commit_time"]


def test_a_truncate_marks_what_is_older_whenever_it_arrives(lake: TestLake) -> None:
    """C14."""
    soft_job(lake, **TRUNCATES)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "x"), ("U", 3, 12, "z"), ("U", 4, 6, "q")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("T", None, 10, None), ("U", 4, 11, "q2")]))
    assert lake.applied().counts.accounted == 2
    assert marked(lake) == [(1, "x", 10), (3, "z", None), (4, "q2", None)]
    lake.file("c.csv", *feed_lines([("U", 5, 7, "late"), ("U", 2, 12, "y"), ("T", None, 6, None)]))
    assert lake.applied().counts.accounted == 3
    assert marked(lake) == [(1, "x", 6), (2, "y", None), (3, "z", None), (4, "q2", None), (5, "late", 10)]
    lake.file("d.csv", *feed_lines([("U", 1, 8, "x2"), ("T", None, 10, None)]))
    assert lake.applied().counts == Counts(read=2, updated=1, duplicate=1)
    assert marked(lake)[0] == (1, "x2", 10)


def test_keys_that_a_snapshot_lacks_are_marked_whether_snapshots_come_together_or_apart(
    lake: TestLake,
) -> None:
    def job(name: str) -> TestLake:
        own = TestLake(lake.spark, lake.root, lake.folder / name, lake.format)
        own.job(
            read={"format": "csv", "schema": SCHEMA},
            changes={"keys": ["id"], "sequence": ["day"], "snapshot": True, "delete": "soft"},
        )
        return own

    days = [["1,a", "2,b"], ["1,c"], ["1,c"], ["2,d", "1,c"], ["1,c"]]
    apart, together = job("apart"), job("together")
    for n, rows in enumerate(days, start=1):
        deliver(apart, n, *rows)
        deliver(together, n, *rows)
        assert apart.applied().counts.accounted == len(rows)
        if n == 3:
            assert [(key, v, str(at)[:10]) for key, v, at in marked(apart)][1] == (2, "b", "2026-01-02")
    assert together.applied().counts.accounted == 7
    assert [(key, v, str(at)[:10]) for key, v, at in marked(apart)] == [
        (1, "c", "None"),
        (2, "d", "2026-01-05"),
    ]
    assert marked(together) == marked(apart)


def test_the_old_row_of_a_changed_key_is_marked_and_hands_on_what_its_event_left_out(lake: TestLake) -> None:
    """Recorded by Debezium; the end of the old key and the write of the new one come in different batches."""
    lake.job(
        read={"format": "parquet", "options": {}},
        changes={"keys": ["id"], "envelope": "debezium", "delete": "soft"},
    )
    live = [
        [(1, "<U*9000>"), (2, None), (3, "small")],
        [(1, "<U*9000>"), (10, "<T*9000>"), (2, None), (5, None)],
    ]
    ended = [[(4, "<T*9000>")], [(3, "small"), (4, "<T*9000>")]]
    messages = records("item")
    for n, part in enumerate((messages[:7], messages[7:16])):
        deliver_messages(lake, part, n)
        assert lake.applied().counts.accounted == len(part)
        rows = lake.rows("id", "big", "deleted_at")
        assert [row[:2] for row in rows if row[2] is None] == live[n]
        assert [row[:2] for row in rows if row[2] is not None] == ended[n]
    # commit times of the source
    assert {str(row[0])[:2] for row in lake.rows("deleted_at") if row[0]} == {"20"}


def test_what_is_forgotten_is_too_late_for_marked_rows_which_stay(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": {**FEED_SCHEMA, "seq": "timestamp"}},
        changes={**SOFT, "tombstone_retention": "3 days"},
    )
    lake.file("a.csv", *feed_lines([("U", 1, day(1), "a"), ("D", 1, day(3), None), ("D", 2, day(4), None)]))
    assert lake.applied().counts == Counts(read=3, inserted=1, remembered=1, superseded=1)
    lake.file("b.csv", *feed_lines([("U", 3, day(12), "c")]))
    assert "1 tombstones were older" in " ".join(lake.applied().notes)
    lake.file(
        "c.csv", *feed_lines([("U", 1, day(2), "late"), ("U", 2, day(2), "late"), ("U", 3, day(4), "old")])
    )
    assert lake.applied().counts == Counts(read=3, quarantined=2, superseded=1)
    assert [row[:2] for row in marked(lake)] == [(1, "a"), (3, "c")]
    lake.file("d.csv", *feed_lines([("U", 1, day(13), "again")]))
    assert lake.applied().counts == Counts(read=1, inserted=1)
    assert marked(lake) == [(1, "again", None), (3, "c", None)]


def test_rules_about_the_dataset_are_about_rows_that_live(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA},
        changes=SOFT,
        quality={"rules": 'Rules = [ Uniqueness "v" = 1.0 ]'},
    )
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("D", 1, 6, None), ("U", 2, 5, "b")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 3, 7, "a")]))
    lake.applied()
    assert marked(lake) == [(1, "a", 6), (2, "b", None), (3, "a", None)]


def test_ordered_sources_pay_for_no_memory(lake: TestLake) -> None:
    soft_job(lake, ordered=True)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("D", 1, 6, None), ("D", 2, 7, None)]))
    lake.applied()
    assert marked(lake) == [(1, "a", 6)]
    assert lake.rows(role="tombstones") == []


@pytest.mark.lane35
@pytest.mark.parametrize("stage", ["tombstones", "target"])
def test_a_batch_that_is_stopped_at_a_write_is_finished_by_the_next_run(lake: TestLake, stage: str) -> None:
    soft_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("U", 2, 5, "b")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("D", 1, 6, None), ("D", 1, 8, None), ("D", 7, 8, None)]))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=True))
    lake.applied()
    assert marked(lake) == [(1, "a", 6), (2, "b", None)]
    assert lake.rows("id", SEQ, role="tombstones") == [(1, 8), (7, 8)]


def test_a_job_and_a_table_that_differ_in_their_kind_of_delete_are_told_both(lake: TestLake) -> None:
    soft_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a")]))
    lake.applied()
    soft_job(lake, delete="hard")
    lake.file("b.csv", *feed_lines([("U", 1, 6, "b")]))
    refused = lake.run()
    assert refused.error_class == "ContractError"
    assert "hard in the job" in (refused.error or "") and "soft, as the table records" in (
        refused.error or ""
    )
    assert marked(lake) == [(1, "a", None)]


def test_a_table_without_soft_deletes_has_none_of_their_columns(lake: TestLake) -> None:
    soft_job(lake, delete="hard")
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("D", 2, 5, None)]))
    lake.applied()
    assert lake.rows() == [(1, 5, "a")]
    with pytest.raises(Exception, match=MARK):
        lake.rows(MARK)


def test_an_adopted_table_keeps_the_rows_that_were_marked_before(lake: TestLake) -> None:
    soft_job(lake)
    rows = "(1, 5L, 'a', null), (2, 5L, 'b', null), (3, 5L, 'c', 7L), (4, 5L, 'd', 7L)"
    foreign_table(lake, rows, "id, seq, v, deleted_at")
    lake.file(
        "a.csv", *feed_lines([("U", 1, 1, "new"), ("D", 2, 1, None), ("U", 3, 2, "again"), ("D", 4, 2, None)])
    )
    done = adopt_table(lake.project, f"{lake.domain}.t", spark=lake.spark)
    assert "sluice.delete = soft" in done
    assert marked(lake) == [(1, "a", None), (2, "b", None), (3, "c", 7), (4, "d", 7)]
    assert lake.applied().counts == Counts(read=4, inserted=1, updated=1, deleted=1, remembered=1)
    assert marked(lake) == [(1, "new", None), (2, "b", 1), (3, "again", None), (4, "d", 7)]


def test_a_column_that_cannot_say_when_rows_ended_is_not_adopted(lake: TestLake) -> None:
    soft_job(lake)
    foreign_table(lake, "(1, 5L, 'a', false)", "id, seq, v, deleted_at")
    lake.file("a.csv", *feed_lines([("U", 1, 1, "new")]))
    with pytest.raises(TableError, match="deleted_at of another type"):
        adopt_table(lake.project, f"{lake.domain}.t", spark=lake.spark)


def test_every_event_of_a_marked_row_is_explained(lake: TestLake) -> None:
    soft_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("D", 1, 9, None), ("U", 1, 4, "old")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("D", 1, 12, None), ("D", 1, 9, None)]))
    lake.applied()
    found = explain_key(lake.project, f"{lake.domain}.t", {"id": "1"}, spark=lake.spark)
    assert [(each.sequence, each.fate, each.why) for each in found.events] == [
        ("4", "superseded", "#2 is newer and carries all its columns"),
        ("5", "applied", "is the newest; #3 marked the row"),
        ("9", "applied", "marked the row"),
        ("9", "duplicate", "is #3 again"),
        ("12", "applied", "the row had ended before: kept against late events"),
    ]
    assert [(row["v"], row["deleted_at"]) for row in found.rows] == [("a", 9)]
