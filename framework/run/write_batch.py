"""One batch of a table that is appended to or overwritten: decode -> gate -> write.

The common case is clean, and costs one pass: the write itself refuses to go on at the first rejected row, before it
commits anything. Then, or where rejects are to be expected, two passes keep the order of the writes: quarantine first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import VERDICT
from framework.errors import AccountingError
from framework.materialized import materialized
from framework.quality.gate import Gate
from framework.readers.base import STOPPED
from framework.run.conform import conform, with_missing
from framework.run.gatekeeper import check_dataset_rules, check_row_rules, count_reasons, gate_of
from framework.run.jobrun import JobRun
from framework.run.judge import judge, judge_readable, tallies
from framework.run.measure import Measured
from framework.run.outcome import Counts, TableChange
from framework.run.quarantine import quarantine_rows, write_quarantine
from framework.run.repair import events_of
from framework.run.shape import Shape, apply_shape, shape_of
from framework.run.source import read_strictly
from framework.state.intents import Intent
from framework.tables.conflicts import texts

_REJECTED = "SLUICE_REJECTED"


@dataclass(frozen=True)
class Judged:
    """A batch whose rows are judged as they are read."""

    shape: Shape
    gate: Gate
    rows: DataFrame
    all_good: bool = False
    """Whether the rows have no verdict, because nothing but the reading judges them, which stops at a bad record."""


def strict_batch(run: JobRun, intent: Intent) -> Judged | None:
    """The batch by a scan that stops at a bad record: what a hand-written job would do, and at its price.

    The scan judges a record by the columns that are asked for; so all of them have to go into the table, as they are.
    None where they don't, or where all of the batch is judged before it is written.
    """
    if run.ruleset.dataset_rules or run.job.changes.sequence:
        return None
    rows = read_strictly(run.ctx, run.job, intent.inputs)
    if rows is None:
        return None
    shape = shape_of(run, rows)
    kinds = {field.name: field.dataType for field in shape.schema.fields}
    if any(kinds.get(field.name) != field.dataType for field in rows.schema.fields):
        return None
    gate = gate_of(run, rows.schema)
    return Judged(shape, gate, judge_readable(rows, gate) if gate.rules else rows, all_good=not gate.rules)


def judged_batch(run: JobRun, intent: Intent, *, positions: bool) -> Judged:
    """The batch's rows with verdicts, and with reasons if `positions`; nothing is evaluated yet."""
    events = events_of(run, intent, positions=positions)
    shape = shape_of(run, events)
    fitted = conform(events, shape.schema, keep_extra=run.job.write.evolution == "flag")
    gate = gate_of(run, fitted.schema)
    return Judged(shape, gate, judge(fitted, gate, (), sequenced=False, reasons=positions))


def write_batch(run: JobRun, intent: Intent) -> bool:
    """Write the batch; False if nothing was to be written."""
    clean = not _expects_rejects(run)
    with run.watch.stage("read"):
        batch = (strict_batch(run, intent) if clean else None) or judged_batch(run, intent, positions=False)
        _check_dataset(run, batch)
    if clean:
        _evolve(run, batch.shape)
        try:
            return _write_clean(run, intent, batch)
        except (Py4JError, PySparkException) as error:
            if not _stopped(error):
                raise
            run.ctx.listener.note(run.job.job, "rows were rejected: reading again, quarantine first")
    return _write_dirty(run, intent)


def count_only(run: JobRun, intent: Intent) -> Counts:
    """What a run would count, by one pass that writes nothing."""
    batch = judged_batch(run, intent, positions=True)
    figures = {
        name: count or 0 for name, count in batch.rows.agg(*tallies(batch.gate)).collect()[0].asDict().items()
    }
    counts = _counts(figures)
    if counts.quarantined:
        run.outcome.reject_reasons.update(count_reasons(batch.rows))
    check_row_rules(run, batch.gate, figures)
    _check_dataset(run, batch)
    return counts


def _stopped(error: BaseException) -> bool:
    """Whether a write ended at a bad row or record."""
    return any(sign in text for text in texts(error) for sign in (_REJECTED, *STOPPED))


def _evolve(run: JobRun, shape: Shape) -> None:
    """A new table is made by the commit of its first rows."""
    if shape.exists:
        with run.watch.stage("evolve"):
            apply_shape(run, shape)


def _check_dataset(run: JobRun, batch: Judged) -> None:
    if not run.ruleset.dataset_rules:
        return
    good = batch.rows.filter(F.col(VERDICT) == "good")
    check_dataset_rules(run, good, lambda: _table_afterwards(run, batch.shape, good))


def _table_afterwards(run: JobRun, shape: Shape, good: DataFrame) -> DataFrame:
    """The table as the batch would leave it; a replaced partition is judged by what replaces it."""
    rows = with_missing(good, shape.schema.fields)
    if run.job.mode != "append" or not shape.exists:
        return rows
    return with_missing(run.fmt.read(run.target), shape.schema.fields).unionByName(rows)


def _expects_rejects(run: JobRun) -> bool:
    return run.fmt.exists(run.quarantine)


def _write_clean(run: JobRun, intent: Intent, batch: Judged) -> bool:
    measured = Measured(batch.rows, tallies(batch.gate)) if _needs_tallies(batch.gate) else None
    rows = measured.df if measured else batch.rows
    with run.watch.stage("target"):
        good = rows if batch.all_good else rows.filter(_guard(tallied=measured is not None))
        change = _write(run, intent, batch.shape, good)
    figures = measured.figures() if measured else _figures_of_commit(batch, change)
    counts = _counts(figures)
    run.outcome.counts.add(counts)
    check_row_rules(run, batch.gate, figures)
    _compare_with_commit(run, change, counts.inserted)
    return True


def _guard(*, tallied: bool) -> Column:
    """Lets good rows pass and stops at the first bad one; at a dropped one, too, unless somebody counts them."""
    verdict = F.col(VERDICT)
    stop = verdict == "rejected" if tallied else verdict != "good"
    return F.when(stop, F.raise_error(F.lit(_REJECTED)).cast("boolean")).otherwise(verdict == "good")


def _needs_tallies(gate: Gate) -> bool:
    """Whether a clean pass leaves anything to count: rows that break a rule and don't stop it."""
    return any(rule.action in ("warn", "drop") for rule in gate.rules)


def _figures_of_commit(batch: Judged, change: TableChange | None) -> dict[str, Any]:
    """Where every row was good, or the write had stopped, the commit's own count says all there is to say.

    Counting on the way would cost each row a step outside the compiled plan.
    """
    written = change.metrics.get("rows_added") if change is not None else None
    read = batch.rows.count() if written is None else written
    broken = {f"rule_{k}": 0 for k in range(len(batch.gate.rules))}
    return {"read": read, "control": 0, "dropped": 0, "rejected": 0, **broken}


def _write_dirty(run: JobRun, intent: Intent) -> bool:
    with run.watch.stage("read"):
        batch = judged_batch(run, intent, positions=True)
        measured = Measured(batch.rows, tallies(batch.gate))
        rejected = materialized(measured.df.filter(F.col(VERDICT) == "rejected"))
        figures = measured.figures()
        counts = _counts(figures)
        run.outcome.counts.add(counts)
        run.outcome.reject_reasons.update(count_reasons(rejected) if counts.quarantined else {})
        check_row_rules(run, batch.gate, figures)
        run.refuse_excess(counts)
    _evolve(run, batch.shape)
    if counts.quarantined:
        with run.watch.stage("quarantine"):
            again = intent.repair is not None
            found = quarantine_rows(rejected, intent.mark, run.ctx.run_id)
            write_quarantine(run.fmt, run.quarantine, found, intent.mark, again=again)
            run.changed(run.quarantine, "quarantine", None)
    if not counts.inserted and run.job.mode == "append":
        apply_shape(run, batch.shape)
        return False
    with run.watch.stage("target"):
        change = _write(run, intent, batch.shape, batch.rows.filter(F.col(VERDICT) == "good"))
    _compare_with_commit(run, change, counts.inserted)
    return True


def _write(run: JobRun, intent: Intent, shape: Shape, good: DataFrame) -> TableChange | None:
    before = run.fmt.version(run.target) if shape.exists else None
    rows = good if good.columns == shape.schema.names else with_missing(good, shape.schema.fields)
    if not shape.exists:
        run.fmt.create_with(rows, run.target, shape.spec, intent.mark)
    elif run.job.mode == "append":
        run.fmt.append(rows, run.target, intent.mark)
    else:
        run.fmt.overwrite(
            rows, run.target, intent.mark, partitions_only=run.job.mode == "partition_overwrite"
        )
    return run.changed(run.target, "target", before.number if before else None)


def _compare_with_commit(run: JobRun, change: TableChange | None, written: int) -> None:
    """What was counted while writing against what the commit says it contains."""
    if change is None:
        return
    committed = change.metrics.get("rows_added", written)
    if committed != written:
        raise AccountingError(
            f"job {run.job.job}: the commit {change.version_after} of {run.target.name} differs from what was read",
            found=f"{committed} rows in the commit",
            expected=f"{written} good rows",
            fix="Roll the table back to the version before, and report this.",
        )


def _counts(figures: dict[str, Any]) -> Counts:
    good = figures["read"] - figures["control"] - figures["dropped"] - figures["rejected"]
    return Counts(
        read=figures["read"],
        inserted=good,
        quarantined=figures["rejected"],
        dropped=figures["dropped"],
        control=figures["control"],
    )
