"""Feeds in every order and every split: what a merger must not be impressed by."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

E = TypeVar("E")


def splits(events: Sequence[E], most: int = 4) -> Iterator[list[list[E]]]:
    """The events in this order, cut into one to `most` batches in every way.

    >>> list(splits("abc", most=2))
    [[['a', 'b', 'c']], [['a'], ['b', 'c']], [['a', 'b'], ['c']]]
    """
    for cuts in range(min(most, len(events))):
        for where in itertools.combinations(range(1, len(events)), cuts):
            yield cut(events, where)


def orders_and_splits(events: Sequence[E], most: int = 4) -> Iterator[list[list[E]]]:
    """Every order of the events, cut into batches in every way; n events have n! orders."""
    for order in itertools.permutations(events):
        yield from splits(order, most)


def shuffled(draw: random.Random, events: Sequence[E], most: int = 4) -> list[list[E]]:
    """The events in a random order, in up to `most` random batches, some of which may be empty.

    >>> [sorted(sum(shuffled(random.Random(seed), [1, 2, 3]), [])) for seed in range(2)]
    [[1, 2, 3], [1, 2, 3]]
    """
    mixed = draw.sample(events, len(events))
    return cut(mixed, sorted(draw.choices(range(len(mixed) + 1), k=draw.randrange(most))))


def cut(events: Sequence[E], where: Sequence[int]) -> list[list[E]]:
    """The events in batches, a new one from each of these places on.

    >>> cut([1, 2, 3], [2])
    [[1, 2], [3]]
    """
    return [list(events[a:b]) for a, b in itertools.pairwise([0, *where, len(events)])]
