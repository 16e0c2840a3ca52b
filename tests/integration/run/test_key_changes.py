"""Keys that change in sources which leave out what a change didn't touch, through real tables of both formats.

Debezium tells a key change as a delete with the new key in a header, and a create with the old one in a header, whose
large values may be placeholders; the end of a value that never came is in another message, perhaps in another batch.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from pyspark.sql.types import MapType, StringType

from framework.changes.columns import SEQ, STATE
from framework.changes.stamp import stamp_type
from framework.run.contract import STATE_KIND
from framework.run.outcome import JobOutcome
from framework.tables import table_format, table_ref
from framework.testing.crashes import StopAt
from framework.testing.oracle import Change, scd1, scd1_soft, scd2
from tests.integration.run.lakes import TestLake
from tests.integration.test_scd1_columns import C15A, d, moved, source_feed, u
from tests.integration.together import Feed

pytestmark = pytest.mark.either_format

VALUES = ["a", "b"]
FIELDS = {"feed": "int", "id": "int", "a": "string", "b": "string"}
MESSAGE = "key string, value string, headers array<struct<key:string,value:binary>>"
UNAVAILABLE = "__debezium_unavailable_value"
LATE = u(1, 5.5, b="Z")


def message(feed: int, change: Change) -> tuple[Any, ...]:
    key = {"feed": feed, "id": change.key}
    lsn = round(change.seq * 10)
    ends = change.op == "D"
    row = None if ends else {**key, **{name: change.values.get(name, UNAVAILABLE) for name in VALUES}}
    operation = "d" if ends else "c" if change.moved_from is not None else "u"
    source = {"connector": "postgresql", "lsn": lsn, "ts_ms": 1000 * lsn, "snapshot": "false"}
    value = {"before": key if ends else None, "after": row, "source": source, "op": operation, "ts_ms": 0}
    beside = {"__debezium.newkey": change.moved_to, "__debezium.oldkey": change.moved_from}
    headers = [
        (name, json.dumps({"feed": feed, "id": other}).encode())
        for name, other in beside.items()
        if other is not None
    ]
    return (json.dumps(key), json.dumps(value), headers)


def deliver(lake: TestLake, n: int, events: list[tuple[int, Change]]) -> None:
    frame = lake.spark.createDataFrame([message(*each) for each in events], MESSAGE).coalesce(1)
    folder = lake.folder / f"staged-{n}"
    frame.write.parquet(str(folder))
    (file,) = folder.glob("*.parquet")
    file.rename(lake.folder / "in" / f"messages-{n}.parquet")


def debezium_job(lake: TestLake, **changes: Any) -> None:
    read = {"format": "parquet", "options": {}, "schema": FIELDS}
    lake.job(read=read, changes={"keys": ["feed", "id"], "envelope": "debezium", **changes})


def alone(feed: Feed) -> Feed:
    """The feed with a sequence of its own for each key change: files tell no order of those at one."""
    return [[_alone(event) for event in batch] for batch in feed]


def _alone(event: Change) -> Change:
    place = 0.0 if event.moved_from is None and event.moved_to is None else (event.position // 4 + 1) / 100
    return replace(event, seq=10 * event.seq + 10 * place)


def batches(feeds: list[Feed]) -> list[list[tuple[int, Change]]]:
    most = max(len(feed) for feed in feeds)
    return [[(i, each) for i, feed in enumerate(feeds) for each in _batch(feed, n)] for n in range(most)]


def _batch(feed: Feed, n: int) -> list[Change]:
    return feed[n] if n < len(feed) else []


def applied(lake: TestLake, n: int, events: list[tuple[int, Change]]) -> JobOutcome:
    deliver(lake, n, events)
    outcome = lake.applied()
    assert outcome.counts.read == len(events) == outcome.counts.accounted
    assert not outcome.counts.quarantined, outcome.reject_reasons
    return outcome


def one(*changes: Change) -> list[tuple[int, Change]]:
    return [(0, change) for change in changes]


def test_random_sources_that_move_rows_equal_the_oracle_after_every_batch(lake: TestLake) -> None:
    debezium_job(lake)
    feeds = [alone(source_feed(seed)) for seed in range(100)]
    for n, events in enumerate(batches(feeds)):
        applied(lake, n, events)
        table = {(feed, key): (a, b) for feed, key, a, b in lake.rows("feed", "id", *VALUES)}
        expected = {
            (i, key): (row["a"], row["b"])
            for i, feed in enumerate(feeds)
            for key, row in scd1([each for batch in feed[: n + 1] for each in batch], VALUES).items()
        }
        assert table == expected, f"after batch {n + 1}"


@pytest.mark.parametrize("lake", ["delta"], indirect=True)
def test_with_soft_deletes_random_sources_that_move_rows_leave_the_old_rows_marked(lake: TestLake) -> None:
    debezium_job(lake, delete="soft")
    feeds = [alone(source_feed(seed)) for seed in range(200, 240)]
    for n, events in enumerate(batches(feeds)):
        applied(lake, n, events)
        rows = lake.rows("feed", "id", *VALUES, "deleted_at")
        table = {(feed, key): (a, b, _lsn(at)) for feed, key, a, b, at in rows}
        expected = {
            (i, key): (row["a"], row["b"], at and round(10 * at))
            for i, feed in enumerate(feeds)
            for key, (row, at) in scd1_soft([e for batch in feed[: n + 1] for e in batch], VALUES).items()
        }
        assert table == expected, f"after batch {n + 1}"


@pytest.mark.parametrize("lake", ["iceberg"], indirect=True)
def test_random_sources_that_move_rows_make_the_versions_of_the_oracle_after_every_batch(
    lake: TestLake,
) -> None:
    debezium_job(lake, history="scd2")
    feeds = [alone(source_feed(seed)) for seed in range(100, 160)]
    for n, events in enumerate(batches(feeds)):
        applied(lake, n, events)
        assert versions(lake) == expected_versions([feed[: n + 1] for feed in feeds]), f"after batch {n + 1}"


def versions(lake: TestLake) -> list[tuple[Any, ...]]:
    names = ("feed", "id", *VALUES, "valid_from", "valid_to")
    rows = [(*row[:4], _lsn(row[4]), _lsn(row[5])) for row in lake.rows(*names)]
    return sorted(rows, key=lambda row: (row[0], row[1], row[4]))


def _lsn(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp())


def expected_versions(feeds: list[Feed]) -> list[tuple[Any, ...]]:
    return [
        (
            i,
            each.key,
            *[each.values[name] for name in VALUES],
            round(10 * each.start),
            each.end and round(10 * each.end),
        )
        for i, feed in enumerate(feeds)
        for each in scd2([change for batch in feed for change in batch], VALUES)
    ]


def test_c15b_a_late_value_of_the_old_key_reaches_the_new_key(lake: TestLake) -> None:
    debezium_job(lake)
    applied(lake, 0, one(C15A[0]))
    assert applied(lake, 1, one(*C15A[1:])).notes == []
    assert lake.rows("id", *VALUES) == [(2, "2", "X")]
    applied(lake, 2, one(LATE))
    assert lake.rows("id", *VALUES) == [(2, "2", "Z")]
    before = lake.version()
    applied(lake, 3, one(LATE, u(1, 5.2, b="Y")))
    assert lake.rows("id", *VALUES) == [(2, "2", "Z")]
    assert lake.version() == before, "what changes nothing writes nothing"
    applied(lake, 4, one(d(1, 5.8)))
    assert lake.rows("id", *VALUES) == [(2, "2", None)]


def test_c15b_with_soft_deletes_the_late_value_reaches_the_new_key_also_once_that_is_marked(
    lake: TestLake,
) -> None:
    debezium_job(lake, delete="soft")
    for n, events in enumerate((one(C15A[0]), one(*C15A[1:]), one(d(2, 8)), one(d(1, 5.2)))):
        applied(lake, n, events)
    assert marked(lake) == [(1, "1", "X", 52), (2, "2", None, 80)]
    applied(lake, 4, one(LATE))
    assert marked(lake) == [(1, None, "Z", 60), (2, "2", "Z", 80)]


def marked(lake: TestLake) -> list[tuple[Any, ...]]:
    return [(*row[:3], _lsn(row[3])) for row in lake.rows("id", *VALUES, "deleted_at")]


def test_c15b_in_versions_the_late_value_splits_the_old_keys_and_reaches_the_new_key(lake: TestLake) -> None:
    debezium_job(lake, history="scd2")
    for n, events in enumerate((one(C15A[0]), one(*C15A[1:]), one(LATE))):
        applied(lake, n, events)
    x, z = (0, 1, "1", "X", 50, 55), (0, 1, "1", "Z", 55, 60)
    assert versions(lake) == [x, z, (0, 2, "2", "Z", 60, None)]


def test_a_value_that_only_the_used_key_knew_is_null_and_counted(lake: TestLake) -> None:
    debezium_job(lake)
    applied(lake, 0, one(C15A[0]))
    applied(lake, 1, one(u(1, 7, a="new", b="N")))
    outcome = applied(lake, 2, one(C15A[2]))
    assert lake.rows("id", *VALUES) == [(1, "new", "N"), (2, "2", None)]
    assert any("1 key changes came with placeholders" in note for note in outcome.notes)
    applied(lake, 3, one(u(1, 4, b="older than what was lost")))
    assert lake.rows("id", *VALUES) == [(1, "new", "N"), (2, "2", None)]


def test_a_table_that_was_made_before_values_came_late_gets_a_place_for_where_they_came_from(
    lake: TestLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    debezium_job(lake)
    with monkeypatch.context() as before:
        before.setattr("framework.run.shape.state_type", lambda kind: MapType(StringType(), stamp_type(kind)))
        applied(lake, 0, one(C15A[0], u(3, 5, a="3", b="Y")))
    target = table_ref(lake.project.lake, lake.table, lake.format)
    fmt = table_format(lake.spark, lake.format)
    fmt.set_properties(target, {STATE_KIND: "columns"})
    mine = f"named_struct('seq', {SEQ}, 'tie', 0, 'rank', 0L)"
    lake.spark.sql(f"UPDATE {target.identifier} SET {STATE} = map('', {mine}, 'b', NULL) WHERE id = 1")
    assert "origin" not in fmt.schema(target)[STATE].dataType.simpleString()
    applied(lake, 1, one(*C15A[1:]))
    assert "origin" in fmt.schema(target)[STATE].dataType.simpleString()
    assert lake.rows("id", *VALUES) == [(2, "2", None), (3, "3", "Y")]
    applied(lake, 2, one(LATE))
    assert lake.rows("id", *VALUES) == [(2, "2", "Z"), (3, "3", "Y")]


def test_key_changes_without_placeholders_leave_no_record(lake: TestLake) -> None:
    debezium_job(lake)
    applied(lake, 0, one(C15A[0]))
    applied(lake, 1, one(*moved(1, 2, 6, 1, a="2", b="Y")))
    assert lake.rows("id", "_sluice_left", role="tombstones") == [(1, None)]


@pytest.mark.lane35
@pytest.mark.parametrize(
    ("lake", "stage", "kept", "of_old_key"),
    [
        ("iceberg", "tombstones", {}, []),
        ("delta", "target", {}, []),
        ("iceberg", "target", {"delete": "soft"}, [(1, "1", "Z")]),
        ("delta", "tombstones", {"history": "scd2"}, [(1, "1", "X"), (1, "1", "Z")]),
    ],
    ids=["scd1-tombstones", "scd1-target", "soft-target", "scd2-tombstones"],
    indirect=["lake"],
)
def test_a_late_value_whose_batch_is_stopped_at_a_write_reaches_the_new_key_in_the_next_run(
    lake: TestLake, stage: str, kept: dict[str, str], of_old_key: list[tuple[Any, ...]]
) -> None:
    debezium_job(lake, **kept)
    applied(lake, 0, one(C15A[0]))
    deliver(lake, 1, one(*C15A[1:]))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=False))
    lake.applied()
    deliver(lake, 2, one(LATE))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=True))
    lake.applied()
    assert lake.rows("id", *VALUES) == [*of_old_key, (2, "2", "Z")]
