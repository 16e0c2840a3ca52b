"""Key changes among events: the end of the old key that each implies, and what its write leaves out."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from framework.changes.columns import ABSENT, MOVED_FROM, MOVED_TO, OP, SEQ, VERDICT
from framework.sql import quote

WEIGHT = "_sluice_weight"
"""1 for an event, 0 for the end of an old key that it implies."""


def with_ends_of_old_keys(events: DataFrame, keys: Sequence[str]) -> DataFrame:
    """The write of a key change also ends its old key; the old key's own delete may come in another batch."""
    if MOVED_FROM not in events.columns:
        return events.withColumn(WEIGHT, F.lit(1))
    changed = F.col(MOVED_FROM).isNotNull() & (F.col(VERDICT) != "rejected")
    both = F.when(changed, F.array(F.lit(1), F.lit(0))).otherwise(F.array(F.lit(1)))
    doubled = events.withColumn(WEIGHT, F.explode(both))
    implied = F.col(WEIGHT) == 0
    instead = {key: F.col(MOVED_FROM).getField(key).cast(events.schema[key].dataType) for key in keys}
    instead[OP] = F.lit("D")
    return doubled.select(
        *[
            F.when(implied, instead[name]).otherwise(F.col(quote(name))).alias(name)
            if name in instead
            else F.col(quote(name))
            for name in doubled.columns
        ]
    )


def leaves_out(events: DataFrame, columns: Sequence[StructField]) -> Column:
    """Whether a good event is the write of a key change that leaves something to be told by the old key."""
    entered = given(events, MOVED_FROM) & (F.size(left_out(events, columns)) > 0)
    return (F.col(VERDICT) == "good") & entered


def unpaired(events: DataFrame, keys: Sequence[str]) -> Column:
    """Aggregate: other than 0 if some ends of changed keys came without their writes, or the other way round.

    Such a write may still come, and leave something out.
    """
    if MOVED_TO not in events.columns:
        return F.max(F.lit(0))
    mine = [F.col(quote(key)) for key in keys]

    def other(side: str) -> list[Column]:
        # equal numbers of different types have different hashes
        return [F.col(side).getField(key).cast(events.schema[key].dataType) for key in keys]

    left = _mark([*mine, *other(MOVED_TO)])
    entered = F.lit(0)
    if MOVED_FROM in events.columns:
        entered = F.when(F.col(MOVED_FROM).isNotNull(), _mark([*other(MOVED_FROM), *mine])).otherwise(0)
    balance = F.when(F.col(MOVED_TO).isNotNull(), left).otherwise(-entered)
    return F.coalesce(F.sum(F.when(F.col(VERDICT) == "good", balance)), F.lit(0))


def _mark(parts: Sequence[Column]) -> Column:
    # a sum of these is no long any more
    return F.xxhash64(*parts, F.col(SEQ)).cast("decimal(20,0)")


def left_out(events: DataFrame, columns: Sequence[StructField]) -> Column:
    """Those of the columns that an event doesn't carry, those among them that its whole batch lacks."""
    told = F.coalesce(F.col(ABSENT), _names([])) if ABSENT in events.columns else _names([])
    lacking = _names([field for field in columns if field.name not in events.columns])
    return F.array_intersect(_names(columns), F.concat(told, lacking))


def _names(columns: Sequence[StructField]) -> Column:
    return F.array(*[F.lit(field.name) for field in columns]).cast("array<string>")


def other_key(events: DataFrame, side: str, keys: Sequence[str]) -> Column:
    """The other key of a change, by its side MOVED_FROM or MOVED_TO, as a `key_type`; NULL where there is none."""
    kind = key_type(events, keys)
    if side not in events.columns:
        return F.lit(None).cast(kind)
    parts = F.struct(*[F.col(side).getField(key).alias(key) for key in keys])
    return F.when(F.col(side).isNotNull(), parts.cast(kind))


def key_type(rows: DataFrame, keys: Sequence[str]) -> StructType:
    """The type of a key as one value."""
    return StructType([StructField(key, rows.schema[key].dataType) for key in keys])


def given(events: DataFrame, name: str) -> Column:
    """Whether an optional column is there and has a value."""
    return F.col(name).isNotNull() if name in events.columns else F.lit(False)
