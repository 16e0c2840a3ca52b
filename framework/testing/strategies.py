"""Hypothesis strategies for change feeds, and for the ways in which a feed can be delivered.

>>> from hypothesis import given
>>> @given(feed=feeds(columns=["name", "city"], keys=3))
... def test(feed):
...     assert all(change.op in ("U", "D") for change in feed)
>>> test()

Needs the package hypothesis (`pip install sluice-lake[testing]`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from framework.testing.feeds import cut
from framework.testing.oracle import Change

_VALUES = st.one_of(st.none(), st.sampled_from(["", "0", "a", "b", "=;,\\", "Ünï"]))


@st.composite
def feeds(
    draw: st.DrawFn,
    columns: Sequence[str],
    *,
    keys: int = 3,
    sequences: int = 14,
    values: st.SearchStrategy[Any] = _VALUES,
    partial: bool = False,
    truncates: bool = False,
    most: int = 24,
) -> list[Change]:
    """Changes of a few keys: upserts, deletes, ties (sequences are drawn from a few), and repetitions.

    `partial` lets upserts carry only some columns; `truncates` adds barriers.
    """
    sequence = st.integers(1, sequences)
    key = st.integers(1, keys)
    carried = st.sets(st.sampled_from(list(columns)), min_size=1) if partial else st.just(set(columns))
    upsert = st.builds(
        lambda k, s, names, row: Change(k, s, "U", {n: row[n] for n in columns if n in names}),
        key,
        sequence,
        carried,
        st.fixed_dictionaries(dict.fromkeys(columns, values)),
    )
    kinds = [upsert, upsert, upsert, st.builds(lambda k, s: Change(k, s, "D"), key, sequence)]
    if truncates:
        kinds.append(st.builds(lambda s: Change(None, s, "T"), sequence))
    feed = draw(st.lists(st.one_of(kinds), min_size=1, max_size=most))
    again = draw(st.lists(st.sampled_from(feed), max_size=max(1, len(feed) // 5)))
    return [*feed, *again]


@st.composite
def deliveries(draw: st.DrawFn, feed: Sequence[Change], *, batches: int = 4) -> list[list[Change]]:
    """The feed in any order, cut into batches in any way; some of them may be empty."""
    order = draw(st.permutations(list(feed)))
    where = draw(st.lists(st.integers(0, len(order)), max_size=batches - 1))
    return cut(order, sorted(where))
