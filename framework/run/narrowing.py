"""What a merge is told of the rows it may touch, so that it reads and shuffles few others."""

from __future__ import annotations

from dataclasses import dataclass

from framework.changes.sieve import MOST_KEYS, SLOTS_PER_KEY, make_sieve
from framework.run.batch_keys import BatchKeys
from framework.run.jobrun import JobRun

WORTH = 5
"""A sieve pays from so many of the table's rows for each key on."""


@dataclass(frozen=True)
class Narrowing:
    """Conditions on `t`, true for every row that has one of the batch's keys; and how many rows that leaves."""

    conditions: tuple[str, ...] = ()
    rows: int | None = None
    """Of the table and the batch, about; None if the merge may shuffle the whole table."""


def narrowing(run: JobRun, keys: BatchKeys | None) -> Narrowing:
    """Bounds of the keys let the format skip files; of a table that is merged on read, a sieve skips rows, too."""
    if keys is None:
        return Narrowing()
    bounds = tuple(each.condition("t") for each in keys.bounds)
    near = run.fmt.rows_to_shuffle(
        run.target, " AND ".join(each.condition() for each in keys.bounds) or "true"
    )
    if near is None or keys.count > MOST_KEYS:
        return Narrowing(bounds)
    if near < keys.count * WORTH:
        return Narrowing(bounds, near + keys.count)
    sieve = make_sieve(keys.rows, keys.names, keys.count)
    return Narrowing((*bounds, sieve.condition("t")), 2 * keys.count + near // SLOTS_PER_KEY)
