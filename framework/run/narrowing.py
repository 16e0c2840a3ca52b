"""What a merge is told of the rows it may touch, so that it reads and shuffles few others.

Rows that match nothing are inserted, so a merge joins the table with its source by a shuffle of both: the table's rows
are sent around, a hundred for each one that matches. Bounds of the batch's keys let the format skip files. Where only
rows that match are written, Spark makes a Bloom filter of the batch's keys, too, and shuffles what passes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import OUTCOME
from framework.materialized import materialized
from framework.run.batch_keys import BatchKeys
from framework.run.jobrun import JobRun
from framework.run.tuning import is_large
from framework.sql import quote

WORTH = 5
"""A filter pays from so many of the table's rows for each key on."""
MOST_KEYS = 4_000_000
"""Spark makes none of more keys."""
_BITS_PER_KEY = 16
_MISTAKEN = 64
"""One of so many rows passes by mistake, at most."""
_MOST_ROWS = (1 << 31) - 1
_LARGEST = 1 << 62
"""Bytes that a source is taken for; no setting can say more than twice as many."""
_FILTER = "spark.sql.optimizer.runtime.bloomFilter."


@dataclass(frozen=True)
class Narrowing:
    """What to merge, with conditions on `t` and `s` that are true for every pair of rows with one key."""

    source: DataFrame
    conditions: tuple[str, ...] = ()
    rows: int | None = None
    """Of the table and the batch, about; None if the merge may shuffle the whole table."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of the session, for the merge."""


def narrowing(run: JobRun, keys: BatchKeys | None, source: DataFrame, count: int) -> Narrowing:
    """For a merge of `source`, which is `count` rows of the batch with the columns that the merge needs."""
    if keys is None and not is_large(run):
        return Narrowing(source)
    bounds = tuple(each.condition("t") for each in keys.bounds) if keys else ()
    known = run.fmt.rows_to_filter(run.target)
    if known is None or count > MOST_KEYS:
        return Narrowing(source, bounds)
    if known < count * WORTH:
        return Narrowing(source, bounds, known + count)
    if estimated(source) > _LARGEST:
        source = _sized(source)
    rows = 2 * count + known // _MISTAKEN
    return Narrowing(source, (*_hashed(run.job.changes.keys), *bounds), rows, _filtered(source, count))


def _hashed(keys: Sequence[str]) -> list[str]:
    """Spark filters by single columns; one of several keys' columns may have few values."""
    if len(keys) == 1:
        return []
    sides = [f"xxhash64({', '.join(f'{side}.{quote(key)}' for key in keys)})" for side in "ts"]
    return [" = ".join(sides)]


def most_broadcast(source: DataFrame, size: int) -> int:
    """Bytes of what Spark may send to all of the other side's rows.

    It filters nothing where it thinks that it may send one of the two sides, though an outer join can't send the side
    whose rows it keeps. So the source has to be too large for that, but not its keys alone, which are sent indeed where
    a step needs nothing else.
    """
    conf: Any = source.sparkSession._jsparkSession.sessionState().conf()
    return min(size // 2, int(conf.autoBroadcastJoinThreshold()))


def estimated(source: DataFrame) -> int:
    """Bytes that Spark takes the source for: what was joined to make it may have been multiplied."""
    plan: Any = source._jdf.queryExecution().optimizedPlan()
    return int(str(plan.stats().sizeInBytes()))


def _sized(source: DataFrame) -> DataFrame:
    """The same rows, which Spark knows to be no more than that many."""
    # it filters by what is selected by a condition, as these rows were
    return materialized(source.limit(_MOST_ROWS)).filter(F.col(OUTCOME).isin("insert", "update", "delete"))


def _filtered(source: DataFrame, count: int) -> dict[str, str]:
    """Let Spark filter the table's rows by the source's keys, whatever it thinks of their number."""
    size = estimated(source)
    return {
        "spark.sql.autoBroadcastJoinThreshold": str(most_broadcast(source, size)),
        "spark.sql.optimizer.runtimeFilter.number.threshold": "1",
        f"{_FILTER}enabled": "true",
        f"{_FILTER}applicationSideScanSizeThreshold": "0",
        f"{_FILTER}creationSideThreshold": str(2 * size - 1),
        f"{_FILTER}expectedNumItems": str(count),
        f"{_FILTER}numBits": str(count * _BITS_PER_KEY),
    }
