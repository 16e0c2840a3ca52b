"""Handing over a table that snapshots fed to a feed of changes: `sluice adopt`, on purpose.

The newest snapshot, at position P, told of every key what it was: a read at P of those that it had, an end at P of all
others. Changes at P and after win over it. What is older is superseded where the table has one row per key; it becomes
history in a table of versions.

P is recorded with the table, and not in each row:

one row per key   rows as of P lose their sequence, so that they are older than every change that still counts
versions          reads and ends at P are remembered beside the table, so that late changes find their place before them
"""

from __future__ import annotations

import json
from dataclasses import replace

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from framework.changes import stamp
from framework.changes.columns import (
    MARK,
    OP,
    RANK,
    SEQ,
    STATE,
    TIME,
    VALID,
    VALID_FROM,
    VALID_TO,
)
from framework.changes.facts import ELSEWHERE, ENDED, TIE, openings_shown, remembered
from framework.changes.sequence import of_json
from framework.errors import TableError
from framework.materialized import materialized
from framework.run.conform import event_fields, value_fields
from framework.run.contract import DELIVERY, MADE_BY, check_contract
from framework.run.job import discover, open_log
from framework.run.jobrun import JobRun
from framework.run.overtaken import HANDED_OVER
from framework.run.positions import POSITION
from framework.run.replay import Replay
from framework.run.retention import commit_time
from framework.sql import quote
from framework.state.intents import Intent
from framework.tables.base import MergeClauses

_READ, _ABSENT = -1, -2
"""Ties of what a snapshot tells: before any change at its sequence; of a key that it has, its read comes last."""


def is_fed_by_snapshots(run: JobRun) -> bool:
    """Whether snapshots fed the table up to now, and the job brings changes."""
    return not run.job.changes.snapshot and run.fmt.properties(run.target).get(DELIVERY) == "snapshots"


def hand_over(run: JobRun, sequence: DataType) -> list[str]:
    """Make a table that snapshots fed one that the job's changes feed; what was done.

    Every step is repeatable; the last makes the table one of changes.

    Raises:
        TableError: the table doesn't know which snapshot was its newest.
        ContractError: the job contradicts the table in anything else.
    """
    recorded = run.fmt.properties(run.target)
    changed = {**recorded, DELIVERY: "changes"}
    check_contract(run.job, run.target.name, changed, sequence.simpleString())
    told = _newest(run)
    position = of_json(told["position"], sequence)
    if run.job.versioned:
        _remember_snapshot(run, position, told["valid"])
    else:
        _forget_sequences(run, position)
    settings = {DELIVERY: "changes", HANDED_OVER: told["position"]}
    run.fmt.set_properties(run.target, settings)
    return [f"{key} = {value}" for key, value in settings.items()]


def begun_by_stream(run: JobRun) -> list[Intent]:
    """The unfinished batches of the job that feeds the table: of its stream, since a run before this was refused.

    Raises:
        TableError: one of them is a snapshot's.
    """
    maker = run.fmt.properties(run.target)[MADE_BY]
    log = open_log(replace(run, job=run.job.model_copy(update={"job": maker})))
    there = {
        json.dumps(item, sort_keys=True)
        for inputs in (discover(run, log, Replay("*")) or {}).values()
        for item in inputs.items
    }
    begun = log.pending(run.fmt.last_mark(run.target, maker))
    for intent in begun:
        items = [item for inputs in intent.inputs.values() for item in inputs.items]
        if not all(json.dumps(item, sort_keys=True) in there for item in items):
            raise TableError(
                f"table {run.target.name} lacks a snapshot that job {maker} has begun to apply",
                found=f"batch {intent.n} is unfinished",
                fix="Set `changes: {snapshot: true}` again with the source as it was, run the job, then adopt.",
            )
    return begun


def _newest(run: JobRun) -> dict[str, str]:
    found = run.fmt.properties(run.tombstones) if run.fmt.exists(run.tombstones) else {}
    told = json.loads(found.get(POSITION, "{}"))
    if "position" not in told or (run.job.versioned and told.get("valid") is None):
        raise TableError(
            f"table {run.target.name} doesn't know its newest snapshot",
            fix="Set `changes: {snapshot: true}` again, apply one more snapshot, then adopt.",
        )
    return dict(told)


def _forget_sequences(run: JobRun, position: Column) -> None:
    """Rows as of the snapshot, and rows that it marked, become older than every change that still counts."""
    names = [SEQ, STATE, *([MARK] if run.job.keeps_deleted else [])]
    table = run.fmt.read(run.target)
    here = F.coalesce(F.col(SEQ) == position, F.lit(False))
    if run.job.keeps_deleted:
        here = here | F.coalesce(F.col(MARK).getField("seq") == position, F.lit(False))
    nothing = [F.lit(None).cast(table.schema[name].dataType).alias(name) for name in names]
    rows = table.filter(here).select(*[F.col(quote(key)) for key in run.job.changes.keys], *nothing)
    _update(run, rows, run.job.changes.keys, names)


def _remember_snapshot(run: JobRun, position: Column, valid: str) -> None:
    """Its reads and ends as facts of their own, and what the versions show of them as told there."""
    keys = run.job.changes.keys
    table = run.fmt.read(run.target)
    moment = F.lit(valid).cast(table.schema[VALID_FROM].dataType)
    columns = value_fields(table.schema, keys)
    ranked = [field.name for field in event_fields(table.schema)]
    reads = openings_shown(
        table.filter(F.col(VALID_TO).isNull()), keys, columns, "delete_wins", positioned=True, ranked=ranked
    )
    facts = remembered(reads, keys, columns).withColumns(
        {SEQ: position, TIE: F.lit(_READ), RANK: F.lit(0).cast("bigint"), VALID: moment}
    )
    absent = run.ctx.spark.range(1).select(
        position.alias(SEQ), F.lit("T").alias(OP), F.lit(_ABSENT).alias(TIE), moment.alias(VALID)
    )
    told = facts.unionByName(absent, allowMissingColumns=True)
    time = commit_time(told)
    told = told.withColumn(TIME, time if time is not None else F.lit(None).cast("timestamp"))
    _add_to_memory(run, told, position)
    _update(run, _as_told_there(table, position), [*keys, VALID_FROM], [STATE])


def _add_to_memory(run: JobRun, told: DataFrame, position: Column) -> None:
    known = run.fmt.read(run.tombstones)
    told = told.select(*[F.col(quote(name)) for name in known.columns])
    # what the snapshot told of them was remembered as if changes had
    stale = (F.col(SEQ) == position) & (F.coalesce(F.col(TIE), F.lit(0)) >= 0)
    if known.filter(stale).isEmpty():
        run.fmt.append(told, run.tombstones, None)
        return
    tie = F.when(F.col(OP) == "U", F.lit(_READ)).otherwise(F.lit(_ABSENT))
    mended = known.withColumn(TIE, F.when(stale, tie).otherwise(F.col(TIE)))
    run.fmt.replace_where(materialized(mended.unionByName(told)), run.tombstones, "true", None)


def _as_told_there(table: DataFrame, position: Column) -> DataFrame:
    """Versions that the snapshot opened, or closed, with a state that says so."""
    ended = F.col(STATE).getField(ENDED)
    opened_here = F.coalesce(F.col(SEQ) == position, F.lit(False))
    closed_here = F.coalesce(ended.getField("seq") == position, F.lit(False))
    absent = stamp.make(position, F.lit(_ABSENT), F.lit(0))
    state = F.struct(
        F.when(opened_here, F.lit(True)).otherwise(F.col(STATE).getField(ELSEWHERE)).alias(ELSEWHERE),
        F.when(closed_here, absent).otherwise(ended).alias(ENDED),
    )
    return table.filter(opened_here | closed_here).withColumn(STATE, state)


def _update(run: JobRun, rows: DataFrame, identity: list[str], names: list[str]) -> None:
    if rows.isEmpty():
        return
    clauses = MergeClauses(
        on=" AND ".join(f"t.{quote(name)} = s.{quote(name)}" for name in identity),
        update_set={name: f"s.{quote(name)}" for name in names},
    )
    source = materialized(rows.select(*[F.col(quote(name)) for name in [*identity, *names]]))
    run.fmt.merge(source, run.target, clauses, None)
