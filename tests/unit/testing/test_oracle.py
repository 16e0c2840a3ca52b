"""What the oracle says of key changes: the cases of the contract, and what follows from them."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from framework.testing.oracle import Change, scd1, scd2

COLUMNS = ["a", "big"]


def u(key: int, seq: float, **values: Any) -> Change:
    return Change(key, seq, "U", values)


def d(key: int, seq: float) -> Change:
    return Change(key, seq, "D")


def moved(old: int, new: int, seq: float, position: int = 1, **values: Any) -> list[Change]:
    return [
        Change(old, seq, "D", moved_to=new, position=position),
        Change(new, seq, "U", values, moved_from=old, position=position + 1),
    ]


def live(changes: list[Change]) -> dict[int, tuple[Any, ...]]:
    return {key: tuple(row.values()) for key, row in scd1(changes, COLUMNS).items()}


def history(changes: list[Change]) -> list[tuple[Any, ...]]:
    return [(each.key, *each.values.values(), each.start, each.end) for each in scd2(changes, COLUMNS)]


FIRST = u(1, 5, a=1, big="X")
C15A = [FIRST, *moved(1, 2, 6, a=2)]
CASES = {
    "C15 a row is under its last key": ([FIRST, *moved(1, 2, 6, a=1, big="X")], {2: (1, "X")}),
    "C15a the new key has what its write left out": (C15A, {2: (2, "X")}),
    "C15a told by the write alone": ([C15A[0], C15A[2]], {2: (2, "X")}),
    "C15b a late value reaches the new key": ([*C15A, u(1, 5.5, big="Z")], {2: (2, "Z")}),
    "an older value doesn't": ([*C15A, u(1, 4, big="O")], {2: (2, "X")}),
    "a value of the old key after the change is that key's": (
        [*C15A, u(1, 6.5, big="N")],
        {1: (None, "N"), 2: (2, "X")},
    ),
    "(6, 5.5) beats (6, 5), and loses to 6.1": (
        [*C15A, u(1, 5.5, big="Z"), u(2, 6.1, big="N")],
        {2: (2, "N")},
    ),
    "a late delete of the old key": ([*C15A, d(1, 5.5)], {2: (2, None)}),
    "a late truncate": ([*C15A, Change(None, 5.5, "T")], {2: (2, None)}),
    "A becomes B becomes C at one sequence": (
        [FIRST, *moved(1, 2, 6, 1, a=2), *moved(2, 3, 6, 3)],
        {3: (2, "X")},
    ),
    "A becomes B becomes C, and a late value of A": (
        [FIRST, *moved(1, 2, 6, 1), *moved(2, 3, 8, 3, a=3), u(1, 5.5, big="Z")],
        {3: (3, "Z")},
    ),
    "a swap at one sequence": (
        [FIRST, u(2, 5, a=2, big="Y"), *moved(1, 3, 6, 1), *moved(2, 1, 6, 3), *moved(3, 2, 6, 5)],
        {1: (2, "Y"), 2: (1, "X")},
    ),
    "a key that comes back at the sequence it left at": (
        [FIRST, *moved(1, 2, 6, 1, a=2), *moved(2, 1, 6, 3), *moved(1, 3, 6, 5)],
        {3: (2, "X")},
    ),
    "nothing is known of the old key": (moved(1, 2, 6, a=2), {2: (2, None)}),
}


def _orders(changes: list[Change]) -> list[list[Change]]:
    """All of them, or as many as 720, drawn at random."""
    if len(changes) <= 6:
        return [list(order) for order in itertools.permutations(changes)]
    draw = random.Random(1)
    return [draw.sample(changes, len(changes)) for _ in range(720)]


@pytest.mark.parametrize("name", CASES)
def test_key_changes_mean_the_same_in_every_order(name: str) -> None:
    changes, expected = CASES[name]
    assert live(changes) == expected
    for order in _orders(changes):
        assert live(order) == expected
        open_rows = {each.key: tuple(each.values.values()) for each in scd2(order, COLUMNS) if not each.end}
        assert open_rows == expected


def test_c15a_the_old_keys_version_closes_and_the_new_keys_opens() -> None:
    assert history(C15A) == [(1, 1, "X", 5, 6), (2, 2, "X", 6, None)]


def test_c15b_a_late_value_splits_the_old_keys_version_and_is_in_the_new_keys() -> None:
    late = u(1, 5.5, big="Z")
    versions = [(1, 1, "X", 5, 5.5), (1, 1, "Z", 5.5, 6), (2, 2, "Z", 6, None)]
    for order in itertools.permutations([*C15A, late]):
        assert history(list(order)) == versions


def test_each_of_the_two_events_of_a_key_change_ends_the_old_key() -> None:
    for event in C15A[1:]:
        assert 1 not in live([FIRST, event])
