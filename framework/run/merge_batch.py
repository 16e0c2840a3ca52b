"""One batch of a keyed table: decode -> gate -> fold -> reconcile -> apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.append import distinct_events, unseen
from framework.changes.columns import EVENTS, OUTCOME, RANK, SEQ, TIED, VERDICT
from framework.changes.fold import fold
from framework.changes.rank import rank
from framework.changes.reconcile import reconcile, settle
from framework.changes.scd1 import merge_clauses
from framework.changes.sequence import names_position
from framework.quality.gate import Gate
from framework.run.conform import conform, data_fields, with_missing
from framework.run.gatekeeper import check_dataset_rules, check_row_rules, count_reasons, gate_of
from framework.run.jobrun import JobRun
from framework.run.judge import judge, tallies
from framework.run.measure import Measured
from framework.run.outcome import Counts
from framework.run.quarantine import quarantine_rows, write_quarantine
from framework.run.shape import Shape, apply_shape, shape_of
from framework.run.source import envelope_of, read_events
from framework.sql import quote
from framework.state.intents import Intent
from framework.tables.base import TableSpec

OUTCOMES = ("insert", "update", "delete", "remember", "superseded", "duplicate", "contender", "rejected")


@dataclass(frozen=True)
class Reconciled:
    """A batch that is ready to be written: rows with outcomes, materialised, and what they amount to."""

    shape: Shape
    rows: DataFrame
    counts: Counts
    figures: dict[str, Any]


def prepare_merge(run: JobRun, intent: Intent) -> Reconciled:
    """Everything up to the writes; reads the source once, and the table's keys."""
    events = read_events(run.ctx, run.job, intent.inputs, positions=True)
    shape = shape_of(run, events)
    fitted = conform(events, shape.schema, keep_extra=run.job.write.evolution == "flag")
    gate = gate_of(run, fitted.schema)
    keys = run.job.changes.keys
    judged = Measured(judge(fitted, gate, keys, sequenced=True), tallies(gate))
    kept = judged.df.filter(F.col(VERDICT).isin("good", "rejected"))
    measured = Measured(_compared(run, shape, kept), _outcome_figures())
    rows = measured.df.localCheckpoint()
    figures = {**judged.figures(), **measured.figures()}
    rows, figures = _settled(run, shape, rows, figures)
    counts = counts_of(figures, run.job.mode)
    run.outcome.counts.add(counts)
    run.outcome.reject_reasons.update(count_reasons(rows) if counts.quarantined else {})
    _check(run, shape, gate, rows, counts, figures)
    return Reconciled(shape, rows, counts, figures)


def write_merge(run: JobRun, intent: Intent, batch: Reconciled) -> bool:
    """Quarantine, tombstones, target, in this order, each repeatable; False if the target stays as it is."""
    counts, rows = batch.counts, batch.rows
    before = run.fmt.version(run.target) if batch.shape.exists else None
    with run.watch.stage("create" if not batch.shape.exists else "evolve"):
        apply_shape(run, batch.shape)
    if counts.quarantined:
        with run.watch.stage("quarantine"):
            rejected = rows.filter(F.col(OUTCOME) == "rejected")
            write_quarantine(
                run.fmt, run.quarantine, quarantine_rows(rejected, intent.mark, run.ctx.run_id), intent.mark
            )
            run.changed(run.quarantine, "quarantine", None)
    if run.job.mode == "merge" and counts.deleted + counts.remembered and not run.job.changes.ordered:
        with run.watch.stage("tombstones"):
            _write_tombstones(run, rows, intent)
    if not counts.inserted + counts.updated + counts.deleted:
        return False
    with run.watch.stage("target"):
        _write_target(run, rows, intent, batch, empty=before is None)
        run.changed(run.target, "target", before.number if before else None)
    return True


def is_positioned(run: JobRun) -> bool:
    """True if a sequence names one event, so that equal sequences mean the same event."""
    source = next(iter(run.job.sources.values()))
    return envelope_of(run.job, source) == "dms" or names_position(run.job.changes.sequence)


def counts_of(figures: dict[str, Any], mode: str) -> Counts:
    """What became of every event: one folded away lost to its key's winner, or was delivered twice."""
    folded = figures["folded_events"] - figures["folded_rows"]
    repeated = folded if mode == "append" else 0
    return Counts(
        read=figures["read"],
        inserted=figures["insert"],
        updated=figures["update"],
        deleted=figures["delete"],
        remembered=figures["remember"],
        superseded=figures["superseded"] + folded - repeated,
        duplicate=figures["duplicate"] + repeated,
        quarantined=figures["rejected_rows"],
        dropped=figures["dropped"],
        control=figures["control"],
    )


def _compared(run: JobRun, shape: Shape, events: DataFrame) -> DataFrame:
    """The batch folded, with what becomes of each row."""
    keys, on_tie = run.job.changes.keys, run.job.changes.on_tie
    positioned = run.job.mode == "merge" and is_positioned(run)
    ranked = _ranked(events, positioned)
    if run.job.mode == "append":
        return unseen(distinct_events(ranked, keys), _contents(run, shape), keys)
    known = _contents(run, shape)
    if known is not None:
        known = known.select(*[F.col(quote(key)) for key in keys], SEQ)
    return reconcile(
        fold(ranked, keys, on_tie), known, _tombstones(run), keys, on_tie=on_tie, positioned=positioned
    )


def _ranked(events: DataFrame, positioned: bool) -> DataFrame:
    value = F.lit(0).cast("bigint") if positioned else rank(data_fields(events.schema))
    return events.withColumn(RANK, value)


def _contents(run: JobRun, shape: Shape) -> DataFrame | None:
    """The target as it is; None while nothing was written to it. Columns that are about to be added are NULL."""
    if not shape.exists or run.fmt.version(run.target) is None:
        return None
    return with_missing(run.fmt.read(run.target), shape.schema.fields)


def _tombstones(run: JobRun) -> DataFrame | None:
    if run.job.changes.ordered or not run.fmt.exists(run.tombstones):
        return None
    return run.fmt.read(run.tombstones)


def _outcome_figures() -> list[Column]:
    outcome = F.col(OUTCOME)
    names = {name: ("rejected_rows" if name == "rejected" else name) for name in OUTCOMES}
    return [
        *[F.count_if(outcome == name).alias(alias) for name, alias in names.items()],
        F.count(F.lit(1)).alias("folded_rows"),
        F.coalesce(F.sum(EVENTS), F.lit(0)).alias("folded_events"),
        F.count_if(F.col(TIED) & (outcome != "rejected")).alias("tied"),
    ]


def _settled(
    run: JobRun, shape: Shape, rows: DataFrame, figures: dict[str, Any]
) -> tuple[DataFrame, dict[str, Any]]:
    """Upserts at their row's own sequence are compared with the whole row: rare, so read only when it happens."""
    if not figures["contender"]:
        return rows, figures
    now = _contents(run, shape)
    assert now is not None, "only a row of the table can have a contender"
    decided = Measured(
        settle(rows.filter(F.col(OUTCOME) == "contender"), now, run.job.changes.keys), _outcome_figures()
    )
    settled = decided.df.localCheckpoint()
    found = decided.figures()
    merged = {**figures, "contender": 0}
    for name in ("update", "duplicate", "superseded"):
        merged[name] = figures[name] + found[name]
    return rows.filter(F.col(OUTCOME) != "contender").unionByName(settled), merged


def _check(
    run: JobRun, shape: Shape, gate: Gate, rows: DataFrame, counts: Counts, figures: dict[str, Any]
) -> None:
    if figures["tied"]:
        _report_ties(run, figures["tied"])
    check_row_rules(run, gate, figures)
    run.refuse_excess(counts)
    upserts = rows.filter(F.col(OUTCOME).isin("insert", "update"))
    check_dataset_rules(run, upserts, lambda: _table_afterwards(run, shape, rows))


def _table_afterwards(run: JobRun, shape: Shape, rows: DataFrame) -> DataFrame:
    """The table as the batch would leave it."""
    fields = shape.schema.fields
    upserts = with_missing(rows.filter(F.col(OUTCOME).isin("insert", "update")), fields)
    now = _contents(run, shape)
    if now is None:
        return upserts
    if run.job.mode == "append":
        return now.unionByName(upserts)
    touched = rows.filter(F.col(OUTCOME).isin("insert", "update", "delete"))
    keys = [F.col(quote(key)).alias(f"_sluice_t{i}") for i, key in enumerate(run.job.changes.keys)]
    same = [F.col(quote(key)) == F.col(f"_sluice_t{i}") for i, key in enumerate(run.job.changes.keys)]
    return now.join(touched.select(*keys), same, "left_anti").unionByName(upserts)


def _report_ties(run: JobRun, tied: int) -> None:
    from framework.errors import QualityError

    if run.job.changes.on_tie == "error":
        raise QualityError(
            f"job {run.job.job}: {tied} keys have different events at one sequence, and changes.on_tie is error",
            fix="Add a column to changes.sequence that orders them, or choose delete_wins or upsert_wins.",
        )
    run.outcome.notes.append(
        f"{tied} keys had ties, settled by changes.on_tie {run.job.changes.on_tie} and rank"
    )


def _write_tombstones(run: JobRun, rows: DataFrame, intent: Intent) -> None:
    keys = run.job.changes.keys
    dead = rows.filter(F.col(OUTCOME).isin("delete", "remember")).select(
        *[F.col(quote(key)) for key in keys], SEQ
    )
    if not run.fmt.exists(run.tombstones):
        run.fmt.create(
            run.tombstones,
            TableSpec(
                dead.schema, comment=f"Deletes of {run.target.name}, so that late events can't undo them"
            ),
        )
    run.fmt.append(dead, run.tombstones, intent.mark)
    run.changed(run.tombstones, "tombstones", None)


def _write_target(run: JobRun, rows: DataFrame, intent: Intent, batch: Reconciled, *, empty: bool) -> None:
    effective = rows.filter(F.col(OUTCOME).isin("insert", "update", "delete"))
    schema = batch.shape.schema
    if empty or run.job.mode == "append":
        run.fmt.append(with_missing(effective, schema.fields), run.target, intent.mark)
        return
    arriving = [
        field.name for field in schema.fields if field.name in set(rows.columns) and field.name != SEQ
    ]
    run.fmt.merge(effective, run.target, merge_clauses(run.job.changes.keys, arriving), intent.mark)
