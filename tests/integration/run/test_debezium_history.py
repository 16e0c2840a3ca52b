"""A recorded history of Debezium through jobs and real tables: key changes with placeholders, truncates, drift."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.run.lakes import TestLake

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


@pytest.mark.parametrize("cuts", [[3, 6]], ids=str)
def test_a_truncate_and_a_key_change_leave_what_the_source_has(lake: TestLake, cuts: list[int]) -> None:
    debezium_job(lake)
    messages = records("item_full")
    bounds = [0, *cuts, len(messages)]
    for n, (a, b) in enumerate(itertools.pairwise(bounds)):
        deliver(lake, messages[a:b], n)
        outcome = lake.applied()
        assert outcome.counts.read == b - a
        assert outcome.counts.quarantined == 0, outcome.reject_reasons
    assert lake.rows("id", "v", "big") == [(9, "again", "b")]


@pytest.mark.parametrize("cuts", [[7]], ids=str)
def test_a_changed_key_keeps_the_large_value_that_its_event_left_out(lake: TestLake, cuts: list[int]) -> None:
    """Cut at 7, the end of the old key and the write of the new one come in different batches."""
    debezium_job(lake)
    messages = records("item")
    bounds = [0, *cuts, len(messages)]
    for n, (a, b) in enumerate(itertools.pairwise(bounds)):
        deliver(lake, messages[a:b], n)
        outcome = lake.applied()
        assert outcome.counts.quarantined == 0, outcome.reject_reasons
    assert lake.rows("id", "big", "extra") == [
        (1, "<U*9000>", None),
        (10, "<T*9000>", None),
        (2, None, 7),
        (5, None, 8),
    ]


def test_the_same_events_in_reverse_order_give_the_same_table(lake: TestLake) -> None:
    debezium_job(lake)
    messages = records("item_full")[4:][::-1]
    for n in range(0, len(messages), 2):
        deliver(lake, messages[n : n + 2], n)
        lake.applied()
    assert lake.rows("id", "v", "big") == [(9, "again", "b")]
