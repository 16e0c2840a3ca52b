"""One batch of a keyed table: decode -> gate -> fold -> reconcile -> apply."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from framework.changes.columns import DELETED_AT, OUTCOME, SEQ, STATE, TIME, VALID_FROM, VALID_TO
from framework.changes.facts import memory_fields
from framework.changes.join_columns import tombstone_fields
from framework.changes.scd1 import merge_clauses
from framework.changes.scd2 import version_clauses
from framework.errors import DeliveryRefused, QualityError
from framework.quality.gate import Gate
from framework.run.compare import buried, compare
from framework.run.compared import Compared, contents
from framework.run.conform import with_missing
from framework.run.contract import DEPARTURES, STATE_KIND
from framework.run.gatekeeper import check_dataset_rules, check_row_rules, count_reasons
from framework.run.jobrun import JobRun
from framework.run.judged import judged_events
from framework.run.narrowing import narrowing
from framework.run.outcome import Counts
from framework.run.overtaken import OVERTAKEN
from framework.run.positions import POSITION
from framework.run.prefetch import prefetched
from framework.run.quarantine import quarantine_rows, write_quarantine
from framework.run.repair import events_of
from framework.run.retention import first_purge, purge
from framework.run.shape import Shape, apply_shape
from framework.run.tuning import bytes_read, fitted_to_merge
from framework.sql import quote
from framework.state.intents import Intent
from framework.tables.base import BatchMark, TableRef, TableSpec, Version

_ROWS_PER_FILE = 250_000
"""Of a table's first rows: enough for a scan, few enough for skipping."""


@dataclass(frozen=True)
class Reconciled:
    """A batch that is ready to be written: rows with outcomes, materialised, and what they amount to."""

    shape: Shape
    compared: Compared
    counts: Counts


def prepare_merge(run: JobRun, intent: Intent) -> Reconciled:
    """Everything up to the writes; reads the source once (twice for the first irregular events), and the table."""
    with prefetched(run):
        shape, gate, judged = judged_events(run, events_of(run, intent, positions=True))
        compared = compare(run, shape, gate, judged, bytes_read(intent))
    counts = counts_of(compared.figures, run.job.mode)
    run.outcome.counts.add(counts)
    run.outcome.reject_reasons.update(count_reasons(compared.rejected) if counts.quarantined else {})
    try:
        _check(run, shape, gate, compared, counts)
    except QualityError as error:
        if run.job.changes.snapshot:
            raise DeliveryRefused(
                error.what, found=error.found, expected=error.expected, fix=error.fix
            ) from error
        raise
    return Reconciled(shape, compared, counts)


def write_merge(run: JobRun, intent: Intent, batch: Reconciled) -> bool:
    """Quarantine, tombstones, target, in this order, each repeatable; False if the target stays as it is."""
    figures = batch.compared.figures
    before = run.fmt.version(run.target) if batch.shape.exists else None
    with run.watch.stage("create" if not batch.shape.exists else "evolve"):
        apply_shape(run, batch.shape)
    if batch.counts.quarantined:
        with run.watch.stage("quarantine"):
            rejected = quarantine_rows(batch.compared.rejected, intent.mark, run.ctx.run_id)
            again = intent.repair is not None
            write_quarantine(run.fmt, run.quarantine, rejected, intent.mark, again=again)
            run.changed(run.quarantine, "quarantine", None)
    if run.job.mode == "merge" and figures["ended"] and not run.job.changes.ordered:
        with run.watch.stage("tombstones"):
            if batch.compared.by_column:
                # a truncate that ended no row is a barrier all the same, which only that way of comparing sees
                _remember_columns(run)
            _write_tombstones(run, batch, intent)
    if batch.compared.position is not None:
        _record_position(run, batch, batch.compared.position)
    if figures["written"]:
        _write_rows(run, intent, batch, before)
    # last, so that a batch that is done again finds the tombstones it was judged by
    purged = purge(run, batch.compared.newest)
    if purged:
        run.outcome.notes.append(
            f"{purged} tombstones were older than changes.tombstone_retention: forgotten"
        )
    return bool(figures["written"])


def _write_rows(run: JobRun, intent: Intent, batch: Reconciled, before: Version | None) -> None:
    with run.watch.stage("target"):
        if batch.compared.by_column:
            _remember_columns(run)
        _write_target(run, intent, batch, empty=before is None)
        run.changed(run.target, "target", before.number if before else None)


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
        merged=figures.get("merged", 0),
        superseded=figures["superseded"] + folded - repeated + figures.get(OVERTAKEN, 0),
        duplicate=figures["duplicate"] + repeated,
        quarantined=figures["rejected_rows"],
        dropped=figures["dropped"],
        control=figures["control"],
    )


def _check(run: JobRun, shape: Shape, gate: Gate, compared: Compared, counts: Counts) -> None:
    rows, figures = compared.rows, compared.figures
    if figures["tied"]:
        _report_ties(run, figures["tied"])
    if figures.get("unresolved"):
        run.outcome.notes.append(
            f"{figures['unresolved']} key changes came with placeholders of values that nothing told: NULL"
        )
    if figures.get("unknown"):
        run.outcome.notes.append(f"{figures['unknown']} rows have columns that no event carried yet: NULL")
    check_row_rules(run, gate, figures)
    run.refuse_excess(counts)
    upserts = rows.filter(F.col(OUTCOME).isin("insert", "update"))
    batch = compared.delivered if compared.delivered is not None else _as_of_now(run, upserts)
    check_dataset_rules(run, batch, lambda: _as_of_now(run, _table_afterwards(run, shape, rows)))


def _as_of_now(run: JobRun, rows: DataFrame) -> DataFrame:
    """Of versions those that hold: rules are about the things themselves, and a key has many versions."""
    if run.job.keeps_deleted:
        return rows.filter(F.col(DELETED_AT).isNull())
    return rows.filter(F.col(VALID_TO).isNull()) if run.job.versioned else rows


def _table_afterwards(run: JobRun, shape: Shape, rows: DataFrame) -> DataFrame:
    """The table as the batch would leave it."""
    fields = shape.schema.fields
    upserts = with_missing(rows.filter(F.col(OUTCOME).isin("insert", "update")), fields)
    now = contents(run, shape)
    if now is None:
        return upserts
    if run.job.mode == "append":
        return now.unionByName(upserts)
    touched = rows.filter(F.col(OUTCOME).isin("insert", "update", "delete"))
    identity = [*run.job.changes.keys, *([VALID_FROM] if run.job.versioned else [])]
    names = [F.col(quote(name)).alias(f"_sluice_t{i}") for i, name in enumerate(identity)]
    same = [F.col(quote(name)) == F.col(f"_sluice_t{i}") for i, name in enumerate(identity)]
    return now.join(touched.select(*names), same, "left_anti").unionByName(upserts)


def _report_ties(run: JobRun, tied: int) -> None:
    if run.job.changes.on_tie == "error":
        raise QualityError(
            f"job {run.job.job}: {tied} keys have different events at one sequence, and changes.on_tie is error",
            fix="Add a column to changes.sequence that orders them, or choose delete_wins or upsert_wins.",
        )
    run.outcome.notes.append(
        f"{tied} keys had ties, settled by changes.on_tie {run.job.changes.on_tie} and rank"
    )


def _record_position(run: JobRun, batch: Reconciled, position: str) -> None:
    """Before the rows: after a crash between the two, the same snapshot is applied again, and no older one."""
    _open_memory(run, batch)
    run.fmt.set_properties(run.tombstones, {POSITION: position})


def _write_tombstones(run: JobRun, batch: Reconciled, intent: Intent) -> None:
    fields = _open_memory(run, batch)
    if batch.compared.figures.get("departures"):
        _remember_departures(run, batch)
    found = batch.compared.memory
    if found is None:
        found = buried(batch.compared, run.job.changes.keys)
    names = [field.name for field in fields if field.name in found.columns]
    newest = F.lit(batch.compared.newest).cast("timestamp").alias(TIME)
    dead = found.select(*[F.col(quote(name)) for name in names if name != TIME], newest)
    run.fmt.append(dead, run.tombstones, _mark(intent, batch, run.tombstones), repeatable=True)
    run.changed(run.tombstones, "tombstones", None)


def _open_memory(run: JobRun, batch: Reconciled) -> list[StructField]:
    """Make the table of what the target must remember beside it, if it isn't there; its columns."""
    schema = batch.shape.schema
    keys = [StructField(key, schema[key].dataType) for key in run.job.changes.keys]
    sequence = schema[SEQ].dataType
    if run.job.versioned:
        fields = memory_fields(keys, sequence, schema[VALID_FROM].dataType)
        comment = f"What the versions of {run.target.name} don't show: needed when late events come"
    else:
        shown = schema[DELETED_AT].dataType if run.job.keeps_deleted else None
        fields = tombstone_fields(keys, sequence, shown)
        comment = f"Deletes of {run.target.name}, so that late events can't undo them; no key: a truncate"
    if not run.fmt.exists(run.tombstones):
        spec = TableSpec(StructType(fields), (), first_purge(run, batch.compared.newest), comment)
        run.fmt.create(run.tombstones, spec)
    return fields


def _remember_columns(run: JobRun) -> None:
    """From here on, rows of the table may say where each column comes from."""
    if STATE_KIND not in run.fmt.properties(run.target):
        run.fmt.set_properties(run.target, {STATE_KIND: "columns"})


def _remember_departures(run: JobRun, batch: Reconciled) -> None:
    """From here on, late events of a key may concern the key that it became; first, so that no batch misses it."""
    if batch.compared.by_column:
        _remember_columns(run)
    if DEPARTURES not in run.fmt.properties(run.tombstones):
        run.fmt.set_properties(run.tombstones, {DEPARTURES: "told"})


def _write_target(run: JobRun, intent: Intent, batch: Reconciled, *, empty: bool) -> None:
    schema = batch.shape.schema
    effective = batch.compared.rows.filter(F.col(OUTCOME).isin("insert", "update", "delete"))
    if empty or run.job.mode == "append":
        rows = with_missing(effective, schema.fields)
        if run.job.mode == "merge":
            rows = _in_order_of_keys(run, rows, batch.compared.figures["written"])
        run.fmt.append(rows, run.target, _mark(intent, batch, run.target))
        return
    if run.job.versioned:
        narrowed = narrowing(run, None, effective, batch.compared.figures["written"])
        clauses = version_clauses(run.job.changes.keys, schema.names, narrowed.conditions)
        with fitted_to_merge(run, narrowed.rows, narrowed.settings):
            run.fmt.merge(narrowed.source, run.target, clauses, intent.mark)
        return
    _merge_rows(run, intent, batch, effective)


def _in_order_of_keys(run: JobRun, rows: DataFrame, count: int) -> DataFrame:
    """So that a file's keys lie between two near ones, and later batches find most files to be none of their business.

    Rows of a partitioned table are sorted by its partitions.
    """
    if count <= _ROWS_PER_FILE or run.job.write.partition_by:
        return rows
    keys = [F.col(quote(key)) for key in run.job.changes.keys]
    return rows.repartitionByRange(math.ceil(count / _ROWS_PER_FILE), *keys).sortWithinPartitions(*keys)


def _merge_rows(run: JobRun, intent: Intent, batch: Reconciled, effective: DataFrame) -> None:
    rows, schema, keys = batch.compared.rows, batch.shape.schema, batch.compared.keys
    own = {SEQ} if batch.compared.by_column else {SEQ, STATE}
    arriving = [
        field.name for field in schema.fields if field.name in set(rows.columns) and field.name not in own
    ]
    # the rest is of no use to the merge, and would count in what Spark takes for the source's size
    source = effective.select(*[F.col(quote(name)) for name in (*arriving, SEQ, OUTCOME)])
    narrowed = narrowing(run, keys, source, batch.compared.figures["written"])
    clauses = merge_clauses(
        run.job.changes.keys, arriving, narrowed.conditions, keeps_deleted=run.job.keeps_deleted
    )
    with fitted_to_merge(run, narrowed.rows, narrowed.settings):
        run.fmt.merge(narrowed.source, run.target, clauses, _mark(intent, batch, run.target))


def _mark(intent: Intent, batch: Reconciled, table: TableRef) -> BatchMark:
    """What a commit of the batch says of it, and of how far the table has come with it."""
    reached, figures = batch.compared.horizon, batch.compared.figures
    return reached.marked(intent.mark, table, figures) if reached else intent.mark
