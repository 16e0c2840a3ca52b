"""Comparing snapshots with the table: the newest for scd1, each after the one before for scd2.

Only what differs becomes a change. The position of the newest snapshot is kept once, beside the table; rows that stay
as they are aren't touched. Nothing older than it is taken any more, so deletes need no memory.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructField, StructType

from framework.changes.columns import BAD, EXTRA, OP, OUTCOME, REASONS, SEQ, VALID, VALID_TO, VERDICT
from framework.changes.facts import IMPLIED
from framework.changes.snapshot import TWICE, differences, held, with_repeats
from framework.errors import DeliveryRefused
from framework.quality.gate import Gate
from framework.run.compared import Compared, contents, ranked
from framework.run.conform import event_fields
from framework.run.history import compare_good
from framework.run.jobrun import JobRun
from framework.run.judge import REASON_TYPE, tallies
from framework.run.measure import Measured
from framework.run.retention import retention_figures
from framework.run.shape import Shape
from framework.run.validity import initial_valid_from
from framework.sql import exact_json, quote

POSITION = "sluice.snapshot"
"""Property of a table's memory: the position (JSON) of the newest snapshot that the table contains."""
_MOST = 100
"""So many snapshots in one delivery make versions one after another."""


@dataclass(frozen=True)
class _Position:
    """One snapshot of a delivery."""

    text: str
    """Its sequence as JSON."""
    older: bool
    """Whether it is older than what the table contains."""
    again: bool
    """Whether the table contains it: a repetition, or another part of it. Nothing is missing from it then."""
    valid: str | None
    """From when on what it changes is valid (scd2)."""


def compare_snapshots(run: JobRun, shape: Shape, gate: Gate, judged: DataFrame) -> Compared:
    """What the delivered snapshots change.

    Raises:
        DeliveryRefused: it is empty, all of it is older than what the table contains, or it has too many sequences.
    """
    measured = Measured(judged, [*tallies(gate), *retention_figures(judged, None)])
    # rows that a rule drops say that their keys are there
    counted = measured.df.filter(F.col(VERDICT) != "control")
    rows = with_repeats(counted, run.job.changes.keys).localCheckpoint()
    figures = measured.figures()
    positions = _newer(run, shape, _positions(run, shape, rows))
    delivery = _Delivery(run, shape, gate, rows, positions)
    return delivery.as_versions(figures) if run.job.versioned else delivery.as_rows(figures)


def recorded(run: JobRun, shape: Shape) -> str | None:
    """The position of the newest snapshot that the table contains, as JSON; for a batch that is done again the one from
    before it."""
    if contents(run, shape) is None or not run.fmt.exists(run.tombstones):
        return None
    told = run.fmt.properties(run.tombstones).get(POSITION)
    if told is None:
        return None
    found = json.loads(told)
    text = found["before"] if found["batch"] == _batch(run) else found["position"]
    return None if text is None else str(text)


def position_text(run: JobRun, shape: Shape, position: str) -> str:
    """What to record before a batch writes that brings the table to a position."""
    return json.dumps({"position": position, "batch": _batch(run), "before": recorded(run, shape)})


def _batch(run: JobRun) -> str:
    return f"{run.outcome.epoch}/{run.outcome.batch}"


class _Delivery:
    """The snapshots of one batch, and the table that they meet."""

    def __init__(
        self, run: JobRun, shape: Shape, gate: Gate, rows: DataFrame, positions: list[_Position]
    ) -> None:
        self._run, self._shape, self._gate, self._positions = run, shape, gate, positions
        self._keys = run.job.changes.keys
        rejected = F.col(VERDICT) == "rejected"
        self._good = rows.filter((F.col(VERDICT) == "good") & ~F.col(TWICE)).drop(TWICE)
        self._refused = rows.filter(rejected | F.col(TWICE))
        self._held = rows.filter((F.col(VERDICT) != "good") | F.col(TWICE))
        lacking = reduce(or_, [F.col(quote(key)).isNull() for key in self._keys])
        self._refusals = self._held.agg(
            F.count(F.lit(1)).alias("held"),
            F.count_if(rejected | F.col(TWICE)).alias("refused"),
            F.count_if(F.col(BAD).isNotNull() | lacking).alias("unknown"),
        ).collect()[0]
        if self._refusals.unknown:
            run.outcome.notes.append(
                f"{self._refusals.unknown} rows can't be read or have no key: no key was taken for missing"
            )

    def as_rows(self, figures: dict[str, Any]) -> Compared:
        """scd1: only the newest snapshot counts."""
        newest = self._positions[-1]
        outcomes = ("insert", "update", "duplicate", "delete")
        counted = Measured(
            self._changes(contents(self._run, self._shape), newest),
            [F.count_if(F.col(OUTCOME) == name).alias(name) for name in outcomes],
        )
        # rows that stay as they are have been counted, and are of no further use
        changed = counted.df.filter(F.col(OUTCOME) != "duplicate").localCheckpoint()
        found = counted.figures()
        older = self._good.filter(F.col(SEQ) < self._sequence(newest)).count()
        written = found["insert"] + found["update"] + found["delete"]
        told = {**figures, **_NOTHING, **found, "superseded": older, "delete": 0, "written": written}
        return self._compared(changed, told, found["delete"], None)

    def as_versions(self, figures: dict[str, Any]) -> Compared:
        """scd2: each snapshot is compared with the one before it."""
        table = contents(self._run, self._shape)
        before = table.filter(F.col(VALID_TO).isNull()) if table is not None else None
        changes, same = [], 0
        first = before is None
        for position in self._positions:
            found = self._changes(before, position).localCheckpoint()
            if first:
                kind = found.schema[VALID].dataType
                found = found.withColumn(VALID, initial_valid_from(found, self._run.job, kind))
                first = False
            changes.append(found.filter(F.col(OUTCOME) != "duplicate"))
            same += found.filter(F.col(OUTCOME) == "duplicate").count()
            before = self._after(before, position)
        events = reduce(lambda left, right: left.unionByName(right), changes)
        gone = F.col(OUTCOME) == "delete"
        events = events.select(
            *[F.col(quote(name)) for name in events.columns if name not in (OP, OUTCOME, VERDICT)],
            F.when(gone, "D").otherwise("U").alias(OP),
            # no event of the source stands for a key that is missing
            F.when(gone, IMPLIED).otherwise("good").alias(VERDICT),
        )
        # a key is in a snapshot once: nothing to settle
        events = ranked(events, positioned=True).localCheckpoint()
        missing = events.filter(F.col(OP) == "D").count()
        compared = compare_good(self._run, self._shape, self._gate, events, {**figures, "truncates": 0})
        older = self._good.filter(F.col(SEQ) < self._sequence(self._positions[0])).count()
        told = {
            **compared.figures,
            "duplicate": compared.figures["duplicate"] + same,
            "superseded": compared.figures["superseded"] + older,
        }
        return self._compared(compared.rows, told, missing, compared.memory)

    def _changes(self, before: DataFrame | None, position: _Position) -> DataFrame:
        sequence = self._sequence(position)
        delivered = self._good.filter(F.col(SEQ) == sequence)
        found = differences(before, delivered, self._keys, self._compared_columns())
        if before is None:
            return found
        if self._refusals.unknown or position.again:
            found = found.filter(F.col(OUTCOME) != "delete")
        elif self._refusals.held:
            found = held(found, self._held_at(sequence), self._keys)
        at = {SEQ: sequence}
        if VALID in found.columns:
            at[VALID] = F.lit(position.valid).cast(found.schema[VALID].dataType)
        return found.select(
            *[F.coalesce(F.col(n), at[n]).alias(n) if n in at else F.col(quote(n)) for n in found.columns]
        )

    def _after(self, before: DataFrame | None, position: _Position) -> DataFrame:
        """The table as of this snapshot, as far as the next one is compared with it."""
        names = [*self._keys, *self._compared_columns()]
        sequence = self._sequence(position)
        now = self._good.filter(F.col(SEQ) == sequence).select(*[F.col(quote(name)) for name in names])
        if before is None or not (self._refusals.held or position.again):
            return now
        stays = before.select(*[F.col(quote(name)) for name in names])
        if not self._refusals.unknown and not position.again:
            there = self._held_at(sequence)
            stays = stays.join(there.select(*map(quote, self._keys)), self._keys, "left_semi")
        return now.unionByName(stays.join(now.select(*map(quote, self._keys)), self._keys, "left_anti"))

    def _held_at(self, sequence: Column) -> DataFrame:
        return self._held.filter(F.col(SEQ).isNull() | (F.col(SEQ) == sequence))

    def _compared_columns(self) -> list[str]:
        """All but the keys, and what only says which snapshot it is."""
        extra = [EXTRA] if EXTRA in self._shape.schema.names else []
        own = {name.lower() for name in (*self._keys, *self._run.job.changes.sequence)}
        names = [field.name for field in event_fields(self._shape.schema)] + extra
        there = set(self._good.columns)
        return [name for name in names if name.lower() not in own and name in there]

    def _sequence(self, position: _Position) -> Column:
        return _literal(position.text, self._good.schema[SEQ].dataType)

    def _compared(
        self, rows: DataFrame, figures: dict[str, Any], missing: int, memory: DataFrame | None
    ) -> Compared:
        if missing:
            self._run.outcome.notes.append(f"{missing} keys are missing from the snapshot: deleted")
        newest = self._positions[-1]
        return Compared(
            rows,
            {**figures, "rejected_rows": self._refusals.refused},
            False,
            apart=_rejected(self._refused),
            memory=memory,
            delivered=self._good.filter(F.col(SEQ) == self._sequence(newest)),
            position=newest.text,
        )


_NOTHING = dict.fromkeys(("remember", "contender", "tied", "folded_rows", "folded_events", "ended"), 0)


def _rejected(refused: DataFrame) -> DataFrame:
    twice = F.array(
        F.struct(
            F.lit("repeated_key").alias("rule"),
            F.array().cast("array<string>").alias("columns"),
            F.lit("its snapshot has several rows with this key").alias("found"),
        ).cast(REASON_TYPE)
    )
    names = [F.col(quote(name)) for name in refused.columns if name not in (REASONS, VERDICT, TWICE)]
    return refused.select(
        *names,
        F.when(F.col(TWICE), twice).otherwise(F.col(REASONS)).alias(REASONS),
        F.lit("rejected").alias(VERDICT),
        F.lit("rejected").alias(OUTCOME),
    )


def _positions(run: JobRun, shape: Shape, rows: DataFrame) -> list[_Position]:
    """The snapshots of a delivery, oldest first.

    Raises:
        DeliveryRefused: there are so many that the sequence can't be a snapshot's, or that they would take too long.
    """
    known = recorded(run, shape)
    mark = _literal(known, rows.schema[SEQ].dataType) if known is not None else None
    older, again = (
        (F.col(SEQ) < mark, F.col(SEQ) == mark) if mark is not None else (F.lit(False), F.lit(False))
    )
    valid = F.max(VALID) if VALID in rows.columns else F.lit(None)
    found = (
        rows.filter(F.col(SEQ).isNotNull())
        .groupBy(SEQ)
        .agg(valid.cast("string").alias("valid"))
        .orderBy(SEQ)
        .select(_as_text(F.col(SEQ)).alias("text"), older.alias("older"), again.alias("again"), "valid")
    )
    most = _MOST if run.job.versioned else 10 * _MOST
    listed = found.limit(most + 1).collect()
    if len(listed) > most:
        raise DeliveryRefused(
            f"job {run.job.job}: the rows of this delivery have very many sequences",
            found=f"more than {most} values of {', '.join(run.job.changes.sequence)}",
            expected="one for the rows of one snapshot",
            fix="Name what they share in changes.sequence: a column, or $file. If they are so many snapshots indeed, "
            "take them in windows: `sluice run JOB --replay '*2026-01*'`.",
        )
    return [_Position(row.text, row.older, row.again, row.valid) for row in listed]


def _newer(run: JobRun, shape: Shape, positions: list[_Position]) -> list[_Position]:
    """Those that are not older than the table.

    Raises:
        DeliveryRefused: there is none.
    """
    left = [each for each in positions if not each.older]
    if left:
        return left
    if positions:
        raise DeliveryRefused(
            f"job {run.job.job}: a snapshot is older than the newest that {run.target.name} contains",
            found=positions[-1].text,
            expected=f"{recorded(run, shape)} or later",
            fix="What it says is overtaken: it is set aside, and the next run goes on without it.",
        )
    raise DeliveryRefused(
        f"job {run.job.job}: an empty snapshot would delete every row of {run.target.name}",
        found="no row that says as of when it is",
        fix="Deliver it again; this one is set aside. If the source is empty indeed, empty the table by hand.",
    )


def _literal(text: str, kind: DataType) -> Column:
    schema = StructType([StructField("w", kind)])
    return F.from_json(F.lit(text), schema, exact_json()).getField("w")


def _as_text(sequence: Column) -> Column:
    return F.to_json(F.struct(sequence.alias("w")), exact_json())
