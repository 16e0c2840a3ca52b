"""Rows that Debezium reads in its own snapshot rank before whatever is streamed at the same position of the log."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from framework.testing.feeds import orders_and_splits
from framework.testing.oracle import Change, scd1, scd2
from tests.integration.run.lakes import TestLake
from tests.integration.run.test_debezium_history import RECORDED, deliver

pytestmark = pytest.mark.either_format

LETTERS = {"R": "r", "U": "u", "D": "d"}
FIRST = 0
"""Python has no local time as early as the first that is the default."""


def event(seq: int, op: str, v: str | None = None) -> Change:
    return Change(None, seq, op, {} if v is None else {"v": v, "big": None}, time=FIRST if op == "R" else seq)


CASES = [
    [event(100, "R", "read"), event(100, "U", "streamed")],
    [event(100, "R", "read"), event(100, "D")],
    [event(100, "R", "read"), event(90, "U", "older"), event(110, "U", "newer")],
    [event(100, "R", "read"), event(90, "D"), event(100, "U", "streamed")],
]


def message(template: dict[str, Any], key: int, e: Change) -> tuple[Any, ...]:
    row = {"id": key, "v": e.values.get("v"), "big": None}
    ended = e.op == "D"
    source = {
        **template["source"],
        "lsn": e.seq,
        "snapshot": "true" if e.op == "R" else "false",
        "ts_ms": e.seq * 1000,
        "ts_us": e.seq * 1_000_000,
        "ts_ns": e.seq * 1_000_000_000,
    }
    value = {
        **template,
        "op": LETTERS[e.op],
        "before": row if ended else None,
        "after": None if ended else row,
        "source": source,
    }
    return (json.dumps({"id": key}), json.dumps(value), [])


@pytest.mark.parametrize("history", ["scd1", "scd2"])
def test_streamed_changes_win_over_rows_that_were_read_at_their_position(
    lake: TestLake, history: str
) -> None:
    """Every order and split, each under a key of its own, after every batch."""
    template = json.loads((RECORDED / "s1.public.item_full.jsonl").read_text().splitlines()[0])["value"]
    changes: dict[str, Any] = {"keys": ["id"], "envelope": "debezium", "history": history}
    if history == "scd2":
        changes["initial_valid_from"] = "1970-01-01 00:00:00"
    read = {"format": "parquet", "options": {}, "schema": {"id": "int", "v": "string", "big": "string"}}
    lake.job(read=read, changes=changes)
    feeds = [
        [[replace(e, key=key) for e in batch] for batch in feed]
        for key, feed in enumerate((feed for case in CASES for feed in orders_and_splits(case)), start=1)
    ]
    for n in range(max(len(feed) for feed in feeds)):
        events = [e for feed in feeds if n < len(feed) for e in feed[n]]
        deliver(lake, [message(template, e.key, e) for e in events], n)
        counts = lake.applied().counts
        assert (counts.read, counts.accounted, counts.quarantined) == (len(events), len(events), 0)
        seen = [e for feed in feeds for batch in feed[: n + 1] for e in batch]
        if history == "scd1":
            rows: Any = dict(lake.rows("id", "v"))
            assert rows == {key: row["v"] for key, row in scd1(seen, ["v", "big"], key_name="id").items()}
        else:
            rows = [
                (key, v, _seconds(start), _seconds(end))
                for key, v, start, end in lake.rows("id", "v", "valid_from", "valid_to")
            ]
            expected = [
                (each.key, each.values["v"], each.start, each.end)
                for each in scd2(seen, ["v", "big"], key_name="id")
            ]
            assert sorted(rows, key=str) == sorted(expected, key=str)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp())
