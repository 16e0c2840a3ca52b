"""What a batch amounts to: its events folded and compared with the table, by the cheapest way that is right.

Most feeds carry whole rows, and a key's newest event is its row. A batch with partial events, truncates or key changes,
and a table that ever saw one, is compared column by column instead; the table's property `sluice.state` remembers.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.append import distinct_events, unseen
from framework.changes.columns import (
    ABSENT,
    BURIED,
    MOVE,
    MOVED_FROM,
    MOVED_TO,
    OP,
    OUTCOME,
    SEQ,
    SRC,
    VERDICT,
)
from framework.changes.fold import fold
from framework.changes.reconcile import reconcile, settle
from framework.changes.soft import REMEMBER, remembered_ends
from framework.materialized import materialized
from framework.quality.gate import Gate
from framework.run.batch_keys import MOST_BROADCAST, batch_keys, having_keys_of
from framework.run.compare_columns import compare_columns
from framework.run.compared import (
    Compared,
    contents,
    is_positioned,
    kept,
    ranked,
    remembered_beside,
    told_apart,
)
from framework.run.conform import data_fields
from framework.run.contract import STATE_KIND
from framework.run.figures import outcome_figures
from framework.run.history import compare_versions
from framework.run.horizon import Horizon, horizon, is_ahead
from framework.run.jobrun import JobRun
from framework.run.judge import tallies
from framework.run.measure import Measured
from framework.run.overtaken import OVERTAKEN, handed_over, overtaken
from framework.run.retention import reject_too_late, retention_figures, watermark
from framework.run.shape import Shape
from framework.run.snapshot import compare_snapshots
from framework.run.tuning import fits_one, fitted_to_bytes, fitted_to_rows, is_large
from framework.sql import quote


def compare(run: JobRun, shape: Shape, gate: Gate, judged: DataFrame, size: int | None) -> Compared:
    """Fold the judged events and compare them with the table and its tombstones.

    `size`: the bytes of the files that they are read from; None if nobody knows.
    """
    if run.job.mode == "append":
        return _append(run, shape, gate, judged)
    if run.job.changes.snapshot:
        return compare_snapshots(run, shape, gate, judged)
    mark = watermark(run, judged.schema[SEQ].dataType)
    snapshot = handed_over(run, judged.schema[SEQ].dataType)
    if snapshot is not None:
        judged = overtaken(judged, snapshot)
    way = compare_versions if run.job.versioned else partial(_merge, size=size)
    found = way(run, shape, gate, judged, mark)
    if not found.figures["beyond"]:
        return found
    assert mark is not None, "without a watermark nothing is beyond it"
    strict = reject_too_late(
        judged, mark, contents(run, shape), run.job.changes.keys, versioned=run.job.versioned
    )
    return way(run, shape, gate, strict, None)


def _merge(
    run: JobRun, shape: Shape, gate: Gate, judged: DataFrame, mark: Column | None, *, size: int | None
) -> Compared:
    """The cheap way, unless the table or the batch needs the other."""
    older = F.count_if(F.col(VERDICT) == OVERTAKEN).alias(OVERTAKEN)
    counted = [*tallies(gate), *retention_figures(judged, mark), older]
    if not _by_column(run, shape, judged):
        # of a small table nobody asks how far it has come: it costs little to look
        now = contents(run, shape)
        reached = horizon(run) if now is None or is_large(run) else None
        compared_by = partial(_whole_rows, run, shape, judged, counted, now, size, reached)
        whole = compared_by(told_apart)
        if whole.figures["tied"] and not whole.figures["irregular"]:
            # ranks cost more than all else that is done to an event, so they are made only when something is tied
            whole = compared_by(ranked)
        if not whole.figures["irregular"]:
            return whole
    return compare_columns(run, shape, gate, judged, counted)


def _by_column(run: JobRun, shape: Shape, judged: DataFrame) -> bool:
    if run.job.keeps_deleted:
        return True
    if not shape.exists:
        return False
    missing = {field.name for field in data_fields(shape.schema)} - set(judged.columns)
    return bool(missing) or STATE_KIND in run.fmt.properties(run.target)


def _append(run: JobRun, shape: Shape, gate: Gate, judged: DataFrame) -> Compared:
    measured = Measured(judged, tallies(gate))
    distinct = distinct_events(ranked(kept(measured.df), False), run.job.changes.keys)
    outcomes = Measured(unseen(distinct, contents(run, shape), run.job.changes.keys), outcome_figures())
    rows = materialized(outcomes.df)
    return Compared(rows, {**measured.figures(), **outcomes.figures()}, False)


def _whole_rows(
    run: JobRun,
    shape: Shape,
    judged: DataFrame,
    counted: list[Column],
    known: DataFrame | None,
    size: int | None,
    reached: Horizon | None,
    settled_by: Callable[[DataFrame, bool], DataFrame],
) -> Compared:
    keys, on_tie, positioned = run.job.changes.keys, run.job.changes.on_tie, is_positioned(run)
    large = known is not None and reached is not None
    ahead = reached.figures(judged.schema[SEQ].dataType) if reached else []
    measured = Measured(judged, [*counted, F.count_if(_irregular(judged)).alias("irregular"), *ahead])
    if known is not None:
        known = known.select(*[F.col(quote(key)) for key in keys], SEQ)
    # only rejected events are asked where they came from
    origin = F.when(F.col(VERDICT) == "rejected", F.col(SRC))
    events = settled_by(kept(measured.df), positioned).withColumn(SRC, origin)
    # what fits into one partition needs no shuffle to be folded
    folded = fold(events.coalesce(1) if fits_one(size) else events, keys, on_tie)
    tombstones = remembered_beside(run)
    batch = None
    if large and known is not None:
        with fitted_to_bytes(run, size):
            batch = batch_keys(folded.withColumn(OUTCOME, _ahead()), shape, keys, outcome_figures())
        figures = {**batch.figures, **measured.figures()}
        # deletes alone may change nothing, and then make no version: that takes a look at the table
        if is_ahead(figures) and figures["update"]:
            merged = {"merged": figures["update"] + figures["delete"], "update": 0, "delete": 0}
            return Compared(batch.rows, {**figures, **merged}, False, keys=batch, horizon=reached)
        folded, known = batch.rows.drop(OUTCOME), batch.named(known)
        tombstones = None if tombstones is None else batch.named(tombstones)
    reconciled = reconcile(folded, known, tombstones, keys, on_tie=on_tie, positioned=positioned)
    outcomes = Measured(reconciled, outcome_figures())
    with fitted_to_rows(run, batch.count) if batch and batch.few else nullcontext():
        rows = materialized(outcomes.df)
    compared = Compared(
        rows, {**measured.figures(), **outcomes.figures()}, False, keys=batch, horizon=reached
    )
    return compared if compared.figures["irregular"] else _settled(run, shape, compared)


def _ahead() -> Column:
    """The outcome of a key's winner that is newer than all that the table has: a delete ends the row, if there is one,
    and anything else is the row from now on.
    """
    applied = F.when(F.col(OP) == "D", "delete").otherwise("update")
    return F.when(F.col(VERDICT) == "rejected", "rejected").otherwise(applied)


def _irregular(judged: DataFrame) -> Column:
    """Whether an event can't be treated as a whole row of one key."""
    irregular = F.col(OP) == "T"
    if ABSENT in judged.columns:
        irregular = irregular | (F.size(ABSENT) > 0)
    for name in (MOVED_FROM, MOVED_TO):
        if name in judged.columns:
            irregular = irregular | F.col(name).isNotNull()
    return irregular & (F.col(VERDICT) == "good")


def _settled(run: JobRun, shape: Shape, compared: Compared) -> Compared:
    """Upserts at their row's own sequence are compared with the whole row: rare, so read only when it happens."""
    rows, figures = compared.rows, compared.figures
    if not figures["contender"]:
        return compared
    now = contents(run, shape)
    assert now is not None, "only a row of the table can have a contender"
    contenders = rows.filter(F.col(OUTCOME) == "contender")
    if figures["contender"] <= MOST_BROADCAST:
        # before their ranks are made, which cost more than all else
        now = having_keys_of(contenders, now, run.job.changes.keys)
    decided = Measured(settle(contenders, now, run.job.changes.keys), outcome_figures())
    # as rows without branches, by which Spark can filter a table
    whole = materialized(rows.filter(F.col(OUTCOME) != "contender").unionByName(decided.df))
    found = decided.figures()
    merged = {**figures, "contender": 0}
    for name in ("update", "duplicate", "superseded", "written"):
        merged[name] = figures[name] + found[name]
    return replace(compared, rows=whole, figures=merged)


def buried(compared: Compared, keys: list[str]) -> DataFrame:
    """The rows whose end has to be remembered; changed keys with what they were."""
    if REMEMBER in compared.rows.columns:
        ended = remembered_ends(compared.rows, keys)
        # a record of what a key had doesn't say what `deleted_at` shows
        records = compared.departures
        return ended if records is None else ended.unionByName(records, allowMissingColumns=True)
    ended = compared.rows.filter(F.col(OUTCOME).isin("delete", "remember"))
    if compared.by_column:
        # a truncate remembers for all the rows it ended
        ended = ended.filter(F.col(BURIED))
    if compared.departures is None:
        return ended
    known = compared.departures.select(*[F.col(quote(name)) for name in (*keys, SEQ, MOVE)])
    others = ended.join(known, [*keys, SEQ, MOVE], "left_anti")
    return others.unionByName(compared.departures, allowMissingColumns=True)
