"""Jobs that append rows as they come: as cheap as a hand-written job while all is well, and nothing lost when not."""

from __future__ import annotations

import pytest

from tests.integration.run.lakes import TestLake

SCHEMA = {"id": "int", "v": "string"}


def test_clean_batches_are_one_commit_each_and_the_first_makes_the_table(lake: TestLake) -> None:
    lake.job(read={"format": "csv", "schema": SCHEMA})
    lake.file("a.csv", "id,v", "1,a", "2,b")
    first = lake.applied()
    assert (first.status, first.counts.read, first.counts.inserted) == ("applied", 2, 2)
    assert [(change.role, change.version_before) for change in first.tables] == [("target", None)]
    assert first.inputs[0].rows == 2
    lake.file("b.csv", "v,id", "c,3")
    second = lake.applied()
    assert (second.counts.read, second.counts.inserted) == (1, 1)
    assert [change.version_before for change in second.tables] == [first.tables[0].version_after]
    assert lake.rows("id", "v") == [(1, "a"), (2, "b"), (3, "c")]
    assert lake.applied().status == "nothing_new"


@pytest.mark.either_format
@pytest.mark.parametrize("first", [(), ("0,before",)], ids=["new table", "table that is there"])
def test_a_malformed_record_sends_the_batch_through_quarantine(
    lake: TestLake, first: tuple[str, ...]
) -> None:
    lake.job(read={"format": "csv", "schema": SCHEMA})
    if first:
        lake.file("0.csv", "id,v", *first)
        lake.applied()
    lake.file("a.csv", "id,v", "1,a", "x,bad", "2,b,extra", "3,c")
    outcome = lake.applied()
    assert (outcome.counts.read, outcome.counts.inserted, outcome.counts.quarantined) == (4, 2, 2)
    assert [change.role for change in outcome.tables] == ["quarantine", "target"]
    assert lake.rows("id", "v") == [(int(row[0]), row[2:]) for row in first] + [(1, "a"), (3, "c")]
    assert len(lake.rows("id", role="quarantine")) == 2


def test_a_first_batch_without_a_good_row_makes_an_empty_table(lake: TestLake) -> None:
    lake.job(read={"format": "csv", "schema": SCHEMA})
    lake.file("a.csv", "id,v", "x,bad")
    outcome = lake.applied()
    assert (outcome.counts.read, outcome.counts.quarantined) == (1, 1)
    assert lake.rows("id", "v") == []
    lake.file("b.csv", "id,v", "1,a")
    lake.applied()
    assert lake.rows("id", "v") == [(1, "a")]


def test_a_value_that_only_the_table_refuses_is_quarantined(lake: TestLake) -> None:
    lake.job(read={"format": "csv", "schema": SCHEMA})
    lake.file("a.csv", "id,v", "1,a")
    lake.applied()
    lake.job(read={"format": "csv", "schema": {"id": "string", "v": "string"}})
    lake.file("b.csv", "id,v", "2,b", "three,c")
    outcome = lake.applied()
    assert (outcome.counts.inserted, outcome.counts.quarantined) == (1, 1)
    assert lake.rows("id", "v") == [(1, "a"), (2, "b")]


@pytest.mark.either_format
@pytest.mark.parametrize(
    ("action", "inserted", "quarantined", "dropped"),
    [("quarantine", 2, 2, 0), ("warn", 3, 1, 0), ("drop", 2, 1, 1)],
)
def test_a_malformed_record_is_found_beside_rows_that_rules_stop(
    lake: TestLake, action: str, inserted: int, quarantined: int, dropped: int
) -> None:
    rules = 'Rules = [ ColumnValues "id" <= 10 ]'
    lake.job(read={"format": "csv", "schema": SCHEMA}, quality={"rules": rules, "on_failure": action})
    lake.file("0.csv", "id,v", "1,a")
    assert lake.applied().counts.inserted == 1
    lake.file("a.csv", "id,v", "2,b", "11,c", "12,x,one too many", "3,d")
    counts = lake.applied().counts
    assert (counts.read, counts.inserted) == (4, inserted)
    assert (counts.quarantined, counts.dropped) == (quarantined, dropped)


@pytest.mark.parametrize(("action", "left"), [("warn", [(1,), (11,)]), ("drop", [(1,)])])
def test_rows_that_break_a_rule_and_stop_nothing_are_counted_in_the_one_pass(
    lake: TestLake, action: str, left: list[tuple[int, ...]]
) -> None:
    rules = 'Rules = [ ColumnValues "id" <= 10 ]'
    lake.job(read={"format": "csv", "schema": SCHEMA}, quality={"rules": rules, "on_failure": action})
    lake.file("a.csv", "id,v", "1,a", "11,b")
    outcome = lake.applied()
    assert lake.rows("id") == left
    assert [rule.failed_rows for rule in outcome.rules] == [1]
    assert (outcome.counts.inserted, outcome.counts.dropped) == (len(left), 2 - len(left))
    assert [change.role for change in outcome.tables] == ["target"]
