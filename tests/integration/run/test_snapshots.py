"""Deliveries of whole tables: what differs is applied, what is missing is deleted; on both formats."""

from __future__ import annotations

import pytest

from framework.run import snapshot
from framework.run.outcome import Counts
from framework.testing.crashes import StopAt
from tests.integration.run.lakes import TestLake

pytestmark = pytest.mark.either_format

SCHEMA = {"id": "int", "v": "string", "day": "date"}


def snapshot_job(lake: TestLake, history: str = "scd1", **keys: object) -> None:
    lake.job(
        read={"format": "csv", "schema": SCHEMA},
        changes={"keys": ["id"], "sequence": ["day"], "snapshot": True, "history": history},
        **keys,
    )


def deliver(lake: TestLake, day: int, *rows: str) -> None:
    lake.file(
        f"s{day}-{len(list(lake.folder.glob('in/*')))}.csv",
        "id,v,day",
        *[f"{row},2026-01-{day:02d}" for row in rows],
    )


def versions(lake: TestLake) -> list[tuple[object, ...]]:
    rows = lake.rows("id", "v", "valid_from", "valid_to")
    return [(key, v, _day(start), _day(end)) for key, v, start, end in rows]


def _day(date: object) -> int | None:
    return None if date is None else int(str(date)[-2:]) if str(date) > "2000" else 0


def test_only_what_differs_is_written_and_missing_keys_are_deleted(lake: TestLake) -> None:
    snapshot_job(lake)
    deliver(lake, 1, "1,a", "2,b", "3,d")
    assert lake.applied().counts == Counts(read=3, inserted=3)
    deliver(lake, 2, "1,a", "2,c", "4,e")
    outcome = lake.applied()
    assert outcome.counts == Counts(read=3, inserted=1, updated=1, duplicate=1)
    assert "1 keys are missing from the snapshot: deleted" in outcome.notes
    assert lake.rows("id", "v") == [(1, "a"), (2, "c"), (4, "e")]
    before = lake.version()
    deliver(lake, 3, "1,a", "2,c", "4,e")
    assert lake.applied().counts == Counts(read=3, duplicate=3)
    assert lake.version() == before


def test_a_snapshot_older_than_the_last_is_refused_and_the_next_run_goes_on_without_it(
    lake: TestLake,
) -> None:
    snapshot_job(lake)
    deliver(lake, 1, "1,a")
    lake.applied()
    deliver(lake, 3, "1,a")
    # nothing differs, and still the table is as of the third
    lake.applied()
    deliver(lake, 2, "1,old", "2,old")
    outcome = lake.run()
    assert (outcome.error_class, outcome.exit_code) == ("DeliveryRefused", 6)
    assert "2026-01-02" in (outcome.error or "") and "2026-01-03" in (outcome.error or "")
    deliver(lake, 4, "1,b")
    assert lake.applied().counts == Counts(read=1, updated=1)
    assert lake.rows("id", "v") == [(1, "b")]


def test_of_several_snapshots_those_that_are_older_than_the_table_are_left_out(lake: TestLake) -> None:
    snapshot_job(lake)
    deliver(lake, 2, "1,a", "2,b")
    lake.applied()
    deliver(lake, 1, "9,old")
    deliver(lake, 3, "1,a")
    assert lake.applied().counts == Counts(read=2, superseded=1, duplicate=1)
    assert lake.rows("id", "v") == [(1, "a")]
    # another part of what is there, or the same again: nothing is missing from it
    deliver(lake, 3, "4,d")
    assert lake.applied().counts == Counts(read=1, inserted=1)
    assert lake.rows("id", "v") == [(1, "a"), (4, "d")]


def test_rules_about_the_batch_judge_what_was_delivered_and_set_it_aside(lake: TestLake) -> None:
    snapshot_job(lake, quality={"rules": "Rules = [ RowCount > 1 ]"})
    deliver(lake, 1, "1,a", "2,b")
    lake.applied()
    deliver(lake, 2, "1,a", "2,b")
    assert lake.applied().counts == Counts(read=2, duplicate=2)
    deliver(lake, 3, "1,a")
    assert lake.run().error_class == "DeliveryRefused"
    deliver(lake, 4, "1,a", "2,c")
    assert lake.applied().counts == Counts(read=2, updated=1, duplicate=1)


def test_an_empty_snapshot_is_refused(lake: TestLake) -> None:
    snapshot_job(lake)
    deliver(lake, 1, "1,a")
    lake.applied()
    deliver(lake, 2)
    assert lake.run().error_class == "DeliveryRefused"
    assert lake.rows("id", "v") == [(1, "a")]
    assert lake.applied().status == "nothing_new"


def test_a_key_with_refused_rows_was_there_and_stays_as_it_is(lake: TestLake) -> None:
    snapshot_job(lake, quality={"rules": 'Rules = [ ColumnValues "v" != "bad" ]'})
    deliver(lake, 1, "1,a", "2,b", "3,c")
    lake.applied()
    deliver(lake, 2, "1,x", "1,y", "2,bad", "4,d")
    assert lake.applied().counts == Counts(read=4, inserted=1, quarantined=3)
    assert lake.rows("id", "v") == [(1, "a"), (2, "b"), (4, "d")]
    rules = sorted(row[0][0]["rule"] for row in lake.rows("reasons", role="quarantine"))
    assert rules == ['ColumnValues "v" != "bad"', "repeated_key", "repeated_key"]
    deliver(lake, 3, "1,z", ",nobody")
    # a row without a key may be any of those that seem to be missing
    assert lake.applied().counts == Counts(read=2, updated=1, quarantined=1)
    assert lake.rows("id", "v") == [(1, "z"), (2, "b"), (4, "d")]


REPEATED = {
    "a known key, equal rows": (["1,a", "1,a", "2,b"], [(1, "a"), (2, "b")]),
    "a known key, while another is missing": (["1,x", "1,y"], [(1, "a")]),
    "a new key": (["1,a", "2,c", "3,d", "3,e"], [(1, "a"), (2, "c")]),
}


@pytest.mark.parametrize("case", REPEATED)
def test_a_key_that_comes_twice_is_refused_though_all_else_is_clean(lake: TestLake, case: str) -> None:
    rows, expected = REPEATED[case]
    snapshot_job(lake)
    deliver(lake, 1, "1,a", "2,b")
    lake.applied()
    deliver(lake, 2, *rows)
    outcome = lake.applied()
    assert outcome.counts.quarantined == 2
    assert outcome.counts.read == len(rows)
    assert lake.rows("id", "v") == expected


def test_a_clean_snapshot_is_not_looked_at_before_it_is_compared(
    lake: TestLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot_job(lake)
    deliver(lake, 1, "1,a", "2,b")
    lake.applied()

    def twice(*_: object) -> None:
        raise AssertionError("looked at row by row")

    monkeypatch.setattr(snapshot, "with_repeats", twice)
    deliver(lake, 2, "1,x", "3,c")
    assert lake.applied().counts == Counts(read=2, inserted=1, updated=1)
    assert lake.rows("id", "v") == [(1, "x"), (3, "c")]


@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
def test_snapshots_make_versions(lake: TestLake, together: bool) -> None:
    snapshot_job(lake, "scd2")
    for day, rows in enumerate(
        [["1,a", "2,b", "3,d"], ["1,a", "2,c"], ["1,a", "2,c", "3,d"], ["1,z", "2,c", "3,d"]], start=1
    ):
        deliver(lake, day, *rows)
        if not together:
            assert lake.applied().counts.accounted == len(rows)
    if together:
        assert lake.applied().counts.accounted == 11
    assert versions(lake) == [
        (1, "a", 0, 4),
        (1, "z", 4, None),
        (2, "b", 0, 2),
        (2, "c", 2, None),
        (3, "d", 0, 2),
        (3, "d", 3, None),
    ]


@pytest.mark.parametrize("history", ["scd1", "scd2"])
def test_snapshots_stopped_before_their_rows_are_applied_by_the_next_run(
    lake: TestLake, history: str
) -> None:
    """The position is written before the rows: the batch that wrote it is not older than itself."""
    snapshot_job(lake, history)
    deliver(lake, 1, "1,a", "2,b")
    deliver(lake, 2, "1,c", "3,d")
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt("target", after=False))
    assert lake.rows("id", "v") == []
    lake.run()
    live = [
        row[:2]
        for row in lake.rows("id", "v", *(["is_current"] if history == "scd2" else []))
        if history == "scd1" or row[2]
    ]
    assert live == [(1, "c"), (3, "d")]
    assert lake.applied().status == "nothing_new"
