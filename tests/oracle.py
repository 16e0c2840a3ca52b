"""What a feed means for an scd1 table, by the plainest program there is; shares no code with the framework."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """A change of one key: sequence, operation U or D, and the value it carries."""

    key: int | None
    seq: int | None
    op: str
    value: str | None


def rank(event: Event) -> int:
    """First 64 bits of SHA-256 over the canonical text, signed."""
    escaped = "".join("\\" + c if c in "\\=;," else c for c in event.value or "")
    value = "0:" if event.value is None else f"s:{escaped}"
    text = f"key=n:{event.key};value={value};"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


def state(events: Iterable[Event], on_tie: str = "delete_wins") -> dict[int, Event]:
    """The live rows after these events, whatever their order."""
    newest: dict[int, tuple[tuple[int, bool, int], Event]] = {}
    for event in events:
        if event.key is None or event.seq is None:
            continue
        wins = (event.op == "D") == (on_tie == "delete_wins")
        order = (event.seq, wins, rank(event))
        if event.key not in newest or order > newest[event.key][0]:
            newest[event.key] = (order, event)
    return {key: event for key, (_, event) in newest.items() if event.op != "D"}
