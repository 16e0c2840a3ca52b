"""From snapshots to a stream of changes: the newest snapshot is a barrier, whatever is streamed in whatever order."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from framework.errors import SluiceError
from framework.run.adopt import adopt_table
from framework.run.outcome import Counts
from framework.testing.crashes import StopAt
from framework.testing.feeds import shuffled, splits
from framework.testing.oracle import Change, scd1, scd1_soft, scd2
from tests.integration.run.lakes import TestLake

pytestmark = pytest.mark.either_format

COLUMNS = {"feed": "int", "id": "int", "a": "string", "b": "string"}
CHANGES: dict[str, Any] = {"keys": ["feed", "id"], "sequence": ["seq"]}
STREAM: dict[str, Any] = {**CHANGES, "envelope": "generic", "operation": "op", "null_means": "absent"}
P = 20
"""Where the newest snapshot stands."""
FIRST = -(2**63)
Feed = list[list[Change]]


def snapshot_job(lake: TestLake, **changes: object) -> None:
    (lake.folder / "snapshots").mkdir(exist_ok=True)
    read = {"format": "csv", "schema": {**COLUMNS, "seq": "bigint"}, "path": str(lake.folder / "snapshots")}
    lake.job(read=read, changes={**CHANGES, "snapshot": True, **changes})


def stream_job(lake: TestLake, **changes: object) -> None:
    read = {"format": "csv", "schema": {"op": "string", **COLUMNS, "seq": "bigint"}}
    lake.job(read=read, changes={**STREAM, **changes})


def deliver_snapshot(lake: TestLake, seq: int, rows: list[tuple[Any, ...]]) -> None:
    lines = [",".join(str(value) for value in (*row, seq)) for row in rows]
    (lake.folder / f"snapshots/s{seq}.csv").write_text("\n".join(["feed,id,a,b,seq", *lines]) + "\n")


def deliver_changes(lake: TestLake, name: str, events: list[tuple[int, Change]]) -> None:
    rows = [(e.op, feed, e.key, e.values.get("a"), e.values.get("b"), e.seq) for feed, e in events]
    lines = [",".join("" if value is None else str(value) for value in row) for row in rows]
    lake.file(name, "op,feed,id,a,b,seq", *lines)


def adopt(lake: TestLake) -> list[str]:
    return adopt_table(lake.project, f"{lake.domain}.t", spark=lake.spark)


SNAPSHOTS = {
    10: {1: ("p", "q"), 2: ("p", "q"), 3: ("p", "q")},
    P: {1: ("p", "q"), 3: ("r", "q"), 4: ("s", "t")},
}
"""Key 1 stays as it is, 2 is missing, 3 differs and 4 is new at P; 5 is never there."""


def u(key: int, seq: int, **values: str) -> Change:
    return Change(key, seq, "U", values)


CASES = [
    [u(key, seq, **values), Change(key, 25, "D")]
    for key in (1, 2, 3, 4, 5)
    for seq in (5, 15, P, 22)
    for values in ({"a": "z"}, {"a": "z", "b": "z"})
] + [
    [u(key, 15, a="late"), u(key, P, b="at"), Change(key, seq, "D")]
    for key in (1, 2, 3, 4, 5)
    for seq in (12, P, 30)
]


def stream_feeds() -> list[Feed]:
    """Every order and split of the cases' pairs, some of the triples, and random feeds around P."""
    draw = random.Random(4)
    feeds = [list(feed) for case in CASES[:40] for order in (case, case[::-1]) for feed in splits(order)]
    feeds += [shuffled(draw, case) for case in CASES[40:] for _ in range(3)]
    for _ in range(60):
        events = []
        for _ in range(draw.randint(2, 12)):
            # not at the first snapshot: in a history, all that is at one sequence has one time
            key, seq = draw.randint(1, 5), draw.choice([8, 9, *range(11, 29)])
            if draw.random() < 0.25:
                events.append(Change(key, seq, "D"))
            else:
                names = draw.choice(["a", "b", "ab"])
                events.append(u(key, seq, **{name: draw.choice("vwxyz") for name in names}))
        feeds.append(shuffled(draw, events))
    return feeds


def told_by_snapshots(seqs: list[int]) -> list[Change]:
    found = []
    for seq in seqs:
        found.append(Change(None, seq, "S"))
        found += [
            Change(key, seq, "R", {"a": a, "b": b, "seq": seq}) for key, (a, b) in SNAPSHOTS[seq].items()
        ]
    return found


def hand_over(lake: TestLake, feeds: list[Feed], **changes: object) -> None:
    """Each feed has the snapshots' keys under its own first key column."""
    snapshot_job(lake, **changes)
    for seq, rows in SNAPSHOTS.items():
        deliver_snapshot(lake, seq, [(i, key, *row) for i in range(len(feeds)) for key, row in rows.items()])
        lake.applied()
    stream_job(lake, **changes)
    deliver_changes(lake, "b0.csv", [(i, e) for i, feed in enumerate(feeds) for e in feed[0]])
    refused = lake.run()
    assert refused.error_class == "ContractError"
    assert f"sluice adopt {lake.domain}.t" in (refused.error or "")
    assert "sluice.delivery = changes" in adopt(lake)
    assert adopt(lake) == []


def batches(lake: TestLake, feeds: list[Feed]) -> Any:
    """Deliver the stream batch by batch, and then everything again; what each feed has seen after each."""
    most = max(len(feed) for feed in feeds)
    for n in range(most + 1):
        if 0 < n < most:
            deliver_changes(
                lake,
                f"b{n}.csv",
                [(i, e) for i, feed in enumerate(feeds) for e in (feed[n] if n < len(feed) else [])],
            )
        outcome = lake.applied() if n < most else lake.applied(replay="*/in/*")
        counts = outcome.counts
        assert counts.read == counts.accounted
        assert counts.quarantined == 0
        yield [[as_row(i, e) for batch in feed[: n + 1] for e in batch] for i, feed in enumerate(feeds)]


def as_row(feed: int, e: Change) -> Change:
    """The event with all that its line in the file carries."""
    return e if e.op == "D" else replace(e, values={**e.values, "feed": feed, "seq": e.seq})


@pytest.mark.parametrize("delete", ["hard", "soft"])
def test_streamed_changes_win_from_the_snapshot_on_and_older_ones_are_superseded(
    lake: TestLake, delete: str
) -> None:
    feeds = stream_feeds()
    hand_over(lake, feeds, delete=delete)
    snapshots = told_by_snapshots([10, P])
    for seen in batches(lake, feeds):
        if delete == "hard":
            table: Any = {row[:2]: row[2:] for row in lake.rows("feed", "id", "a", "b")}
            expected: Any = {
                (i, key): (row["a"], row["b"])
                for i, events in enumerate(seen)
                for key, row in scd1([*snapshots, *events], ["a", "b"], key_name="id").items()
            }
        else:
            table = {row[:2]: row[2:] for row in lake.rows("feed", "id", "a", "b", "deleted_at")}
            expected = {
                (i, key): (row["a"], row["b"], at)
                for i, events in enumerate(seen)
                for key, (row, at) in scd1_soft(
                    [*snapshots, *[e for e in events if e.seq >= P]], ["a", "b"], key_name="id"
                ).items()
            }
        assert table == expected


def test_older_changes_become_history_before_the_snapshot(lake: TestLake) -> None:
    feeds = stream_feeds()
    hand_over(lake, feeds, history="scd2", tracked=["a", "b"])
    # of earlier snapshots only what they changed is known; rows of the first are valid from the beginning
    initial = [replace(e, time=FIRST) for e in told_by_snapshots([10]) if e.op == "R"]
    initial += told_by_snapshots([P])
    for seen in batches(lake, feeds):
        table = lake.rows("feed", "id", "a", "b", "valid_from", "valid_to")
        expected = [
            (i, v.key, v.values["a"], v.values["b"], v.start, v.end)
            for i, events in enumerate(seen)
            for v in scd2([*initial, *events], ["a", "b"], key_name="id")
        ]
        assert sorted(table, key=str) == sorted(expected, key=str)
        current = [row[:2] for row in lake.rows("feed", "id", "is_current") if row[2]]
        assert len(current) == len(set(current)), "one open row per live key"


def test_a_snapshot_that_was_begun_must_be_applied_before(lake: TestLake) -> None:
    snapshot_job(lake)
    deliver_snapshot(lake, 10, [(0, 1, "p", "q")])
    lake.applied()
    deliver_snapshot(lake, P, [(0, 1, "r", "q")])
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt("target", after=False))
    stream_job(lake)
    deliver_changes(lake, "a.csv", [(0, u(1, 25, a="z"))])
    with pytest.raises(SluiceError, match="has begun to apply"):
        adopt(lake)
    assert lake.rows("id", "a") == [(1, "p")]


def test_a_table_that_was_handed_over_takes_no_further_snapshot(lake: TestLake) -> None:
    snapshot_job(lake)
    deliver_snapshot(lake, 10, [(0, 1, "p", "q"), (0, 2, "p", "q")])
    lake.applied()
    stream_job(lake)
    deliver_changes(lake, "a.csv", [(0, u(1, 9, a="old")), (0, u(1, 10, a="z")), (0, Change(2, 11, "D"))])
    adopt(lake)
    assert lake.plan().counts == Counts(read=3, updated=1, deleted=1, superseded=1)
    assert lake.applied().counts == Counts(read=3, updated=1, deleted=1, superseded=1)
    assert lake.rows("id", "a", "b") == [(1, "z", "q")]
    snapshot_job(lake)
    deliver_snapshot(lake, 30, [(0, 5, "p", "q")])
    assert lake.run().error_class == "ContractError"
    assert lake.rows("id", "a", "b") == [(1, "z", "q")]


def test_a_stream_in_another_kind_of_order_is_refused(lake: TestLake) -> None:
    snapshot_job(lake)
    deliver_snapshot(lake, 10, [(0, 1, "p", "q")])
    lake.applied()
    stream_job(lake, sequence=["a"])
    deliver_changes(lake, "a.csv", [(0, u(1, 10, a="z"))])
    with pytest.raises(SluiceError, match="in sequence"):
        adopt(lake)
