"""Joining a batch folded column by column with what the table and its tombstones know.

The state of a row is as a fold's: the stamp of its newest upsert, and a stamp per column. Nearly every row has one
stamp for all of them, which is its sequence; one that hasn't keeps the others in `_sluice_state`:

    _sluice_seq  _sluice_state                                       means
    10           NULL                                                every column was carried by the event at 10
    10           {"": (10, 0, r), "city": (7, 0, q), "age": NULL}    city is older, nothing ever carried age
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, LongType, MapType, StringType, StructField, TimestampType

from framework.changes import stamp
from framework.changes.columns import BURIED, EVENTS, MOVE, OUTCOME, SEQ, STATE, TIED, TIME, UNKNOWN, VERDICT
from framework.changes.fold_columns import DEAD, TRUNCATE, UP, cell
from framework.changes.rank import rank
from framework.sql import quote

_KNOWN_UP, _KNOWN_DEAD, _BARRIER = "_sluice_known_up", "_sluice_known_dead", "_sluice_barrier"
_OWN_BARRIER, _NOW, _END = "_sluice_own_barrier", "_sluice_now", "_sluice_end"
_WHOLE = ""
"""In `_sluice_state`: the stamp of the row's newest upsert."""


def state_type(sequence: DataType) -> MapType:
    """The type of `_sluice_state` in a table whose sequence has this type."""
    return MapType(StringType(), stamp.stamp_type(sequence))


def tombstone_fields(keys: Sequence[StructField], sequence: DataType) -> list[StructField]:
    """The columns of the table of tombstones."""
    return [
        *[StructField(key.name, key.dataType) for key in keys],
        StructField(SEQ, sequence),
        StructField(
            MOVE, LongType(), True, {"comment": "set where the key changed: its place in the source"}
        ),
        StructField(
            TIME, TimestampType(), True, {"comment": "newest commit time of the batch, for retention"}
        ),
    ]


def join_columns(
    folded: DataFrame,
    target: DataFrame | None,
    tombstones: DataFrame | None,
    keys: Sequence[str],
    columns: Sequence[StructField],
    *,
    on_tie: str,
    positioned: bool,
    truncates: bool,
    passing: Sequence[str] = (),
    ranked: Sequence[str] | None = None,
) -> DataFrame:
    """The rows as they shall be, with `_sluice_outcome` (see `framework.changes.reconcile`).

    `columns` are the table's data columns without the keys; `target` has both, SEQ and STATE. `tombstones` has the
    columns of `tombstone_fields`; a row without any key is a truncate. `truncates`: the batch may hold truncates, so
    that rows of the table are touched that no event names; such rows have `_sluice_n` 0. `ranked` names the columns
    that make up an event's rank, if those aren't all.
    """
    names = ranked if ranked is not None else [*keys, *[field.name for field in columns]]
    whole = _whole_row(target, names, on_tie, positioned) if target is not None else None
    joined = _with_target(folded, target, keys, columns, whole, truncates)
    joined = _with_tombstones(joined, tombstones, keys, on_tie)
    joined = _with_own_barrier(joined, folded, truncates)
    ends = (F.col(DEAD), F.col(_KNOWN_DEAD), F.col(_BARRIER), F.col(_OWN_BARRIER))
    states = joined.select(
        "*", F.greatest(F.col(UP), F.col(_KNOWN_UP)).alias(_NOW), F.greatest(*ends).alias(_END)
    )
    rows = _rows(states, keys, columns, passing)
    return rows.filter((F.col(EVENTS) > 0) | F.col(OUTCOME).isin("insert", "update", "delete", "remember"))


def _known(index: int) -> str:
    return f"_sluice_known{index}"


def _whole_row(target: DataFrame, names: Sequence[str], on_tie: str, positioned: bool) -> Column:
    """The stamp of the event that wrote all of a row."""
    place = F.lit(0) if positioned else rank([target.schema[name] for name in names])
    return stamp.make(F.col(SEQ), stamp.upsert_tie(on_tie), place)


def _with_target(
    folded: DataFrame,
    target: DataFrame | None,
    keys: Sequence[str],
    columns: Sequence[StructField],
    whole: Column | None,
    truncates: bool,
) -> DataFrame:
    kind = folded.schema[UP].dataType
    if target is None or whole is None:
        nothing = [
            F.lit(None).cast(folded.schema[cell(i)].dataType).alias(_known(i)) for i in range(len(columns))
        ]
        return folded.select("*", F.lit(None).cast(kind).alias(_KNOWN_UP), *nothing)
    up = F.coalesce(F.col(STATE).getItem(_WHOLE), whole)
    right = target.select(
        *[F.col(quote(key)).alias(f"_sluice_its{i}") for i, key in enumerate(keys)],
        up.alias(_KNOWN_UP),
        *[_known_cell(field, up).alias(_known(i)) for i, field in enumerate(columns)],
    )
    same = [F.col(quote(key)) == F.col(f"_sluice_its{i}") for i, key in enumerate(keys)]
    # a rejected event says nothing about its key
    on = reduce(lambda a, b: a & b, same, F.col(VERDICT) != "rejected")
    joined = folded.join(right, on, "full" if truncates else "left")
    return joined.select(
        *[F.coalesce(F.col(quote(key)), F.col(f"_sluice_its{i}")).alias(key) for i, key in enumerate(keys)],
        *[
            F.col(quote(name))
            for name in [*folded.columns, *right.columns]
            if name not in keys and not name.startswith("_sluice_its")
        ],
    )


def _known_cell(field: StructField, up: Column) -> Column:
    """A row's value with its stamp; the stamp is NULL where nothing ever carried the column."""
    own = F.when(
        F.coalesce(F.map_contains_key(F.col(STATE), field.name), F.lit(False)),
        F.col(STATE).getItem(field.name),
    ).otherwise(up)
    return F.struct(own.alias("stamp"), F.col(quote(field.name)).alias("value"))


def _with_tombstones(
    joined: DataFrame, tombstones: DataFrame | None, keys: Sequence[str], on_tie: str
) -> DataFrame:
    kind = joined.schema[UP].dataType
    if tombstones is None:
        return joined.select(
            "*", F.lit(None).cast(kind).alias(_KNOWN_DEAD), F.lit(None).cast(kind).alias(_BARRIER)
        )
    moved = F.col(MOVE).isNotNull()
    at = F.when(moved, stamp.make(F.col(SEQ), F.lit(stamp.MOVED), F.col(MOVE))).otherwise(
        stamp.make(F.col(SEQ), stamp.delete_tie(on_tie), F.lit(0))
    )
    renamed = tombstones.select(
        *[F.col(quote(key)).alias(f"_sluice_its{i}") for i, key in enumerate(keys)],
        at.alias(_KNOWN_DEAD),
    )
    names = [f"_sluice_its{i}" for i in range(len(keys))]
    newest = renamed.groupBy(*names).agg(F.max(_KNOWN_DEAD).alias(_KNOWN_DEAD))
    keyless = reduce(lambda a, b: a & b, [F.col(name).isNull() for name in names])
    barrier = renamed.filter(keyless).agg(F.max(_KNOWN_DEAD).alias(_BARRIER))
    same = reduce(
        lambda a, b: a & b, [F.col(quote(key)) == F.col(f"_sluice_its{i}") for i, key in enumerate(keys)]
    )
    return joined.join(newest, same, "left").drop(*names).crossJoin(F.broadcast(barrier))


def _with_own_barrier(joined: DataFrame, folded: DataFrame, truncates: bool) -> DataFrame:
    if not truncates:
        return joined.withColumn(_OWN_BARRIER, F.lit(None).cast(joined.schema[UP].dataType))
    own = folded.filter(F.col(TRUNCATE)).agg(F.max(DEAD).alias(_OWN_BARRIER))
    return joined.crossJoin(F.broadcast(own))


def _rows(
    states: DataFrame, keys: Sequence[str], columns: Sequence[StructField], passing: Sequence[str]
) -> DataFrame:
    end, now = F.col(_END), F.col(_NOW)
    cells = [_joined_cell(i, end) for i in range(len(columns))]
    staged = states.select("*", *[each.alias(f"_sluice_new{i}") for i, each in enumerate(cells)])
    stamps = [F.col(f"_sluice_new{i}").getField("stamp") for i in range(len(columns))]
    live = F.col(_KNOWN_UP).isNotNull()
    exists = now.isNotNull() & (end.isNull() | (now > end))
    changed = reduce(
        or_,
        [~stamps[i].eqNullSafe(F.col(_known(i)).getField("stamp")) for i in range(len(columns))],
        ~now.eqNullSafe(F.col(_KNOWN_UP)),
    )
    lasting = F.when(exists, now).otherwise(end)
    buried = F.col(DEAD).isNotNull() & ~exists
    return staged.select(
        *[F.col(quote(key)) for key in keys],
        *[F.col(f"_sluice_new{i}").getField("value").alias(field.name) for i, field in enumerate(columns)],
        lasting.getField("seq").alias(SEQ),
        F.when(exists, _state(columns, stamps, now)).alias(STATE),
        F.when(buried & (end.getField("tie") == stamp.MOVED), end.getField("rank")).alias(MOVE),
        _outcome(live, exists, changed).alias(OUTCOME),
        buried.alias(BURIED),
        (exists & reduce(or_, [each.isNull() for each in stamps], F.lit(False))).alias(UNKNOWN),
        F.coalesce(F.col(EVENTS), F.lit(0)).alias(EVENTS),
        F.coalesce(F.col(TIED), F.lit(False)).alias(TIED),
        *[F.col(quote(name)) for name in [*passing, VERDICT]],
    )


def _joined_cell(index: int, end: Column) -> Column:
    """The newer of the batch's and the table's, unless the row ended after it: then NULL, as of the end."""
    got, known = F.col(cell(index)), F.col(_known(index))
    mine, theirs = got.getField("stamp"), known.getField("stamp")
    newer = mine.isNotNull() & (theirs.isNull() | (mine > theirs))
    best = F.when(newer, got).otherwise(known)
    ended = (F.col(VERDICT).isNull() | (F.col(VERDICT) != "rejected")) & end.isNotNull()
    at = best.getField("stamp")
    return F.struct(
        F.when(ended & (at.isNull() | (at < end)), end).otherwise(at).alias("stamp"),
        F.when(~(ended & (at.isNull() | (at < end))), best.getField("value")).alias("value"),
    )


def _state(columns: Sequence[StructField], stamps: Sequence[Column], now: Column) -> Column:
    """What a row must remember; NULL where one event wrote all of it."""
    entries = (
        F.array(
            *[
                F.when(~each.eqNullSafe(now), F.struct(F.lit(field.name).alias("key"), each.alias("value")))
                for field, each in zip(columns, stamps, strict=True)
            ]
        )
        if columns
        else F.array()
    )
    differing = F.filter(entries, lambda each: each.isNotNull())
    whole = F.array(F.struct(F.lit(_WHOLE).alias("key"), now.alias("value")))
    needed = (F.size(differing) > 0) | (now.getField("tie") == stamp.MOVED)
    return F.when(needed, F.map_from_entries(F.concat(whole, differing)))


def _outcome(live: Column, exists: Column, changed: Column) -> Column:
    known_end = F.greatest(F.col(_KNOWN_DEAD), F.col(_BARRIER))
    end = F.coalesce(F.col(DEAD), F.lit(None))
    newest = F.greatest(F.col(UP), F.col(DEAD))
    truncated = F.coalesce(F.col(TRUNCATE), F.lit(False))
    return (
        F.when(F.col(VERDICT) == "rejected", "rejected")
        .when(truncated & F.col(_BARRIER).eqNullSafe(end), "duplicate")
        .when(truncated & F.col(_BARRIER).isNotNull() & (F.col(_BARRIER) > end), "superseded")
        .when(truncated, "remember")
        .when(exists & ~live, "insert")
        .when(exists & changed, "update")
        .when(exists & newest.eqNullSafe(F.col(_KNOWN_UP)), "duplicate")
        .when(exists, "superseded")
        .when(live, "delete")
        .when(end.isNotNull() & (known_end.isNull() | (end > known_end)), "remember")
        .when(end.isNotNull() & end.eqNullSafe(F.col(_KNOWN_DEAD)), "duplicate")
        .otherwise("superseded")
    )
