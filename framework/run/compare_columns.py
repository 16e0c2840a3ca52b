"""The other way to compare a batch with its table: column by column.

For batches with partial events, truncates or key changes, for tables that ever saw one, and for those that keep rows
which were deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import (
    BURIED,
    DELETED_AT,
    MOVED_FROM,
    MOVED_TO,
    OP,
    OUTCOME,
    RAW,
    REASONS,
    SRC,
    STATE,
    UNKNOWN,
)
from framework.changes.fold_columns import fold_columns
from framework.changes.join_columns import join_columns
from framework.changes.join_moves import Carried, carry_over
from framework.changes.known import whole_row
from framework.changes.moves import unpaired
from framework.materialized import materialized
from framework.quality.gate import Gate
from framework.run.batch_keys import batch_keys
from framework.run.compared import (
    Compared,
    contents,
    is_positioned,
    kept,
    ranked,
    records_departures,
    remembered_beside,
)
from framework.run.conform import event_fields, value_fields
from framework.run.figures import outcome_figures, wider_figures
from framework.run.jobrun import JobRun
from framework.run.judge import with_judged_rows
from framework.run.measure import Measured
from framework.run.shape import Shape
from framework.run.tuning import is_large

_PASSING = (OP, SRC, RAW, REASONS)
"""What a rejected event needs in the quarantine, besides its data."""


def compare_columns(
    run: JobRun, shape: Shape, gate: Gate, judged: DataFrame, counted: list[Column]
) -> Compared:
    """Judged events, compared column by column; `counted`: what is to be counted of them besides."""
    keys = run.job.changes.keys
    wider = wider_figures(judged, value_fields(shape.schema, keys))
    measured = Measured(judged, [*counted, *wider, unpaired(judged, keys).alias("unpaired")])
    return compare_joined(run, shape, gate, ranked(kept(measured.df), is_positioned(run)), measured.figures)


def compare_joined(
    run: JobRun, shape: Shape, gate: Gate, events: DataFrame, counted: Callable[[], dict[str, Any]]
) -> Compared:
    """Ranked events, joined with the table column by column; what was `counted` is asked for once they were read."""
    columns = value_fields(shape.schema, run.job.changes.keys)
    keys, on_tie, positioned = run.job.changes.keys, run.job.changes.on_tie, is_positioned(run)
    tombstones = remembered_beside(run)
    carried = None
    recorded = records_departures(run, tombstones)
    if recorded or MOVED_FROM in events.columns or MOVED_TO in events.columns:
        events = materialized(events)
        carried = _carried(run, shape, events, counted(), recorded=recorded)
    taken = carried.taken if carried else None
    batch = batch_keys(fold_columns(events, keys, columns, on_tie, _PASSING, taken), shape, keys)
    figures = counted()
    target = contents(run, shape)
    narrow = None
    # a truncate concerns keys that the batch doesn't have
    if target is not None and not figures["truncates"] and is_large(run):
        narrow, target = batch, batch.named(target)
    joined = join_columns(
        batch.rows,
        target,
        tombstones,
        keys,
        columns,
        on_tie=on_tie,
        positioned=positioned,
        truncates=figures["truncates"] > 0,
        passing=_PASSING,
        ranked=[field.name for field in event_fields(shape.schema)],
    )
    partly = F.col(OUTCOME).isin("insert", "update") & F.col(STATE).isNotNull()
    if run.job.keeps_deleted:
        partly = partly & F.col(DELETED_AT).isNull()
    joined, failures = with_judged_rows(joined, gate, partly)
    unknown = F.count_if(F.col(UNKNOWN)).alias("unknown")
    # where rows are kept, most of them are their own tombstones
    buried = [F.count_if(F.col(BURIED)).alias("buried")] if run.job.keeps_deleted else []
    outcomes = Measured(joined, [*outcome_figures(), unknown, *buried, *failures])
    rows = materialized(outcomes.df)
    figures |= outcomes.figures()
    if buried:
        figures["ended"] = figures["buried"]
    if carried is None:
        return Compared(rows, figures, True, keys=narrow)
    departures = carried.departures.count() if carried.departures is not None else 0
    figures |= {"unresolved": carried.unresolved.count(), "departures": departures}
    figures["ended"] += departures
    return Compared(rows, figures, True, carried.departures if departures else None, keys=narrow)


def _carried(
    run: JobRun, shape: Shape, events: DataFrame, figures: dict[str, Any], *, recorded: bool
) -> Carried | None:
    """What key changes carry over, where the batch has some that leave out values, or the table ever had."""
    # a snapshot has none
    moves = bool(figures.get("moves") or figures.get("unpaired"))
    if not moves and not recorded:
        return None
    changes, target = run.job.changes, contents(run, shape)
    names = [field.name for field in event_fields(shape.schema)]
    return carry_over(
        events,
        target,
        remembered_beside(run),
        [shape.schema[key] for key in changes.keys],
        value_fields(shape.schema, changes.keys),
        on_tie=changes.on_tie,
        whole=whole_row(target, names, changes.on_tie, is_positioned(run)) if target is not None else None,
        moves=moves,
        truncates=figures["truncates"] > 0,
        recorded=recorded,
        remembers=not changes.ordered,
    )
