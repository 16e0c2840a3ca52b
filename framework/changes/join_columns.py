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
from framework.changes.columns import (
    BURIED,
    DELETED_AT,
    ENDS_AT,
    EVENTS,
    LEFT,
    MARK,
    MOVE,
    OUTCOME,
    SEQ,
    STATE,
    TIED,
    TIME,
    UNKNOWN,
    VERDICT,
)
from framework.changes.fold_columns import DEAD, ENDS, TRUNCATE, UP, cell
from framework.changes.known import (
    BARRIER,
    KNOWN_DEAD,
    KNOWN_UP,
    OWN_BARRIER,
    WHOLE,
    known_cell,
    whole_row,
    with_own_barrier,
    with_target,
    with_tombstones,
)
from framework.changes.soft import MARKED, REMEMBER, soft_outcome, with_turns
from framework.sql import quote

_NOW, _END = "_sluice_now", "_sluice_end"


def state_type(sequence: DataType) -> MapType:
    """The type of `_sluice_state` in a table whose sequence has this type."""
    return MapType(StringType(), stamp.path_type(sequence))


def tombstone_fields(
    keys: Sequence[StructField], sequence: DataType, deleted_at: DataType | None = None
) -> list[StructField]:
    """The columns of the table of tombstones; `deleted_at` is the type of that column, if the table has it."""
    shown = {"comment": "what deleted_at shows of a row that this ended"}
    return [
        *[StructField(key.name, key.dataType) for key in keys],
        StructField(SEQ, sequence),
        StructField(
            MOVE, LongType(), True, {"comment": "set where the key changed: its place in the source"}
        ),
        StructField(
            LEFT,
            StringType(),
            True,
            {"comment": "what a changed key had as of the change, and where it went, JSON"},
        ),
        StructField(
            TIME, TimestampType(), True, {"comment": "newest commit time of the batch, for retention"}
        ),
        *([StructField(ENDS_AT, deleted_at, True, shown)] if deleted_at is not None else []),
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
    whole = whole_row(target, names, on_tie, positioned) if target is not None else None
    joined = with_target(folded, target, keys, columns, whole, every_row=truncates)
    joined = with_tombstones(joined, tombstones, keys, on_tie)
    joined = with_own_barrier(joined, folded if truncates else None)
    ends = (F.col(DEAD), F.col(KNOWN_DEAD), F.col(BARRIER), F.col(OWN_BARRIER))
    newest = F.greatest(F.col(UP), F.col(KNOWN_UP)).alias(_NOW)
    if ENDS in folded.columns:
        states = with_turns(joined.select("*", newest), F.col(_NOW), _END)
    else:
        states = joined.select("*", newest, F.greatest(*ends).alias(_END))
    rows = _rows(states, keys, columns, passing)
    return rows.filter((F.col(EVENTS) > 0) | F.col(OUTCOME).isin("insert", "update", "delete", "remember"))


def _rows(
    states: DataFrame, keys: Sequence[str], columns: Sequence[StructField], passing: Sequence[str]
) -> DataFrame:
    end, now = F.col(_END), F.col(_NOW)
    cells = [_joined_cell(i, end) for i in range(len(columns))]
    staged = states.select("*", *[each.alias(f"_sluice_new{i}") for i, each in enumerate(cells)])
    stamps = [F.col(f"_sluice_new{i}").getField("stamp") for i in range(len(columns))]
    live = F.col(KNOWN_UP).isNotNull()
    exists = now.isNotNull() & (end.isNull() | (now > end))
    changed = reduce(
        or_,
        [~stamps[i].eqNullSafe(F.col(known_cell(i)).getField("stamp")) for i in range(len(columns))],
        ~now.eqNullSafe(F.col(KNOWN_UP)),
    )
    lasting = F.when(exists, now).otherwise(end)
    buried, outcome = F.col(DEAD).isNotNull() & ~exists, _outcome(live, exists, changed)
    marks = []
    if ENDS in states.columns:
        buried, outcome = F.size(REMEMBER) > 0, soft_outcome(changed)
        mark = F.col(MARKED)
        marks = [
            stamp.plain(mark.getField("stamp")).alias(MARK),
            mark.getField("at").alias(DELETED_AT),
            F.col(REMEMBER),
        ]
    return staged.select(
        *[F.col(quote(key)) for key in keys],
        *[F.col(f"_sluice_new{i}").getField("value").alias(field.name) for i, field in enumerate(columns)],
        lasting.getField("seq").alias(SEQ),
        F.when(exists, _state(columns, stamps, now)).alias(STATE),
        F.when(buried & (end.getField("tie") == stamp.MOVED), end.getField("rank")).alias(MOVE),
        *marks,
        outcome.alias(OUTCOME),
        buried.alias(BURIED),
        (exists & reduce(or_, [each.isNull() for each in stamps], F.lit(False))).alias(UNKNOWN),
        F.coalesce(F.col(EVENTS), F.lit(0)).alias(EVENTS),
        F.coalesce(F.col(TIED), F.lit(False)).alias(TIED),
        *[F.col(quote(name)) for name in [*passing, VERDICT]],
    )


def _joined_cell(index: int, end: Column) -> Column:
    """The newer of the batch's and the table's, unless the row ended after it: then NULL, as of the end."""
    got, known = F.col(cell(index)), F.col(known_cell(index))
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
    whole = F.array(F.struct(F.lit(WHOLE).alias("key"), now.alias("value")))
    needed = (F.size(differing) > 0) | (now.getField("tie") == stamp.MOVED)
    return F.when(needed, F.map_from_entries(F.concat(whole, differing)))


def _outcome(live: Column, exists: Column, changed: Column) -> Column:
    known_end = F.greatest(F.col(KNOWN_DEAD), F.col(BARRIER))
    end = F.col(DEAD)
    newest = F.greatest(F.col(UP), F.col(DEAD))
    truncated = F.coalesce(F.col(TRUNCATE), F.lit(False))
    return (
        F.when(F.col(VERDICT) == "rejected", "rejected")
        .when(truncated & F.col(BARRIER).eqNullSafe(end), "duplicate")
        .when(truncated & F.col(BARRIER).isNotNull() & (F.col(BARRIER) > end), "superseded")
        .when(truncated, "remember")
        .when(exists & ~live, "insert")
        .when(exists & changed, "update")
        .when(exists & newest.eqNullSafe(F.col(KNOWN_UP)), "duplicate")
        .when(exists, "superseded")
        .when(live, "delete")
        .when(end.isNotNull() & (known_end.isNull() | (end > known_end)), "remember")
        .when(end.isNotNull() & end.eqNullSafe(F.col(KNOWN_DEAD)), "duplicate")
        .otherwise("superseded")
    )
