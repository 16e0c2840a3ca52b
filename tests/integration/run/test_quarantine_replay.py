"""Rejected rows that are brought in again: exactly once, in the place that their sequence gives them."""

from __future__ import annotations

import pytest

from framework.run.api import run_project
from framework.run.outcome import Counts, JobOutcome
from framework.run.purge import purge_quarantine
from framework.state.intents import Repair
from framework.testing.crashes import StopAt
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, LANE, TestLake, feed_lines

pytestmark = pytest.mark.either_format

STRICT = {"rules": 'Rules = [ ColumnValues "v" in ["good", "better"] ]'}
LOOSE = {"rules": 'Rules = [ ColumnValues "v" in ["good", "better", "bad"] ]'}


def feed_job(lake: TestLake, quality: dict[str, str], **changes: object) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA},
        changes={**FEED_CHANGES, **changes},
        quality=quality,
    )


def replay(lake: TestLake, repair: Repair, listener: StopAt | None = None) -> JobOutcome:
    outcome = run_project(lake.project, [], spark=lake.spark, listener=listener, repair=repair)
    return outcome.jobs[0]


def replayed(lake: TestLake, repair: Repair) -> Counts:
    outcome = replay(lake, repair)
    assert outcome.error is None, outcome.error
    return outcome.counts


def test_rows_come_in_again_after_their_rule_was_mended_and_leave_the_quarantine(lake: TestLake) -> None:
    feed_job(lake, STRICT)
    lake.file(
        "a.csv",
        *feed_lines([("U", 1, 5, "good"), ("U", 1, 6, "bad"), ("U", 2, 6, "bad"), ("U", 3, 1, "worse")]),
    )
    assert lake.applied().counts == Counts(read=4, inserted=1, quarantined=3)
    lake.file("b.csv", *feed_lines([("U", 2, 9, "better")]))
    lake.applied()
    feed_job(lake, LOOSE)
    # 2 has a newer row by now: the replayed event takes its place behind it
    assert replayed(lake, Repair()) == Counts(read=3, updated=1, superseded=1, quarantined=1)
    assert lake.rows("id", "v") == [(1, "bad"), (2, "better")]
    assert [row[0] for row in lake.rows("record", role="quarantine")] == ['{"id":3,"seq":1,"v":"worse"}']
    assert replayed(lake, Repair()) == Counts(read=1, quarantined=1)
    assert len(lake.rows("id", role="quarantine")) == 1


def test_a_fix_mends_the_chosen_rows_alone(lake: TestLake) -> None:
    feed_job(lake, STRICT, history="scd2", tracked=["v"])
    lake.file("a.csv", *feed_lines([("U", 1, 5, "good"), ("U", 1, 3, "goood"), ("U", 2, 6, "bad")]))
    assert lake.applied().counts == Counts(read=3, inserted=1, quarantined=2)
    repair = Repair(where="record LIKE '%goood%'", fix={"v": "replace(v, 'ooo', 'oo')"})
    assert replayed(lake, repair).applied == 1
    assert lake.rows("id", "v", "valid_from", "valid_to") == [(1, "good", 3, None)]
    assert [row[0] for row in lake.rows("record", role="quarantine")] == ['{"id":2,"seq":6,"v":"bad"}']


def test_a_fix_of_the_key_has_to_be_asked_for(lake: TestLake) -> None:
    feed_job(lake, STRICT)
    lake.file("a.csv", *feed_lines([("U", None, 5, "good"), ("U", 2, None, "good")]))
    assert lake.applied().counts == Counts(read=2, quarantined=2)
    fix = {"id": "coalesce(id, 7)", "seq": "coalesce(seq, 1)"}
    refused = replay(lake, Repair(fix=fix))
    assert refused.error_class == "ConfigError"
    assert "--fix-keys" in (refused.error or "")
    assert replayed(lake, Repair(fix=fix, rekey=True)) == Counts(read=2, inserted=2)
    assert lake.rows("id", "seq", "v") == [(2, 1, "good"), (7, 5, "good")]
    assert lake.rows("id", role="quarantine") == []


STOPS = [("iceberg", "quarantine", False), ("delta", "target", False), ("iceberg", "target", True)]


@pytest.mark.parametrize(
    ("lake", "stage", "after"), STOPS if LANE == "3.5" else STOPS[-1:], indirect=["lake"]
)
def test_a_replay_stopped_at_any_write_boundary_brings_each_row_in_once(
    lake: TestLake, stage: str, after: bool
) -> None:
    lake.job(read={"format": "csv", "schema": {"id": "int", "v": "string"}}, quality=STRICT)
    lake.file("a.csv", "id,v", "1,good", "2,bad", "3,bad", "4,worse")
    assert lake.applied().counts == Counts(read=4, inserted=1, quarantined=3)
    lake.job(read={"format": "csv", "schema": {"id": "int", "v": "string"}}, quality=LOOSE)
    with pytest.raises(KeyboardInterrupt):
        replay(lake, Repair(), StopAt(stage, after=after))
    lake.file("b.csv", "id,v", "5,good")
    lake.applied()
    assert lake.rows("id", "v") == [(1, "good"), (2, "bad"), (3, "bad"), (5, "good")]
    assert replayed(lake, Repair()) == Counts(read=1, quarantined=1)
    assert lake.rows("id", "v") == [(1, "good"), (2, "bad"), (3, "bad"), (5, "good")]
    assert [row[0] for row in lake.rows("record", role="quarantine")] == ['{"id":4,"v":"worse"}']


def test_what_cannot_be_brought_in_again_is_refused_before_anything_is_done(lake: TestLake) -> None:
    feed_job(lake, STRICT)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "good")]))
    lake.applied()
    assert replay(lake, Repair()).error_class == "TableError"
    lake.file("b.csv", *feed_lines([("U", 1, 6, "bad")]))
    lake.applied()
    for repair, told in [
        (Repair(where="nonsense = 1"), "nonsense"),
        (Repair(fix={"nonsense": "1"}), "nonsense"),
        (Repair(fix={"v": "no_such_function(v)"}), "no_such_function"),
    ]:
        outcome = replay(lake, repair)
        assert outcome.error_class == "ConfigError"
        assert told in (outcome.error or "")
    assert replayed(lake, Repair(where="position = 99")) == Counts()
    assert len(lake.rows("id", role="quarantine")) == 1


def test_purge_deletes_the_rows_that_were_chosen_and_says_how_many(lake: TestLake) -> None:
    feed_job(lake, STRICT)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "bad"), ("U", 2, 6, "worse")]))
    lake.applied()
    assert purge_quarantine(lake.spark, lake.project, lake.table, "record LIKE '%worse%'") == 1
    assert [row[0] for row in lake.rows("record", role="quarantine")] == ['{"id":1,"seq":5,"v":"bad"}']
    assert purge_quarantine(lake.spark, lake.project, lake.table, None) == 1
    assert lake.rows("id", role="quarantine") == []
