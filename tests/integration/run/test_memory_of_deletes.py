"""What a table remembers of deletes and truncates, and for how long; on both formats."""

from __future__ import annotations

import pytest

from framework.changes.columns import SEQ
from framework.run.outcome import Counts
from framework.testing.crashes import StopAt
from tests.integration.run.lakes import FEED_SCHEMA, TestLake, feed_lines

pytestmark = pytest.mark.either_format

CHANGES = {"keys": ["id"], "sequence": ["seq"], "envelope": "generic", "operation": "op"}


def day(number: int) -> str:
    return f"2026-01-{number:02d} 12:00:00.000001"


def timed_job(lake: TestLake, retention: str) -> None:
    lake.job(
        read={"format": "csv", "schema": {**FEED_SCHEMA, "seq": "timestamp"}},
        changes={**CHANGES, "tombstone_retention": retention},
    )


def test_an_event_older_than_the_forgotten_deletes_is_quarantined_unless_its_key_is_live_and_newer(
    lake: TestLake,
) -> None:
    """C06."""
    timed_job(lake, "3 days")
    lake.file("a.csv", *feed_lines([("U", 1, day(1), "a"), ("U", 3, day(1), "c"), ("D", 1, day(4), None)]))
    assert lake.applied().counts == Counts(read=3, inserted=1, remembered=1, superseded=1)
    lake.file("b.csv", *feed_lines([("U", 1, day(3), "late"), ("U", 2, day(6), "b")]))
    assert lake.applied().counts == Counts(read=2, inserted=1, superseded=1)
    assert len(lake.rows("id", role="tombstones")) == 1
    lake.file("c.csv", *feed_lines([("U", 3, day(12), "c2")]))
    outcome = lake.applied()
    assert outcome.counts == Counts(read=1, updated=1)
    assert "1 tombstones were older" in " ".join(outcome.notes)
    assert lake.rows("id", role="tombstones") == []
    lake.file(
        "d.csv", *feed_lines([("U", 1, day(3), "later"), ("U", 3, day(2), "old"), ("U", 1, day(5), "new")])
    )
    assert lake.plan().counts == Counts(read=3, inserted=1, superseded=1, quarantined=1)
    outcome = lake.applied()
    assert outcome.counts == Counts(read=3, inserted=1, superseded=1, quarantined=1)
    assert list(outcome.reject_reasons.values()) == [1]
    assert lake.rows("id", "v") == [(1, "new"), (2, "b"), (3, "c2")]
    assert [row[0][0]["rule"] for row in lake.rows("reasons", role="quarantine")] == ["too_late"]
    assert len(lake.rows("id", role="quarantine")) == 1


def test_tombstones_are_kept_for_ever_if_the_job_says_so(lake: TestLake) -> None:
    timed_job(lake, "0")
    lake.file("a.csv", *feed_lines([("D", 1, day(1), None)]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 2, day(28), "b")]))
    lake.applied()
    assert [row[0] for row in lake.rows("id", role="tombstones")] == [1]


def truncating_job(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA},
        changes={**CHANGES, "operations": {"I": ["i"], "U": ["u"], "D": ["d"], "T": ["t"]}},
    )


@pytest.mark.both_formats
def test_c14_a_truncate_ends_what_is_older_whenever_it_arrives(lake: TestLake) -> None:
    truncating_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "x"), ("U", 3, 12, "z"), ("U", 4, 6, "q")]))
    assert lake.applied().counts == Counts(read=3, inserted=3)
    lake.file("b.csv", *feed_lines([("T", None, 10, None), ("U", 4, 11, "q2")]))
    assert lake.applied().counts == Counts(read=2, updated=1, remembered=1)
    assert lake.rows("id", "v") == [(3, "z"), (4, "q2")]
    lake.file("c.csv", *feed_lines([("U", 1, 7, "x"), ("U", 2, 12, "y")]))
    assert lake.applied().counts == Counts(read=2, inserted=1, superseded=1)
    assert lake.rows("id", "v") == [(2, "y"), (3, "z"), (4, "q2")]
    before = lake.version()
    lake.file("d.csv", *feed_lines([("T", None, 10, None), ("T", None, 3, None)]))
    outcome = lake.applied()
    assert (outcome.status, outcome.counts.accounted) == ("unchanged", 2)
    assert lake.version() == before


def test_a_truncate_that_ended_no_row_ends_what_is_older_all_the_same(lake: TestLake) -> None:
    truncating_job(lake)
    lake.file("a.csv", *feed_lines([("U", 2, 12, "y")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("T", None, 10, None)]))
    assert lake.applied().counts == Counts(read=1, remembered=1)
    assert lake.rows("id", "v") == [(2, "y")]
    lake.file("c.csv", *feed_lines([("U", 1, 7, "x"), ("U", 3, 11, "z")]))
    assert lake.applied().counts == Counts(read=2, inserted=1, superseded=1)
    assert lake.rows("id", "v") == [(2, "y"), (3, "z")]


@pytest.mark.lane35
@pytest.mark.parametrize("stage", ["tombstones", "target"])
def test_a_truncate_that_is_stopped_at_a_write_is_finished_by_the_next_run(
    lake: TestLake, stage: str
) -> None:
    truncating_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "x"), ("U", 2, 12, "y")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("T", None, 10, None)]))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=True))
    lake.applied()
    assert lake.rows("id", "v") == [(2, "y")]
    assert lake.rows(SEQ, role="tombstones") == [(10,)]
