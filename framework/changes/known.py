"""What the table and its tombstones know of a batch's keys, as stamps and cells beside the folded batch's own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, StructField

from framework.changes import stamp
from framework.changes.columns import DELETED_AT, ENDS_AT, MARK, MOVE, SEQ, STATE, VERDICT
from framework.changes.fold_columns import DEAD, ENDS, TRUNCATE, UP, cell
from framework.changes.rank import rank
from framework.sql import quote

KNOWN_UP, KNOWN_DEAD = "_sluice_known_up", "_sluice_known_dead"
"""The stamp of the row's newest upsert, and that of the newest end that the key's tombstones tell."""
BARRIER, OWN_BARRIER = "_sluice_barrier", "_sluice_own_barrier"
"""The stamps of the newest truncate that was remembered, and of the newest in the batch."""
KNOWN_MARK, KNOWN_ENDS = "_sluice_known_mark", "_sluice_known_ends"
BARRIERS, OWN_BARRIERS = "_sluice_barriers", "_sluice_own_barriers"
"""For soft deletes: what ended the row, struct<stamp, at>; all ends that the key's tombstones tell; all truncates."""
_WHOLE_ROW = "_sluice_whole_row"
WHOLE = ""
"""In `_sluice_state`: the stamp of the row's newest upsert."""


def known_cell(index: int) -> str:
    """struct<stamp, value> of the row's column with this place; the stamp is NULL where nothing ever carried it."""
    return f"_sluice_known{index}"


def whole_row(target: DataFrame, names: Sequence[str], on_tie: str, positioned: bool) -> Column:
    """The stamp of the event that wrote all of a row."""
    place = F.lit(0) if positioned else rank([target.schema[name] for name in names])
    return stamp.alone(stamp.make(F.col(SEQ), stamp.upsert_tie(on_tie), place))


def with_target(
    folded: DataFrame,
    target: DataFrame | None,
    keys: Sequence[str],
    columns: Sequence[StructField],
    whole: Column | None,
    *,
    every_row: bool,
) -> DataFrame:
    """The folded batch with the state of its keys' rows; of all rows, also of those that no event names, on request."""
    kind = folded.schema[UP].dataType
    if target is None or whole is None:
        nothing = [
            F.lit(None).cast(folded.schema[cell(i)].dataType).alias(known_cell(i))
            for i in range(len(columns))
        ]
        return folded.select(
            "*", F.lit(None).cast(kind).alias(KNOWN_UP), *nothing, *_nothing(folded, KNOWN_MARK)
        )
    right = stamped_rows(target, whole).select(
        *[F.col(quote(key)).alias(_its(i)) for i, key in enumerate(keys)],
        KNOWN_UP,
        *([_mark_of(target.schema[SEQ].dataType).alias(KNOWN_MARK)] if ENDS in folded.columns else []),
        *[row_cell(field).alias(known_cell(i)) for i, field in enumerate(columns)],
    )
    same = [F.col(quote(key)) == F.col(_its(i)) for i, key in enumerate(keys)]
    # a rejected event says nothing about its key
    on = reduce(and_, same, F.col(VERDICT) != "rejected")
    its = [_its(i) for i in range(len(keys))]
    joined = folded.join(right, on, "full" if every_row else "left")
    return joined.select(
        *[F.coalesce(F.col(quote(key)), F.col(_its(i))).alias(key) for i, key in enumerate(keys)],
        *[
            F.col(quote(name))
            for name in [*folded.columns, *right.columns]
            if name not in keys and name not in its
        ],
    )


def stamped_rows(target: DataFrame, whole: Column) -> DataFrame:
    """Rows of the table with KNOWN_UP; `whole` is that of `whole_row`."""
    # in steps: an expression that is written down once a column would be worked out once a column
    rows = target.select("*", whole.alias(_WHOLE_ROW))
    return rows.select("*", F.coalesce(F.col(STATE).getItem(WHOLE), F.col(_WHOLE_ROW)).alias(KNOWN_UP))


def row_cell(field: StructField) -> Column:
    """struct<stamp, value> of a column of `stamped_rows`; the stamp is NULL where nothing ever carried it."""
    own = F.when(
        F.coalesce(F.map_contains_key(F.col(STATE), field.name), F.lit(False)),
        F.col(STATE).getItem(field.name),
    ).otherwise(F.col(KNOWN_UP))
    return F.struct(own.alias("stamp"), F.col(quote(field.name)).alias("value"))


def end_of_row(sequence: DataType) -> Column:
    """The stamp of a marked row's end; NULL: it lives. One marked before it was adopted ended before every change."""
    first = stamp.make(F.lit(None).cast(sequence), F.lit(stamp.MOVED), F.lit(0))
    return F.when(F.col(DELETED_AT).isNotNull(), stamp.alone(F.coalesce(F.col(MARK), first)))


def _mark_of(sequence: DataType) -> Column:
    end = end_of_row(sequence)
    return F.when(end.isNotNull(), F.struct(end.alias("stamp"), F.col(DELETED_AT).alias("at")))


def _nothing(folded: DataFrame, *names: str) -> list[Column]:
    """NULL for what only soft deletes need, if the batch has them."""
    if ENDS not in folded.columns:
        return []
    ends = folded.schema[ENDS].dataType
    assert isinstance(ends, ArrayType), "ENDS is an array"
    return [F.lit(None).cast(ends.elementType if name == KNOWN_MARK else ends).alias(name) for name in names]


def with_tombstones(
    joined: DataFrame, tombstones: DataFrame | None, keys: Sequence[str], on_tie: str
) -> DataFrame:
    """With the newest remembered end of each key, and the newest remembered truncate."""
    kind = joined.schema[UP].dataType
    if tombstones is None:
        return joined.select(
            "*",
            F.lit(None).cast(kind).alias(KNOWN_DEAD),
            F.lit(None).cast(kind).alias(BARRIER),
            *_nothing(joined, KNOWN_ENDS, BARRIERS),
        )
    soft = ENDS in joined.columns
    told = end_of(on_tie)
    if soft:
        # a record of what a key had as it changed is none of its ends: those have rows, or marks, of their own
        tombstones = tombstones.filter(F.col(ENDS_AT).isNotNull())
    renamed = tombstones.select(
        *[F.col(quote(key)).alias(_its(i)) for i, key in enumerate(keys)],
        told.alias(KNOWN_DEAD),
        *([F.struct(told.alias("stamp"), F.col(ENDS_AT).alias("at")).alias(KNOWN_ENDS)] if soft else []),
    )

    def every(name: str) -> list[Column]:
        return [F.collect_set(KNOWN_ENDS).alias(name)] if soft else []

    names = [_its(i) for i in range(len(keys))]
    newest = renamed.groupBy(*names).agg(F.max(KNOWN_DEAD).alias(KNOWN_DEAD), *every(KNOWN_ENDS))
    keyless = reduce(and_, [F.col(name).isNull() for name in names])
    barrier = renamed.filter(keyless).agg(F.max(KNOWN_DEAD).alias(BARRIER), *every(BARRIERS))
    same = reduce(and_, [F.col(quote(key)) == F.col(_its(i)) for i, key in enumerate(keys)])
    return joined.join(newest, same, "left").drop(*names).crossJoin(F.broadcast(barrier))


def end_of(on_tie: str) -> Column:
    """The stamp of the end that a tombstone tells."""
    changed = F.col(MOVE).isNotNull()
    tie = F.when(changed, F.lit(stamp.MOVED)).otherwise(stamp.delete_tie(on_tie))
    return stamp.alone(stamp.make(F.col(SEQ), tie, F.coalesce(F.col(MOVE), F.lit(0))))


def with_own_barrier(joined: DataFrame, folded: DataFrame | None) -> DataFrame:
    """With the newest truncate of the batch itself, if it may hold any."""
    if folded is None:
        nothing = F.lit(None).cast(joined.schema[UP].dataType).alias(OWN_BARRIER)
        return joined.select("*", nothing, *_nothing(joined, OWN_BARRIERS))
    ends = [F.flatten(F.collect_list(ENDS)).alias(OWN_BARRIERS)] if ENDS in folded.columns else []
    own = folded.filter(F.col(TRUNCATE)).agg(F.max(DEAD).alias(OWN_BARRIER), *ends)
    return joined.crossJoin(F.broadcast(own))


def _its(index: int) -> str:
    return f"_sluice_its{index}"
