"""What a feed of changes means, by the plainest program there is; it shares no code with the mergers.

Sort the changes, apply them one after another to a dict: that is all a merger has to agree with, in whatever order,
batches and repetitions the changes reached it. A key change has two events, the delete of the old key and the write of
the new one, and each implies the other's end of the old key; columns that the write leaves out are those that the old
key's row had as it left.

>>> feed = [Change(1, 10, "U", {"name": "Ada"}), Change(1, 7, "U", {"name": "Ad", "city": "Paris"})]
>>> scd1(feed, ["name", "city"])
{1: {'name': 'Ada', 'city': 'Paris'}}
>>> scd1([*feed, Change(1, 8, "D")], ["name", "city"])
{1: {'name': 'Ada', 'city': None}}
>>> scd1([*feed, Change(2, 12, "U", {"name": "Eve"}, moved_from=1)], ["name", "city"])
{2: {'name': 'Eve', 'city': 'Paris'}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Change:
    """One change of one key; of all keys for a truncate."""

    key: Any
    """The key column's value, or None."""
    seq: Any
    """The sequence: anything that compares."""
    op: str
    """U upsert, D delete, T truncate; R a row of a snapshot, S the snapshot itself, which ends what it lacks: both come
    before any other change at their sequence."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The columns that an upsert carries, without the key; one that is missing keeps its value."""
    moved_from: Any = None
    """On the write of a key change: the key before."""
    moved_to: Any = None
    """On the delete of a key change: the key after."""
    position: int = 0
    """Where the source delivered it: settles key changes at one sequence."""
    time: Any = None
    """When the source committed it; None: validity is told by the sequence."""


@dataclass(frozen=True)
class Version:
    """A row of history: valid from `start` until before `end`; None: still."""

    key: Any
    values: Mapping[str, Any]
    start: Any
    end: Any


def rank(change: Change, key_name: str = "key") -> int:
    """What settles two upserts at one sequence: 64 bits of SHA-256 over a canonical text, signed.

    >>> rank(Change(7, 1, "U", {"value": "a"}))
    -8510889055944072447
    """
    carried = {key_name: change.key, **change.values}
    text = "".join(
        f"{_escaped(name.lower())}={_entry(carried[name])};" for name in sorted(carried, key=str.lower)
    )
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def scd1(
    changes: Iterable[Change], columns: Sequence[str], on_tie: str = "delete_wins", key_name: str = "key"
) -> dict[Any, dict[str, Any]]:
    """The live rows after these changes, by key: the value of each column."""
    kept = scd1_soft(changes, columns, on_tie, key_name)
    return {key: row for key, (row, deleted_at) in kept.items() if deleted_at is None}


def scd1_soft(
    changes: Iterable[Change], columns: Sequence[str], on_tie: str = "delete_wins", key_name: str = "key"
) -> dict[Any, tuple[dict[str, Any], Any]]:
    """The rows with soft deletes, by key: the value of each column, and when the row ended; None: it lives.

    >>> feed = [Change(1, 5, "U", {"v": "a", "w": "b"}), Change(1, 7, "D"), Change(1, 9, "D")]
    >>> scd1_soft(feed, ["v", "w"])
    {1: ({'v': 'a', 'w': 'b'}, 7)}
    >>> scd1_soft([*feed, Change(1, 8, "U", {"v": "c"})], ["v", "w"])
    {1: ({'v': 'c', 'w': None}, 9)}
    """
    usable = [
        each for each in changes if each.seq is not None and (each.key is not None or each.op in _BARRIERS)
    ]
    table: dict[Any, dict[str, Any]] = {}
    ended: dict[Any, tuple[dict[str, Any], Any]] = {}
    left: dict[tuple[Any, Any], dict[str, Any]] = {}

    def end(key: Any, moment: Any) -> dict[str, Any] | None:
        row = table.pop(key, None)
        if row is not None:
            ended[key] = (row, moment)
        return row

    for change in sorted(usable, key=lambda each: _order(each, on_tie, key_name)):
        moment = change.seq if change.time is None else change.time
        if change.op in _BARRIERS:
            for key in list(table):
                end(key, moment)
        elif change.op == "D":
            row = end(change.key, moment)
            if change.moved_to is not None and row is not None:
                left[change.key, change.seq] = row
        elif change.moved_from is not None:
            row = end(change.moved_from, moment)
            if row is not None:
                left[change.moved_from, change.seq] = row
            gone = left.get((change.moved_from, change.seq), {})
            table[change.key] = {name: change.values.get(name, gone.get(name)) for name in columns}
        else:
            row = table.setdefault(change.key, dict.fromkeys(columns))
            row.update({name: change.values[name] for name in columns if name in change.values})
    return {**ended, **{key: (row, None) for key, row in table.items()}}


def scd2(
    changes: Iterable[Change],
    columns: Sequence[str],
    on_tie: str = "delete_wins",
    key_name: str = "key",
    tracked: Sequence[str] | None = None,
) -> list[Version]:
    """The versions that the changes make, by key, then by time.

    >>> feed = [Change(1, 5, "U", {"v": "a"}), Change(1, 15, "U", {"v": "a"}), Change(1, 12, "U", {"v": "b"})]
    >>> [(each.values["v"], each.start, each.end) for each in scd2(feed, ["v"])]
    [('a', 5, 12), ('b', 12, 15), ('a', 15, None)]
    """
    usable = [
        each for each in changes if each.seq is not None and (each.key is not None or each.op in _BARRIERS)
    ]
    named = {key for each in usable for key in (each.key, each.moved_from) if key is not None}
    lives: dict[Any, Life] = {key: [] for key in named}
    left: dict[tuple[Any, Any], dict[str, Any]] = {}
    for change in sorted(usable, key=lambda each: _order(each, on_tie, key_name)):
        moment = change.seq if change.time is None else change.time
        if change.op in _BARRIERS:
            for life in lives.values():
                _goes_on(life, moment, None)
            continue
        now = _present(lives[change.key])
        if change.op == "D":
            if change.moved_to is not None and now is not None:
                left[change.key, change.seq] = now
            _goes_on(lives[change.key], moment, None)
        elif change.moved_from is not None:
            old = lives[change.moved_from]
            was = _present(old)
            if was is not None:
                left[change.moved_from, change.seq] = was
            gone = left.get((change.moved_from, change.seq), {})
            _goes_on(old, moment, None)
            row = {name: change.values.get(name, gone.get(name)) for name in columns}
            _goes_on(lives[change.key], moment, row)
        else:
            carried = {name: change.values[name] for name in columns if name in change.values}
            _goes_on(lives[change.key], moment, {**(now or dict.fromkeys(columns)), **carried})
    watched = columns if tracked is None else tracked
    return [version for key in sorted(lives) for version in _versions(key, lives[key], watched)]


Life = list[tuple[Any, dict[str, Any] | None]]
"""What holds of a key from each moment on: a row, or None after a delete."""


def _present(life: Life) -> dict[str, Any] | None:
    return life[-1][1] if life else None


def _goes_on(life: Life, moment: Any, row: dict[str, Any] | None) -> None:
    """Time never runs backwards, and of two changes at one moment the last counts."""
    time = life[-1][0] if life and life[-1][0] > moment else moment
    if life and life[-1][0] == time:
        life.pop()
    life.append((time, row))


def _versions(key: Any, life: Life, tracked: Sequence[str]) -> list[Version]:
    runs: list[list[Any]] = []
    for start, row in life:
        before = runs[-1] if runs else None
        if before and before[2] is None:
            if row is not None and all(before[0][name] == row[name] for name in tracked):
                before[0] = row
                continue
            before[2] = start
        if row is not None:
            runs.append([row, start, None])
    return [Version(key, row, start, end) for row, start, end in runs]


_BARRIERS = ("T", "S")


def _order(change: Change, on_tie: str, key_name: str) -> tuple[Any, int, int]:
    if change.op in ("S", "R"):
        return (change.seq, -2 if change.op == "S" else -1, 0)
    if change.moved_from is not None or change.moved_to is not None:
        return (change.seq, 2, change.position)
    deletes = change.op in ("D", "T")
    last = deletes == (on_tie == "delete_wins")
    return (change.seq, int(last), 0 if deletes else rank(change, key_name))


def _escaped(text: str) -> str:
    return "".join("\\" + char if char in "\\=;," else char for char in text)


def _entry(value: Any) -> str:
    if value is None:
        return "0:"
    if isinstance(value, bool):
        return f"b:{str(value).lower()}"
    if isinstance(value, int):
        return f"n:{value}"
    return f"s:{_escaped(str(value))}"
