"""scd2 jobs through real tables, on both formats: the binding cases, batch by batch, against the oracle."""

from __future__ import annotations

import random

import pytest

from framework.run.outcome import Counts
from framework.testing.crashes import StopAt
from framework.testing.oracle import scd2
from tests.integration.run.lakes import (
    FEED_CHANGES,
    FEED_SCHEMA,
    LANE,
    TestLake,
    csv_line,
    feed_lines,
    feed_row,
)
from tests.integration.test_scd1_kernel import Feed, case_feeds, random_feed

VERSION = ("id", "v", "valid_from", "valid_to", "is_current")


def history_job(lake: TestLake, **changes: object) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA},
        changes={**FEED_CHANGES, "history": "scd2", "tracked": ["v"], **changes},
    )


def versions(lake: TestLake) -> list[tuple[object, ...]]:
    return sorted(lake.rows(*VERSION), key=lambda row: (row[0], row[2]))


@pytest.mark.both_formats
def test_cases_and_random_feeds_equal_the_oracle_after_every_batch(lake: TestLake) -> None:
    """All in one table, each feed under a key of its own: one MERGE tests hundreds of them."""
    draw = random.Random(3)
    run_feeds(lake, draw.sample(case_feeds(), 100) + [random_feed(seed) for seed in range(2000, 2100)])


@pytest.mark.usefixtures("as_large")
def test_the_ways_of_large_tables_give_the_same(lake: TestLake) -> None:
    marked = "merge-on-read" if lake.format == "iceberg" else "deletion-vectors"
    feeds = random.Random(4).sample(case_feeds(), 30) + [random_feed(seed) for seed in range(2100, 2130)]
    run_feeds(lake, feeds, properties={"layout": marked})


def run_feeds(lake: TestLake, feeds: list[Feed], **write: object) -> None:
    lake.job(
        write=write,
        read={
            "format": "csv",
            "schema": {"feed": "int", **FEED_SCHEMA},
            "options": {"header": True, "nullValue": "NULL"},
        },
        changes={**FEED_CHANGES, "history": "scd2", "keys": ["feed", "id"]},
    )
    feeds_of_rows = [[[feed_row(i, e) for e in batch] for batch in feed] for i, feed in enumerate(feeds)]
    for n in range(4):
        events = [e for feed in feeds_of_rows if n < len(feed) for e in feed[n]]
        lake.file(f"b{n}.csv", "feed,op,id,seq,v", *[csv_line(e) for e in events])
        outcome = lake.applied()
        assert outcome.counts.read == outcome.counts.accounted == len(events)
        table = sorted(
            lake.rows("feed", "id", "seq", "v", "valid_from", "valid_to", "is_current"),
            key=lambda row: (row[0], row[1], row[4]),
        )
        expected = [
            (i, each.key, each.values["seq"], each.values["v"], each.start, each.end, each.end is None)
            for i, feed in enumerate(feeds_of_rows)
            for each in scd2(
                [e for batch in feed[: n + 1] for e in batch], ["feed", "seq", "v"], key_name="id"
            )
        ]
        assert table == expected, f"after batch {n + 1}"


@pytest.mark.either_format
def test_c16_and_c24_a_late_event_splits_a_version_that_had_swallowed_an_equal_one(lake: TestLake) -> None:
    history_job(lake)
    for name, event, expected in [
        ("a", ("U", 1, 5, "a"), [("a", 5, None)]),
        ("b", ("U", 1, 15, "a"), [("a", 5, None)]),
        ("c", ("U", 1, 20, "c"), [("a", 5, 20), ("c", 20, None)]),
        ("d", ("U", 1, 12, "b"), [("a", 5, 12), ("b", 12, 15), ("a", 15, 20), ("c", 20, None)]),
    ]:
        lake.file(f"{name}.csv", *feed_lines([event]))
        assert lake.applied().counts.accounted == 1
        assert [(v, start, end) for _, v, start, end, _ in versions(lake)] == expected


@pytest.mark.either_format
def test_a_delete_closes_and_a_new_insert_opens_after_the_gap(lake: TestLake) -> None:
    """C05, C17, C26."""
    history_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("D", 2, 3, None), ("D", 2, 4, None)]))
    assert lake.applied().counts == Counts(read=3, inserted=1, remembered=2)
    lake.file("b.csv", *feed_lines([("D", 1, 10, None), ("U", 2, 1, "a")]))
    assert lake.applied().counts == Counts(read=2, inserted=1, deleted=1)
    assert versions(lake) == [(1, "a", 5, 10, False), (2, "a", 1, 3, False)]
    lake.file("c.csv", *feed_lines([("U", 1, 12, "c")]))
    assert lake.applied().counts == Counts(read=1, inserted=1)
    assert versions(lake)[:2] == [(1, "a", 5, 10, False), (1, "c", 12, None, True)]


def test_an_old_event_that_comes_again_changes_nothing_and_makes_no_version_of_the_table(
    lake: TestLake,
) -> None:
    """C22 for histories."""
    history_job(lake)
    events = [("U", 1, 5, "a"), ("D", 1, 8, None), ("U", 1, 9, "a"), ("D", 3, 2, None), ("U", None, 3, "x")]
    lake.file("a.csv", *feed_lines(events))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 7, "b")]))
    lake.applied()
    rows, version = versions(lake), lake.version()
    outcome = lake.applied(replay="*")
    assert (outcome.status, outcome.counts) == ("unchanged", Counts(read=6, duplicate=5, quarantined=1))
    assert (versions(lake), lake.version()) == (rows, version)
    assert len(lake.rows("id", role="quarantine")) == 1


@pytest.mark.either_format
def test_untracked_columns_are_shown_as_they_were_at_the_end_of_a_version(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": {**FEED_SCHEMA, "note": "string"}},
        changes={**FEED_CHANGES, "history": "scd2", "tracked": ["v"]},
    )
    lake.file("a.csv", "op,id,seq,v,note", "U,1,5,a,n1", "U,1,9,b,n2")
    lake.applied()
    lake.file("b.csv", "op,id,seq,v,note", "U,1,7,a,n3", "U,1,11,b,n4")
    lake.applied()
    assert lake.rows("v", "note", "valid_from", "valid_to") == [("a", "n3", 5, 9), ("b", "n4", 9, None)]
    lake.file("c.csv", "op,id,seq,v,note", "U,1,6,z,n5")
    lake.applied()
    assert lake.rows("v", "note", "valid_from", "valid_to") == [
        ("a", "n1", 5, 6),
        ("a", "n3", 7, 9),
        ("b", "n4", 9, None),
        ("z", "n5", 6, 7),
    ]


@pytest.mark.both_formats
def test_c14_a_truncate_closes_every_version_older_than_it_whenever_it_arrives(lake: TestLake) -> None:
    history_job(lake, operations={"I": ["I"], "U": ["U"], "D": ["D"], "T": ["T"]})
    lake.file("a.csv", *feed_lines([("U", 1, 5, "x"), ("U", 3, 4, "z")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("T", None, 10, None)]))
    assert lake.applied().counts == Counts(read=1, remembered=1)
    assert versions(lake) == [(1, "x", 5, 10, False), (3, "z", 4, 10, False)]
    lake.file("c.csv", *feed_lines([("U", 1, 7, "x"), ("U", 2, 12, "y"), ("U", 4, 8, "late")]))
    lake.applied()
    assert versions(lake) == [
        (1, "x", 5, 10, False),
        (2, "y", 12, None, True),
        (3, "z", 4, 10, False),
        (4, "late", 8, 10, False),
    ]


@pytest.mark.either_format
def test_a_valid_time_of_its_own_orders_validity_and_never_runs_backwards(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": {**FEED_SCHEMA, "at": "date"}},
        changes={**FEED_CHANGES, "history": "scd2", "tracked": ["v"], "valid_time": "at"},
    )
    lake.file(
        "a.csv",
        "op,id,seq,v,at",
        "U,1,1,a,2026-01-05",
        "U,1,2,b,2026-01-03",
        "U,1,3,c,2026-01-09",
        "U,2,1,x,",
    )
    outcome = lake.applied()
    assert outcome.counts.quarantined == 1
    assert list(outcome.reject_reasons) == ["nothing says from when on it is valid"]
    shown = [(v, str(start), str(end)) for v, start, end in lake.rows("v", "valid_from", "valid_to")]
    assert shown == [("b", "2026-01-05", "2026-01-09"), ("c", "2026-01-09", "None")]


# the end of a stage is the beginning of the next: only the last needs its end, too; processes are killed on both
STOPS = [
    ("iceberg", "create", False),
    ("delta", "tombstones", False),
    ("iceberg", "target", False),
    ("delta", "target", True),
]


@pytest.mark.parametrize(
    ("lake", "stage", "after"), STOPS if LANE == "3.5" else STOPS[1:2], indirect=["lake"]
)
def test_a_batch_stopped_at_any_write_boundary_and_run_again_gives_the_same_versions(
    lake: TestLake, stage: str, after: bool
) -> None:
    history_job(lake)
    first = [("U", 1, 5, "a"), ("U", 1, 15, "a"), ("U", 2, 5, "b"), ("U", None, 1, "x")]
    second = [("U", 1, 12, "b"), ("D", 2, 9, None), ("D", 2, 3, None), ("U", None, 2, "y")]
    lake.file("a.csv", *feed_lines(first))
    if stage != "create":
        lake.applied()
    lake.file("b.csv", *feed_lines(second))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=after))
    # what came in since the crash must not slip into the batch that is done again
    lake.file("c.csv", *feed_lines([("U", 2, 7, "c"), ("U", 2, 2, "old")]))
    lake.applied()
    assert versions(lake) == [
        (1, "a", 5, 12, False),
        (1, "b", 12, 15, False),
        (1, "a", 15, None, True),
        (2, "old", 2, 3, False),
        (2, "b", 5, 7, False),
        (2, "c", 7, 9, False),
    ]
    assert len(lake.rows("id", role="quarantine")) == 2
    before = lake.version()
    assert lake.applied().status == "nothing_new"
    assert lake.version() == before


def test_a_source_that_has_the_columns_of_validity_itself_is_refused_with_a_remedy(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": {**FEED_SCHEMA, "Valid_From": "date"}},
        changes={**FEED_CHANGES, "history": "scd2"},
    )
    lake.file("a.csv", "op,id,seq,v,Valid_From", "U,1,1,a,2026-01-05")
    outcome = lake.run()
    assert outcome.error_class == "SchemaDriftError"
    assert "Valid_From" in (outcome.error or "")


def test_a_job_that_tracks_other_columns_than_its_table_is_refused_with_both_values(lake: TestLake) -> None:
    history_job(lake)
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 2, "b")]))
    for changed, found in [({"tracked": ["v", "seq"]}, '["v", "seq"]'), ({"history": "scd1"}, "scd1")]:
        history_job(lake, **changed)
        outcome = lake.run()
        assert outcome.error_class == "ContractError"
        assert found in (outcome.error or "")
    assert versions(lake) == [(1, "a", 1, None, True)]
