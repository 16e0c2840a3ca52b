"""Which columns an event carries, where the source sends NULL for what did not change."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import ABSENT, PREFIX
from framework.sql import quote


def with_more_absent(events: DataFrame, names: Sequence[str]) -> DataFrame:
    """The events, none of which carries these columns."""
    none = F.array(*[F.lit(name) for name in names])
    if ABSENT not in events.columns:
        return events.withColumn(ABSENT, none)
    known = F.coalesce(F.col(ABSENT), F.array().cast("array<string>"))
    return events.withColumn(ABSENT, F.concat(known, none))


def null_as_absent(events: DataFrame, keys: Sequence[str]) -> DataFrame:
    """The events with every NULL column but the keys counted as one that the event doesn't carry.

    A column that is NULL for good can't be told from one that did not change: it keeps its old value.
    """
    names = [name for name in events.columns if not name.startswith(PREFIX) and name not in keys]
    nulls = F.array_compact(F.array(*[F.when(F.col(quote(name)).isNull(), F.lit(name)) for name in names]))
    known = F.coalesce(F.col(ABSENT), F.array().cast("array<string>")) if ABSENT in events.columns else None
    absent = nulls if known is None else F.array_union(known, nulls)
    return events.withColumn(ABSENT, F.when(F.size(absent) > 0, absent))
