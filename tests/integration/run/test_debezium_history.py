"""A recorded history of Debezium through jobs and real tables: key changes with placeholders, truncates, drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.run.lakes import TestLake

pytestmark = pytest.mark.either_format

RECORDED = Path(__file__).parents[2] / "fixtures/change_events/debezium-3.7"
MESSAGE = "key string, value string, headers array<struct<key:string,value:binary>>"


def records(table: str) -> list[tuple[Any, ...]]:
    lines = (RECORDED / f"s3.public.{table}.jsonl").read_text().splitlines()
    found = []
    for line in lines:
        record = json.loads(line)
        key, value = (json.dumps(record[name]) if record[name] else None for name in ("key", "value"))
        found.append((key, value, [(name, text.encode()) for name, text in record["headers"]]))
    return found


def deliver(lake: TestLake, messages: list[tuple[Any, ...]], n: int) -> None:
    """One file of messages, as a copy of a topic has them."""
    frame = lake.spark.createDataFrame(messages, MESSAGE).coalesce(1)
    folder = lake.folder / f"staged-{n}"
    frame.write.parquet(str(folder))
    (file,) = folder.glob("*.parquet")
    file.rename(lake.folder / "in" / f"messages-{n}.parquet")


def debezium_job(lake: TestLake) -> None:
    lake.job(
        read={"format": "parquet", "options": {}},
        changes={"keys": ["id"], "envelope": "debezium"},
    )


def check(lake: TestLake, messages: list[tuple[Any, ...]], *steps: tuple[int, list[tuple[Any, ...]]]) -> None:
    """Deliver the messages up to each step's place, and compare id and large value of the table's rows then."""
    debezium_job(lake)
    begin = 0
    for n, (end, rows) in enumerate(steps):
        deliver(lake, messages[begin:end], n)
        outcome = lake.applied()
        assert outcome.counts.read == end - begin
        assert outcome.counts.quarantined == 0, outcome.reject_reasons
        assert lake.rows("id", "big") == rows, f"after {end} messages"
        begin = end


def test_a_truncate_and_a_key_change_leave_what_the_source_has(lake: TestLake) -> None:
    check(lake, records("item_full"), (2, [(1, "<F*9000>")]), (6, []), (10, [(9, "b")]))
    assert lake.rows("id", "v") == [(9, "again")]


def test_a_changed_key_keeps_the_large_value_that_its_event_left_out(lake: TestLake) -> None:
    """The end of the old key and the write of the new one come in different batches."""
    large = [(1, "<U*9000>"), (2, None), (3, "small")]
    check(lake, records("item"), (7, large), (16, [large[0], (10, "<T*9000>"), (2, None), (5, None)]))
    assert lake.rows("id", "extra") == [(1, None), (10, None), (2, 7), (5, 8)]


def test_the_same_events_in_reverse_order_give_the_same_table(lake: TestLake) -> None:
    kept = [(9, "b")]
    check(lake, records("item_full")[::-1], (2, kept), (6, kept), (10, kept))
    assert lake.rows("id", "v") == [(9, "again")]
