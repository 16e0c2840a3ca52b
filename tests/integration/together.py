"""Feeds of many rules in one table: a batch costs nearly the same with ten feeds and with a thousand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.testing.oracle import Change

Feed = list[list[Change]]
State = Mapping[int, Any]
"""What a table has, by the numbers of the feeds."""


@dataclass(frozen=True)
class Seen:
    """One feed after one batch."""

    batch: int
    feed: Feed
    events: list[Change]
    found: Any

    def __str__(self) -> str:
        return f"after batch {self.batch} of {self.feed}"


class Together:
    """Groups of feeds, by names, that are applied side by side."""

    def __init__(
        self,
        groups: Mapping[str, list[Feed]],
        states: Callable[[list[Feed], str], Iterator[State]],
        on_tie: str = "delete_wins",
    ) -> None:
        """`states`: what the table has after each batch of all these feeds, where ties are decided like that."""
        self.groups, self.on_tie = groups, on_tie
        self._states = list(states([feed for feeds in groups.values() for feed in feeds], on_tie))

    def after_each_batch(self, name: str) -> Iterator[Seen]:
        """Each feed of a group after each of the batches."""
        names = list(self.groups)
        first = sum(len(self.groups[each]) for each in names[: names.index(name)])
        for n, state in enumerate(self._states, 1):
            for i, feed in enumerate(self.groups[name], first):
                yield Seen(n, feed, [event for batch in feed[:n] for event in batch], state.get(i))
