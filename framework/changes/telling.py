"""What became of each event of one key, in words: the rules of the mergers, told from the whole set of its events.

>>> events = [
...     Told(1, "U", values={"v": "a"}),
...     Told(2, "D"),
...     Told(3, "U", values={"v": "b"}),
... ]
>>> tell_row(events)
>>> [(each.fate, each.why) for each in events[:2]]
[('superseded', '#2 is newer and ended the row'), ('applied', 'ended the row; #3 revived the key')]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Told:
    """An event that names the key, and what is said of it."""

    place: int
    """Its place among the key's events in their order; the same for one event that was delivered twice."""
    op: str
    """U: writes the row. D: ends it. M: another key's row becomes this one's, which is replaced."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The columns that it carries, without the key."""
    valid: Any = None
    """From when on it is valid (scd2)."""
    fate: str = ""
    """applied, superseded, duplicate or rejected."""
    why: str = ""


def tell_row(events: Sequence[Told], *, kept: bool = False) -> None:
    """scd1: fill in fate and reason; events come in their order. `kept`: the row of a deleted key stays, marked.

    >>> events = [Told(1, "U", values={"v": "a"}), Told(2, "D"), Told(3, "D")]
    >>> tell_row(events, kept=True)
    >>> [each.why for each in events]
    ['is the newest; #2 marked the row', 'marked the row', 'the row had ended before: kept against late events']
    """
    once = _without_repeats(events)
    writes = [i for i, event in enumerate(once) if event.op != "D"]
    ends = once[writes[-1] + 1 :] if writes and kept else []
    if ends:
        once = once[: writes[-1] + 1]
    _tell(once, "marked the row" if kept else "ended the row")
    if ends:
        _tell_marks(once, ends)


def _tell_marks(row: Sequence[Told], ends: Sequence[Told]) -> None:
    """The ends after the newest write; what the row keeps was told as if it still lived."""
    for event in row:
        if event.fate == "applied" and event.op != "D":
            event.why += f"; #{ends[0].place} marked the row"
    for i, event in enumerate(ends):
        event.fate = "applied"
        event.why = "the row had ended before: kept against late events" if i else "marked the row"


def _tell(once: Sequence[Told], ended: str) -> None:
    for i, event in enumerate(once):
        later = once[i + 1 :]
        end = next((each for each in later if each.op in ("D", "M")), None)
        if event.op == "D":
            newer = next((each for each in later if each.op != "D"), None)
            alive = any(each.op != "D" for each in once[:i]) and not _ended(once[:i])
            what = ended if alive else "there was no row: kept against late events"
            event.fate = "applied"
            event.why = what if newer is None else f"{what}; #{newer.place} revived the key"
        elif end is not None:
            event.fate, event.why = "superseded", f"#{end.place} is newer and ended the row"
        else:
            _tell_write(event, later)


def _tell_write(event: Told, later: Sequence[Told]) -> None:
    left = [name for name in event.values if not any(name in each.values for each in later)]
    if later and not left:
        event.fate, event.why = "superseded", f"#{later[0].place} is newer and carries all its columns"
        if not all(name in later[0].values for name in event.values):
            event.why = "newer events carry all its columns"
    elif later:
        event.fate, event.why = "applied", f"gives {', '.join(left)}, which nothing newer carries"
    else:
        event.fate, event.why = "applied", "is the newest"


def tell_versions(events: Sequence[Told], tracked: Sequence[str]) -> None:
    """scd2: fill in fate and reason; events come in their order."""
    once = _without_repeats(events)
    # what holds from each event on, and the version that it belongs to
    row: dict[str, Any] | None = None
    opened: Told | None = None
    time: Any = None
    for i, event in enumerate(once):
        time = event.valid if time is None or event.valid > time else time
        event.fate = "applied"
        after = once[i + 1] if i + 1 < len(once) else None
        if after is not None and after.valid <= time:
            event.why = f"no duration: #{after.place} holds from the same instant on"
        if event.op == "D":
            event.why = event.why or (
                f"closed the version of #{opened.place}"
                if opened
                else "nothing was open: kept against late events"
            )
            row, opened = None, None
            continue
        known = {} if row is None or event.op == "M" else row
        now = {**known, **event.values}
        same = row is not None and opened is not None and all(now.get(n) == row.get(n) for n in tracked)
        if event.why:
            row = now
            opened = opened if same else event
            continue
        if same and opened is not None:
            changed = any(now.get(name) != known.get(name) for name in now)
            event.why = (
                f"changed untracked columns of the version of #{opened.place}"
                if changed
                else f"equal to the version of #{opened.place}, which goes on"
            )
        else:
            event.why = f"opened a version at {time}"
            opened = event
        row = now


def _without_repeats(events: Sequence[Told]) -> list[Told]:
    once: dict[int, Told] = {}
    for event in events:
        first = once.setdefault(event.place, event)
        if first is not event:
            event.fate, event.why = "duplicate", f"is #{first.place} again"
    return list(once.values())


def _ended(events: Sequence[Told]) -> bool:
    return bool(events) and events[-1].op == "D"
