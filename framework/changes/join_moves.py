"""scd1: key changes joined with what the table and its tombstones know of the keys.

Three things come of a batch: what new keys take over, as cells to fold with its events; records of departures, to be
remembered; and which key changes left out values that nothing told.

A row that was used anew since it left, or a key that was ended since, can't tell what it had as of the change any more.
Nothing that comes later may stand for it then, so the column gets a value of its own, NULL, that is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes import stamp
from framework.changes.cells import (
    BY_COLUMN,
    NAME,
    OWNER,
    STAMP,
    VALUE,
    as_value,
    by_column,
    cells_of,
    each_cell,
    ends_of,
    of_value,
    one_cell,
    owner,
)
from framework.changes.columns import ENDS_AT, MARK, MOVED_FROM, MOVED_TO, OP, SEQ, VERDICT
from framework.changes.departures import cells_of_records, changed_records, reachable, records_of
from framework.changes.fold_columns import DEAD, UP, cell, stamped
from framework.changes.known import end_of, end_of_row, row_cell, stamped_rows
from framework.changes.moves import WEIGHT, given, key_type, left_out, other_key
from framework.changes.taken_over import (
    CHANGE,
    LEAVES,
    NEW,
    OLD,
    TAKES,
    each_once,
    is_before,
    is_same_end,
    taken_over,
)
from framework.materialized import materialized

_END = "_sluice_end_of"


@dataclass(frozen=True)
class Carried:
    """What a batch's key changes, and late events of keys that changed before, come to."""

    taken: DataFrame
    """Keys and cells of what is taken over, for `fold_columns`; materialised."""
    departures: DataFrame | None
    """Rows to add to the table of tombstones; materialised. None if nothing is to be remembered."""
    unresolved: DataFrame
    """Key changes of the batch that left out values which nothing told."""


def carry_over(
    events: DataFrame,
    target: DataFrame | None,
    tombstones: DataFrame | None,
    keys: Sequence[StructField],
    columns: Sequence[StructField],
    *,
    on_tie: str,
    whole: Column | None,
    moves: bool,
    truncates: bool,
    recorded: bool = True,
    remembers: bool = True,
) -> Carried | None:
    """What key changes carry over; None if none concerns the batch.

    `events` are materialised; `whole` is `framework.changes.known.whole_row` of the target. `moves`: some of the events
    `leaves_out` columns, or are `unpaired` (`framework.changes.moves`); `truncates`: some are truncates. `recorded`:
    the tombstones may have records of departures; `remembers`: this batch's will be among them.
    """
    names = [key.name for key in keys]
    good = stamped(events.filter(F.col(VERDICT) == "good"), names, on_tie)
    records = None
    if tombstones is not None and recorded:
        all_records = records_of(tombstones, keys)
        owners = good.select(owner(names).alias(OWNER))
        records = materialized(all_records) if truncates else reachable(all_records, owners)
    if not moves and (records is None or records.isEmpty()):
        return None
    told = materialized(each_once(_told(good, keys, columns)))
    changes = told
    if records is not None:
        changes = materialized(each_once(told.unionByName(records.select(*CHANGE))))
    own = materialized(_cells_of_events(good, changes, names, columns, truncates=truncates))
    found = [own]
    if records is not None:
        found.append(cells_of_records(records).drop(LEAVES))
    reached = (F.col(OWNER) == F.col(OLD)) & (F.col(STAMP) < F.col(LEAVES))
    late = changes.join(own, reached, "left_semi")
    if told.isEmpty():
        first = materialized(late)
        if first.isEmpty():
            return None  # keys that changed once, and nothing that came late
    else:
        rows, ends = _known(target, whole, tombstones, told, names, columns, on_tie)
        found += [*rows, *ends]
        # a marked row still shows what it was, whatever has ended its key since
        anew = rows if ENDS_AT in events.columns else [*rows, *ends]
        if anew and remembers:
            found.append(_lost(reduce(DataFrame.unionByName, anew), told, records, columns))
        first = told if records is None else each_once(told.unionByName(late))
    then, taken = taken_over(reduce(DataFrame.unionByName, found), first, changes)
    return Carried(
        materialized(_folded(taken, keys, columns)),
        materialized(changed_records(then, told, records, names)) if remembers else None,
        _unresolved(then, told),
    )


def _told(good: DataFrame, keys: Sequence[StructField], columns: Sequence[StructField]) -> DataFrame:
    """The batch's own key changes, and the rows that their writes may replace, as OLD, LEAVES, NEW, ENTERS, TAKES."""
    names = [key.name for key in keys]
    place = key_type(good, names)
    mine = owner(names).cast(place)
    old, new = (other_key(good, side, names) for side in (MOVED_FROM, MOVED_TO))
    own = good.filter(F.col(WEIGHT) == 1)
    writes = own.filter(given(good, MOVED_FROM))
    up, nowhere = F.col(UP), F.lit(None).cast(place)
    left = stamp.alone(stamp.make(up["seq"], up["tie"], up["rank"] - 2))
    never, nothing = F.when(F.lit(False), up), F.lit(None).cast("array<string>")
    entering = _changes(writes, old, left, mine, up, left_out(good, columns))
    replaced = _changes(writes, mine, F.col(DEAD), nowhere, never, nothing)
    leaving = _changes(own.filter(given(good, MOVED_TO)), mine, F.col(DEAD), new, never, nothing)
    # an end whose write is here, too, has nothing to tell besides
    here = entering.select(OLD, NEW, F.col(LEAVES)["seq"].alias(SEQ))
    alone = leaving.withColumn(SEQ, F.col(LEAVES)["seq"]).join(here, [OLD, NEW, SEQ], "left_anti")
    return entering.filter(F.size(TAKES) > 0).unionByName(replaced).unionByName(alone.select(*CHANGE))


def _changes(events: DataFrame, *parts: Column) -> DataFrame:
    return events.select(*[part.alias(name) for part, name in zip(parts, CHANGE, strict=True)])


def _cells_of_events(
    good: DataFrame,
    changes: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    *,
    truncates: bool,
) -> DataFrame:
    concerned = changes.select(F.col(OLD).alias(OWNER)).distinct()
    events = good.withColumn(OWNER, owner(keys)).join(concerned, OWNER, "left_semi")
    cells = cells_of(events, keys, columns, UP, DEAD)
    if not truncates:
        return cells
    barriers = good.filter(F.col(OP) == "T").select(DEAD).distinct()
    names = [field.name for field in columns]
    return cells.unionByName(ends_of(concerned.crossJoin(F.broadcast(barriers)), names, DEAD))


def _known(
    target: DataFrame | None,
    whole: Column | None,
    tombstones: DataFrame | None,
    told: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
) -> tuple[list[DataFrame], list[DataFrame]]:
    """What the table shows of the batch's changed keys, and which ends of them it and its tombstones tell."""
    concerned = told.select(F.col(OLD).alias(OWNER)).distinct()
    of_columns = [field.name for field in columns]
    shown, ends = [], []
    if target is not None and whole is not None:
        rows = target.withColumn(OWNER, owner(keys)).join(concerned, OWNER, "left_semi")
        shown.append(_cells_of_rows(stamped_rows(rows, whole), columns))
        if MARK in target.columns:
            marks = rows.select(OWNER, end_of_row(target.schema[SEQ].dataType).alias(_END))
            ends.append(ends_of(marks, of_columns, _END))
    if tombstones is not None:
        every = tombstones.select(owner(keys).alias(OWNER), end_of(on_tie).alias(_END))
        own = every.join(concerned, OWNER, "left_semi")
        keyless = reduce(and_, [F.col(OWNER).getField(key).isNull() for key in keys])
        barriers = every.filter(keyless).select(_END).distinct()
        both = own.unionByName(concerned.crossJoin(F.broadcast(barriers)))
        ends.append(ends_of(both, of_columns, _END))
    return shown, ends


def _cells_of_rows(rows: DataFrame, columns: Sequence[StructField]) -> DataFrame:
    cells = []
    for field in columns:
        path = row_cell(field)["stamp"]
        cells.append(F.when(path.isNotNull(), one_cell(F.lit(field.name), path, as_value(field))))
    return each_cell(rows, F.col(OWNER), F.array(*cells))


def _lost(
    now: DataFrame, told: DataFrame, records: DataFrame | None, columns: Sequence[StructField]
) -> DataFrame:
    """A NULL just before a change, for each column that the key has told anew since, unless a record knows better."""
    after = (F.col(STAMP) > F.col(LEAVES)) & ~is_same_end(F.col(STAMP), F.col(LEAVES))
    later = told.join(now, (F.col(OWNER) == F.col(OLD)) & after)
    lost = later.select(OLD, LEAVES, NAME).distinct()
    if records is not None:
        known = _vouched(told, records, [field.name for field in columns])
        lost = lost.join(known, [OLD, LEAVES, NAME], "left_anti")
    leaves = F.col(LEAVES)
    just = leaves["rank"] - F.pmod(leaves["rank"], F.lit(4))
    before = stamp.alone(stamp.make(leaves["seq"], leaves["tie"], just))
    return lost.select(
        F.col(OLD).alias(OWNER), NAME, before.alias(STAMP), F.lit(None).cast("string").alias(VALUE)
    )


def _vouched(told: DataFrame, records: DataFrame, names: Sequence[str]) -> DataFrame:
    """OLD, LEAVES and NAME where a record of then or later knows what the key had before: nothing newer hides it."""
    its_leaves, its_newest = F.col("_sluice_its_leaves"), F.col("_sluice_its_newest")
    recorded = records.select(OLD, F.col(LEAVES).alias("_sluice_its_leaves")).distinct()
    since = (its_leaves >= F.col(LEAVES)) | is_same_end(its_leaves, F.col(LEAVES))
    later = told.select(OLD, LEAVES).join(recorded, OLD).filter(since)
    each = later.withColumn(NAME, F.explode(F.array(*[F.lit(name) for name in names])))
    cells = cells_of_records(records).withColumnsRenamed({OWNER: OLD, LEAVES: "_sluice_its_leaves"})
    # what came late makes a record anew: of a column only the newest of all of them counts
    newest = cells.groupBy(OLD, "_sluice_its_leaves", NAME).agg(F.max(STAMP).alias("_sluice_its_newest"))
    known = each.join(newest, [OLD, "_sluice_its_leaves", NAME], "left")
    knows = its_newest.isNull() | is_before(its_newest, F.col(LEAVES))
    return known.filter(knows).select(OLD, LEAVES, NAME)


def _folded(taken: DataFrame, keys: Sequence[StructField], columns: Sequence[StructField]) -> DataFrame:
    whole = by_column(taken)
    cells = []
    for i, field in enumerate(columns):
        its = F.try_element_at(F.col(BY_COLUMN), F.lit(field.name))
        value = F.struct(its["stamp"].alias("stamp"), of_value(its["value"], field).alias("value"))
        cells.append(F.when(its.isNotNull(), value).alias(cell(i)))
    return whole.select(*[F.col(OWNER).getField(key.name).alias(key.name) for key in keys], *cells)


def _unresolved(rows: DataFrame, told: DataFrame) -> DataFrame:
    lacking = told.select(OLD, LEAVES, F.explode(TAKES).alias(NAME))
    known = rows.filter(F.col(VALUE).isNotNull()).select(OLD, LEAVES, NAME)
    return lacking.join(known, [OLD, LEAVES, NAME], "left_anti").select(OLD, LEAVES).distinct()
