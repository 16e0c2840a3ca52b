"""scd1 jobs through real tables, on both formats: the binding cases, batch by batch."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from framework.run import narrowing
from framework.run.outcome import Counts
from framework.testing.oracle import scd1
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, csv_line, feed_lines, feed_row
from tests.integration.test_scd1_kernel import Feed, case_feeds, random_feed


def feed_job(lake: TestLake, **changes: object) -> None:
    lake.job(
        read={
            "format": "csv",
            "schema": FEED_SCHEMA,
            "options": {"header": True, "emptyValue": "''", "nullValue": ""},
        },
        changes={**FEED_CHANGES, **changes},
    )


@pytest.mark.both_formats
def test_cases_and_random_feeds_equal_the_oracle_after_every_batch(lake: TestLake) -> None:
    """All in one table, each feed under a key of its own: one MERGE tests hundreds of them."""
    draw = random.Random(3)
    feeds = draw.sample(case_feeds(), 100) + [random_feed(seed) for seed in range(1000, 1100)]
    run_feeds(lake, feeds)


@pytest.mark.both_formats
@pytest.mark.usefixtures("as_large")
@pytest.mark.parametrize("in_place", [True, False])
def test_the_ways_of_large_tables_give_the_same(lake: TestLake, in_place: bool) -> None:
    """Where a merge needs only rows that match, Spark filters the table's rows by the batch's keys."""
    last = max(plans(lake.spark), default=-1)
    marked = "merge-on-read" if lake.format == "iceberg" else "deletion-vectors"
    feeds = random.Random(4).sample(case_feeds(), 30) + [random_feed(seed) for seed in range(1100, 1130)]
    run_feeds(lake, feeds, properties={"layout": marked if in_place else "copy-on-write"})
    filters = ["might_contain" in plan for number, plan in plans(lake.spark).items() if number > last]
    # the first batch makes the table
    assert sum(filters) >= 3 if in_place else not any(filters)


@pytest.mark.either_format
@pytest.mark.usefixtures("as_large")
def test_a_source_that_spark_takes_for_larger_than_any_setting_can_say_filters_all_the_same(
    lake: TestLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was joined with a table and its tombstones is taken for as large as all of them multiplied."""
    known, asked = narrowing.estimated, []

    def estimated(source: DataFrame) -> int:
        asked.append(source)
        return known(source) if len(asked) % 2 == 0 else 1 << 70

    monkeypatch.setattr(narrowing, "estimated", estimated)
    last = max(plans(lake.spark), default=-1)
    marked = "merge-on-read" if lake.format == "iceberg" else "deletion-vectors"
    run_feeds(lake, random.Random(4).sample(case_feeds(), 10), properties={"layout": marked})
    filters = ["might_contain" in plan for number, plan in plans(lake.spark).items() if number > last]
    merges = len(asked) // 2
    assert merges >= 2
    assert sum(filters) >= merges


def plans(spark: SparkSession) -> dict[int, str]:
    """Of the newest queries that Spark has run, by their numbers."""
    found: Any = spark._jsparkSession.sharedState().statusStore().executionsList()
    each = (found.apply(i) for i in range(found.size()))
    return {query.executionId(): query.physicalPlanDescription() for query in each}


def run_feeds(lake: TestLake, feeds: list[Feed], **write: Any) -> None:
    lake.job(
        write=write,
        read={
            "format": "csv",
            "schema": {"feed": "int", **FEED_SCHEMA},
            "options": {"header": True, "nullValue": "NULL"},
        },
        changes={**FEED_CHANGES, "keys": ["feed", "id"], "on_tie": "delete_wins"},
    )
    # the column that keeps the feeds apart is part of a row, and so of its rank
    feeds_of_rows = [[[feed_row(i, e) for e in batch] for batch in feed] for i, feed in enumerate(feeds)]
    for n in range(4):
        events = [e for feed in feeds_of_rows if n < len(feed) for e in feed[n]]
        lake.file(f"b{n}.csv", "feed,op,id,seq,v", *[csv_line(e) for e in events])
        outcome = lake.applied()
        assert outcome.counts.read == len(events)
        table = {
            row[:2]: dict(zip(("feed", "seq", "v"), (row[0], *row[2:]), strict=True))
            for row in lake.rows("feed", "id", "seq", "v")
        }
        expected = {
            (i, key): row
            for i, feed in enumerate(feeds_of_rows)
            for key, row in scd1(
                [e for batch in feed[: n + 1] for e in batch], ["feed", "seq", "v"], key_name="id"
            ).items()
        }
        assert table == expected, f"after batch {n + 1}"


@pytest.mark.either_format
@pytest.mark.parametrize("tie", [("U", 1, 5, "b"), ("D", 1, 5, "")], ids=["two-upserts", "upsert-and-delete"])
def test_ties_are_counted_and_refused_where_the_job_says_so(lake: TestLake, tie: tuple[Any, ...]) -> None:
    feed_job(lake, on_tie="error")
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), tie, ("U", 2, 5, "c"), ("U", 2, 5, "c")]))
    refused = lake.run()
    assert refused.error_class == "QualityError"
    assert refused.error is not None and "1 keys have different events at one sequence" in refused.error
    assert lake.rows() == []
    feed_job(lake)
    settled = lake.applied()
    assert any(note.startswith("1 keys had ties") for note in settled.notes)
    assert lake.rows("id")[-1] == (2,)


@pytest.mark.either_format
def test_rows_without_key_or_sequence_are_quarantined_once_however_often_they_come(lake: TestLake) -> None:
    feed_job(lake)
    lake.file(
        "a.csv", *feed_lines([("U", None, 1, "a"), ("U", 1, None, "b"), ("U", 3, 1, "c"), ("X", 4, 1, "d")])
    )
    first = lake.applied()
    assert first.counts == Counts(read=4, inserted=1, quarantined=3)
    assert lake.rows("id", "v") == [(3, "c")]
    reasons = {row[0][0]["found"] for row in lake.rows("reasons", role="quarantine")}
    assert reasons == {"the key is NULL", "the sequence is NULL", "operation in column op is X"}
    again = lake.applied(replay="*")
    assert again.counts.read == 4
    assert lake.rows("id", "v") == [(3, "c")]
    assert len(lake.rows("id", role="quarantine")) == 3


def test_a_batch_of_stale_events_makes_no_new_version(lake: TestLake) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 10, "a"), ("D", 2, 10, None)]))
    lake.applied()
    before = lake.version()
    lake.file("b.csv", *feed_lines([("U", 1, 5, "b"), ("U", 2, 9, "b"), ("U", 1, 10, "a")]))
    outcome = lake.applied()
    assert outcome.status == "unchanged"
    assert (outcome.counts.superseded, outcome.counts.duplicate) in {(2, 1), (3, 0)}
    assert lake.version() == before
    assert lake.applied().status == "nothing_new"
    assert lake.rows("id", "v") == [(1, "a")]


def test_running_again_with_nothing_new_reads_nothing_and_writes_nothing(lake: TestLake) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a")]))
    lake.applied()
    before = lake.version()
    assert lake.applied().status == "nothing_new"
    assert lake.version() == before


@pytest.mark.either_format
def test_a_row_rule_quarantines_a_bad_event_and_keeps_the_good_older_one(lake: TestLake) -> None:
    """C25, in one batch and in two."""
    for split in (False, True):
        lake = TestLake(lake.spark, lake.root, lake.folder / str(split), lake.format) if split else lake
        lake.folder.mkdir(exist_ok=True)
        lake.job(
            read={"format": "csv", "schema": FEED_SCHEMA},
            changes=FEED_CHANGES,
            quality={"rules": 'Rules = [ ColumnValues "v" in ["good"] ]'},
        )
        good, bad = ("U", 1, 5, "good"), ("U", 1, 6, "bad")
        lake.file("a.csv", *feed_lines([good] if split else [good, bad]))
        lake.applied()
        if split:
            lake.file("b.csv", *feed_lines([bad]))
            lake.applied()
        assert lake.rows("id", "v") == [(1, "good")]
        assert [row[0] for row in lake.rows("record", role="quarantine")] == ['{"id":1,"seq":6,"v":"bad"}']


def test_a_changed_partition_column_leaves_one_row(lake: TestLake) -> None:
    """C20."""
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA}, changes=FEED_CHANGES, write={"partition_by": ["v"]}
    )
    lake.file("a.csv", *feed_lines([("U", 1, 1, "x"), ("U", 2, 1, "x")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 2, "y")]))
    lake.applied()
    assert lake.rows("id", "v") == [(1, "y"), (2, "x")]


@pytest.mark.either_format
def test_columns_in_another_order_case_and_number_give_the_same_result(lake: TestLake) -> None:
    """C18: the extra column by the evolution policy."""
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a")]))
    lake.applied()
    lake.job(
        read={
            "format": "csv",
            "schema": {"V": "string", "Seq": "bigint", "extra": "int", "ID": "int", "op": "string"},
        },
        changes=FEED_CHANGES,
    )
    lake.file("b.csv", "V,Seq,extra,ID,op", "b,2,7,1,U", "c,3,8,2,U")
    outcome = lake.applied()
    assert (outcome.counts.updated, outcome.counts.inserted) == (1, 1)
    assert lake.rows("id", "seq", "v", "extra") == [(1, 2, "b", 7), (2, 3, "c", 8)]


def test_columns_with_odd_names_are_handled(lake: TestLake) -> None:
    """C19."""
    names = ["a.b", "1x", "a b", "select", "Ünï"]
    lake.job(
        read={
            "format": "csv",
            "schema": {"k.1": "int", "seq": "bigint", **dict.fromkeys(names, "string")},
        },
        changes={"keys": ["k.1"], "sequence": ["seq"]},
        quality={"rules": "Rules = [ " + ", ".join(f'IsComplete "{name}"' for name in names) + " ]"},
    )
    header = "k.1,seq," + ",".join(names)
    lake.file("a.csv", header, "1,1,a,b,c,d,e", "2,1,a,b,c,d,")
    outcome = lake.applied()
    assert (outcome.counts.inserted, outcome.counts.quarantined) == (1, 1)
    lake.file("b.csv", header, "1,2,a2,b2,c2,d2,e2")
    lake.applied()
    assert lake.rows("k.1", *names) == [(1, "a2", "b2", "c2", "d2", "e2")]


@pytest.mark.either_format
def test_plan_writes_nothing_and_counts_what_a_run_right_after_counts(lake: TestLake) -> None:
    feed_job(lake)
    for name, events in {
        "a.csv": [("U", 1, 1, "a"), ("U", 2, 1, "b"), ("U", None, 1, "c")],
        "b.csv": [("U", 1, 2, "a2"), ("D", 2, 2, None), ("U", 3, 1, "c"), ("U", 1, 0, "late")],
    }.items():
        lake.file(name, *feed_lines(events))
        version = lake.version()
        plan = lake.plan()
        assert plan.error is None
        assert lake.version() == version
        assert not list(lake.root.glob(f"_sluice/{lake.domain}.t/*/*.json")) or name == "b.csv"
        assert plan.counts == lake.applied().counts


def test_a_job_that_contradicts_its_table_is_refused_with_both_values(lake: TestLake) -> None:
    feed_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a")]))
    lake.applied()
    feed_job(lake, keys=["id", "v"])
    lake.file("b.csv", *feed_lines([("U", 1, 2, "b")]))
    outcome = lake.run()
    assert outcome.error_class == "ContractError"
    assert '["id", "v"] in the job' in (outcome.error or "") and '["id"], as the table records' in (
        outcome.error or ""
    )
    assert lake.rows("id", "v") == [(1, "a")]


@pytest.mark.either_format
@pytest.mark.parametrize("limit", [{"max_rejects": 0}, {"max_reject_ratio": 0.1}])
def test_too_many_rejects_fail_the_run_before_anything_is_written(
    lake: TestLake, limit: dict[str, float]
) -> None:
    lake.job(read={"format": "csv", "schema": FEED_SCHEMA}, changes=FEED_CHANGES, quality=limit)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", None, 1, "b")]))
    outcome = lake.run()
    assert (outcome.status, outcome.error_class, outcome.exit_code) == ("failed", "QualityError", 6)
    assert lake.version() is None
    assert lake.rows("id", role="quarantine") == []
