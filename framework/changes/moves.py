"""Placeholders of a key change: what its write doesn't carry is what the old key had as of the change.

Known are the row of the old key in the table, as far as it is older than the change, the batch's own older events of
the old key, and, where the end of the old key came in an earlier batch, what its tombstone kept. What none of them
knows stays absent.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import LongType, StructField, StructType

from framework.changes.columns import ABSENT, LEFT, MARK, MOVED_FROM, MOVED_TO, OP, RANK, SEQ, STATE, VERDICT
from framework.sql import exact_json, quote

_AT, _ENDED = "_sluice_at", "_sluice_ended"
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


def unresolved(events: DataFrame) -> Column:
    """Whether an event writes a changed key without carrying every column."""
    return F.col(MOVED_FROM).isNotNull() & (F.size(ABSENT) > 0) & (F.col(VERDICT) == "good")


def left_rows(
    events: DataFrame,
    target: DataFrame | None,
    tombstones: DataFrame | None,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
) -> DataFrame:
    """The rows of keys that change in this batch, as of just before: old key, sequence of the change, a cell a column.

    `columns` are the table's without the keys; `events` are read twice, so hand over ones that are materialised.
    """
    known = _of_events(events, keys, columns)
    if target is not None:
        known = known.unionByName(_of_rows(target, keys, columns, known))
    if tombstones is not None:
        known = known.unionByName(_of_tombstones(tombstones, keys, columns, known))
    return _as_of(_departures(events, keys), known, keys, columns, on_tie)


def fill_placeholders(
    events: DataFrame, left: DataFrame, keys: Sequence[str], columns: Sequence[StructField]
) -> DataFrame:
    """The events; writes of key changes carry what `left_rows` knows of their old key."""
    at = [F.col(MOVED_FROM).getField(key) == F.col(_old(i)) for i, key in enumerate(keys)]
    joined = events.join(left, reduce(and_, [*at, F.col(SEQ) == F.col(_AT), unresolved(events)]), "left")
    places = {field.name: i for i, field in enumerate(columns) if field.name in events.columns}
    takes = {
        name: F.coalesce(F.array_contains(F.col(ABSENT), name), F.lit(False)) & F.col(_cell(i)).isNotNull()
        for name, i in places.items()
    }
    taken = F.array_compact(F.array(*[F.when(take, F.lit(name)) for name, take in takes.items()]))
    values = {
        name: F.when(take, F.col(_cell(places[name])).getField("value")).otherwise(F.col(quote(name)))
        for name, take in takes.items()
    }
    return joined.select(
        *[values.get(name, F.col(quote(name))).alias(name) for name in events.columns if name != ABSENT],
        F.array_except(F.col(ABSENT), taken).alias(ABSENT),
    )


def with_left_rows(
    dead: DataFrame, left: DataFrame, keys: Sequence[str], columns: Sequence[StructField]
) -> DataFrame:
    """Tombstones with `_sluice_left`, where a key ended by changing."""
    same = [F.col(quote(key)) == F.col(_old(i)) for i, key in enumerate(keys)]
    row = F.struct(*[F.col(_cell(i)).alias(field.name) for i, field in enumerate(columns)])
    found = left.select(*[_old(i) for i in range(len(keys))], _AT, F.to_json(row, exact_json()).alias(LEFT))
    joined = dead.join(found, reduce(and_, [*same, F.col(SEQ) == F.col(_AT)]), "left")
    return joined.select(*[F.col(quote(name)) for name in dead.columns], LEFT)


def _departures(events: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Old key and sequence of every key change that the batch tells, by either of its two events."""
    good = events.filter(F.col(VERDICT) == "good")
    entered = [F.col(MOVED_FROM).getField(key).alias(_old(i)) for i, key in enumerate(keys)]
    told = good.filter(F.col(MOVED_FROM).isNotNull()).select(*entered, F.col(SEQ).alias(_AT))
    if MOVED_TO in events.columns:
        left = [F.col(quote(key)).alias(_old(i)) for i, key in enumerate(keys)]
        told = told.unionByName(good.filter(F.col(MOVED_TO).isNotNull()).select(*left, F.col(SEQ).alias(_AT)))
    return told.distinct()


def _old(index: int) -> str:
    return f"_sluice_old{index}"


def _cell(index: int) -> str:
    return f"_sluice_was{index}"


def _of_events(events: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """What each event says of its key: struct<seq, rank, value> per column it carries, or when it ended."""
    writes = F.col(OP).isin("I", "U", "R")
    have = set(events.columns)
    cells = [
        F.lit(None).cast(_cell_type(events, field)).alias(_cell(i))
        if field.name not in have
        else F.when(
            writes & ~F.coalesce(F.array_contains(F.col(ABSENT), field.name), F.lit(False)),
            F.struct(
                F.col(SEQ).alias("seq"), F.col(RANK).alias("rank"), F.col(quote(field.name)).alias("value")
            ),
        ).alias(_cell(i))
        for i, field in enumerate(columns)
    ]
    return events.filter(F.col(VERDICT) == "good").select(
        *[F.col(quote(key)).alias(f"_sluice_key{i}") for i, key in enumerate(keys)],
        F.when(~writes, F.col(SEQ)).alias(_ENDED),
        *cells,
    )


def _of_rows(
    target: DataFrame, keys: Sequence[str], columns: Sequence[StructField], like: DataFrame
) -> DataFrame:
    cells = []
    for i, field in enumerate(columns):
        listed = F.coalesce(F.map_contains_key(F.col(STATE), field.name), F.lit(False))
        # what nothing ever carried has an entry without a stamp
        own = F.when(listed, F.col(STATE).getItem(field.name).getField("seq")).otherwise(F.col(SEQ))
        known = ~listed | F.col(STATE).getItem(field.name).isNotNull()
        cell = F.struct(
            own.alias("seq"), F.lit(0).cast("bigint").alias("rank"), F.col(quote(field.name)).alias("value")
        )
        cells.append(F.when(known, cell).alias(_cell(i)))
    # a row that was marked before its key changed has nothing to hand on
    never = F.lit(None).cast(like.schema[_ENDED].dataType)
    ended = F.col(MARK).getField("seq") if MARK in target.columns else never
    return target.select(
        *[F.col(quote(key)).alias(f"_sluice_key{i}") for i, key in enumerate(keys)],
        ended.alias(_ENDED),
        *cells,
    )


def _as_of(
    moves: DataFrame, known: DataFrame, keys: Sequence[str], columns: Sequence[StructField], on_tie: str
) -> DataFrame:
    """The state of each old key just before its change."""
    same = [F.col(_old(i)) == F.col(f"_sluice_key{i}") for i in range(len(keys))]
    older = [
        F.when(_before(F.col(_cell(i)).getField("seq")), F.col(_cell(i))).alias(_cell(i))
        for i in range(len(columns))
    ]
    names = [_old(i) for i in range(len(keys))]
    versions = moves.join(known, reduce(and_, same)).select(
        *names, _AT, F.when(_before(F.col(_ENDED)), F.col(_ENDED)).alias(_ENDED), *older
    )
    newest = versions.groupBy(*names, _AT).agg(
        F.max(_ENDED).alias(_ENDED),
        *[
            F.max_by(
                F.col(_cell(i)), F.struct(F.col(_cell(i)).getField("seq"), F.col(_cell(i)).getField("rank"))
            ).alias(_cell(i))
            for i in range(len(columns))
        ],
    )
    return newest.select(
        *names, _AT, *[_unless_ended(i, on_tie).alias(_cell(i)) for i in range(len(columns))]
    )


def _before(seq: Column) -> Column:
    # a row without a sequence is older than everything
    return seq.isNull() | (seq < F.col(_AT))


def _unless_ended(index: int, on_tie: str) -> Column:
    seq, ended = F.col(_cell(index)).getField("seq"), F.col(_ENDED)
    lives = seq >= ended if on_tie == "upsert_wins" else seq > ended
    return F.when(ended.isNull() | F.coalesce(lives, F.lit(False)), F.col(_cell(index)))


def _of_tombstones(
    tombstones: DataFrame, keys: Sequence[str], columns: Sequence[StructField], like: DataFrame
) -> DataFrame:
    kept = StructType(
        [StructField(field.name, like.schema[_cell(i)].dataType) for i, field in enumerate(columns)]
    )
    parsed = F.from_json(F.col(LEFT), kept, exact_json())
    return tombstones.filter(F.col(LEFT).isNotNull()).select(
        *[F.col(quote(key)).alias(f"_sluice_key{i}") for i, key in enumerate(keys)],
        F.lit(None).cast(like.schema[_ENDED].dataType).alias(_ENDED),
        *[parsed.getField(field.name).alias(_cell(i)) for i, field in enumerate(columns)],
    )


def _cell_type(events: DataFrame, field: StructField) -> StructType:
    return StructType(
        [
            StructField("seq", events.schema[SEQ].dataType),
            StructField("rank", LongType()),
            StructField("value", field.dataType),
        ]
    )
