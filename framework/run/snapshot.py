"""Comparing snapshots with the table: the newest for scd1, each after the one before for scd2.

Only what differs becomes a change. The position of the newest snapshot is kept once, beside the table; rows that stay
as they are aren't touched. Nothing older than it is taken any more, so deletes need no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import (
    BAD,
    DELETED_AT,
    ENDS_AT,
    OP,
    OUTCOME,
    REASONS,
    SEQ,
    VALID,
    VALID_TO,
    VERDICT,
)
from framework.changes.facts import IMPLIED
from framework.changes.sequence import of_json
from framework.changes.snapshot import TWICE, differences, held, with_repeats
from framework.materialized import materialized
from framework.quality.gate import Gate
from framework.run.compare_columns import compare_joined
from framework.run.compared import Compared, contents, is_positioned, ranked
from framework.run.conform import value_fields
from framework.run.history import compare_good
from framework.run.jobrun import JobRun
from framework.run.judge import one_reason, tallies
from framework.run.measure import Measured
from framework.run.positions import Position, Positions, only_position, positions_of
from framework.run.retention import retention_figures
from framework.run.shape import Shape
from framework.run.snapshot_at_once import OUTCOMES, differences_at_once
from framework.run.validity import initial_valid_from, time_of_end
from framework.sql import quote

Joined = Callable[[JobRun, Shape, Gate, DataFrame, Callable[[], dict[str, Any]]], Compared]


def compare_snapshots(run: JobRun, shape: Shape, gate: Gate, judged: DataFrame) -> Compared:
    """What the delivered snapshots change.

    Raises:
        DeliveryRefused: it is empty, all of it is older than what the table contains, or it has too many sequences.
    """
    at_once = _at_once(run, shape, gate, judged)
    if at_once is not None:
        return at_once
    measured = Measured(judged, [*tallies(gate), *retention_figures(judged, None)])
    # rows that a rule drops say that their keys are there
    counted = measured.df.filter(F.col(VERDICT) != "control")
    marked = Measured(with_repeats(counted, run.job.changes.keys), _refusals(run.job.changes.keys))
    rows = materialized(marked.df)
    figures = {**measured.figures(), **marked.figures()}
    delivery = _Delivery(run, shape, gate, rows, figures, positions_of(run, shape, rows))
    if run.job.keeps_deleted:
        return delivery.as_events(compare_joined)
    return delivery.as_events(_versions) if run.job.versioned else delivery.as_rows()


def _at_once(run: JobRun, shape: Shape, gate: Gate, judged: DataFrame) -> Compared | None:
    """What a clean snapshot that is newer than the table changes; None: it isn't, or nothing is known of it yet."""
    table = contents(run, shape)
    if table is None or run.job.versioned or run.job.keeps_deleted:
        return None
    found = differences_at_once(run, gate, judged, table, compared_columns(run, shape, judged))
    positions = only_position(run, shape, judged, found.sequence, found.figures["read"]) if found else None
    if found is None or positions is None:
        return None
    clean = {**found.figures, "held": 0, "rejected_rows": 0, "unknown_keys": 0}
    delivery = _Delivery(run, shape, gate, judged.withColumn(TWICE, F.lit(False)), clean, positions)
    return delivery.of_rows(delivery.placed(found.rows, positions.newer[-1]), found.outcomes)


def compared_columns(run: JobRun, shape: Shape, rows: DataFrame) -> list[str]:
    """All but the keys, and what only says which snapshot it is."""
    sequence = {name.lower() for name in run.job.changes.sequence}
    names = [field.name for field in value_fields(shape.schema, run.job.changes.keys)]
    return [name for name in names if name.lower() not in sequence and name in rows.columns]


def _versions(
    run: JobRun, shape: Shape, gate: Gate, events: DataFrame, counted: Callable[[], dict[str, Any]]
) -> Compared:
    return compare_good(run, shape, gate, events, counted())


def _refusals(keys: list[str]) -> list[Column]:
    """Counts of rows that are not taken, and of those among them whose keys can't be told."""
    refused = (F.col(VERDICT) == "rejected") | F.col(TWICE)
    lacking = reduce(or_, [F.col(quote(key)).isNull() for key in keys])
    return [
        F.count_if((F.col(VERDICT) != "good") | F.col(TWICE)).alias("held"),
        F.count_if(refused).alias("rejected_rows"),
        F.count_if((F.col(VERDICT) != "good") & (F.col(BAD).isNotNull() | lacking)).alias("unknown_keys"),
    ]


class _Delivery:
    """The snapshots of one batch, and the table that they meet."""

    def __init__(
        self,
        run: JobRun,
        shape: Shape,
        gate: Gate,
        rows: DataFrame,
        figures: dict[str, Any],
        positions: Positions,
    ) -> None:
        self._run, self._shape, self._gate = run, shape, gate
        self._figures, self._positions = figures, positions
        self._keys = run.job.changes.keys
        self._good = rows.filter((F.col(VERDICT) == "good") & ~F.col(TWICE)).drop(TWICE)
        self._held = rows.filter((F.col(VERDICT) != "good") | F.col(TWICE))
        if figures["unknown_keys"]:
            run.outcome.notes.append(
                f"{figures['unknown_keys']} rows can't be read or have no key: no key was taken for missing"
            )

    def as_rows(self) -> Compared:
        """scd1: only the newest snapshot counts."""
        newest = self._positions.newer[-1]
        counted = Measured(
            self._changes(contents(self._run, self._shape), newest),
            [F.count_if(F.col(OUTCOME) == name).alias(name) for name in OUTCOMES],
        )
        # rows that stay as they are have been counted, and are of no further use
        changed = materialized(counted.df.filter(F.col(OUTCOME) != "duplicate"))
        return self.of_rows(changed, counted.figures())

    def of_rows(self, changed: DataFrame, found: dict[str, Any]) -> Compared:
        """What differs in the table, and how much of each outcome that is."""
        *overtaken, _ = self._positions.newer
        told = {
            **self._figures,
            **_NOTHING,
            **found,
            "superseded": self._positions.older_rows + sum(each.rows for each in overtaken),
            # no event of the source stands for a key that is missing
            "delete": 0,
            "written": found["insert"] + found["update"] + found["delete"],
        }
        return self._compared(changed, told, found["delete"], None)

    def as_events(self, joined: Joined) -> Compared:
        """scd2, soft deletes: each snapshot is compared with the one before it, for a key's past shows."""
        table = contents(self._run, self._shape)
        past = VALID_TO if self._run.job.versioned else DELETED_AT
        before = table.filter(F.col(past).isNull()) if table is not None else None
        changes, same, missing = [], 0, 0
        for position in self._positions.newer:
            found = self._changes(before, position)
            if before is None and self._run.job.versioned:
                kind = found.schema[VALID].dataType
                found = found.withColumn(VALID, initial_valid_from(found, self._run.job, kind))
            counts = [F.count_if(F.col(OUTCOME) == name).alias(name) for name in ("duplicate", "delete")]
            measured = Measured(found, counts)
            changes.append(materialized(measured.df.filter(F.col(OUTCOME) != "duplicate")))
            same += measured.figures()["duplicate"]
            missing += measured.figures()["delete"]
            before = self._after(before, position)
        events = reduce(lambda left, right: left.unionByName(right), changes)
        gone = F.col(OUTCOME) == "delete"
        if ENDS_AT in events.columns:
            events = events.withColumn(ENDS_AT, F.when(gone, time_of_end(events)))
        events = events.select(
            *[F.col(quote(name)) for name in events.columns if name not in (OP, OUTCOME, VERDICT)],
            F.when(gone, "D").otherwise("U").alias(OP),
            # no event of the source stands for a key that is missing
            F.when(gone, IMPLIED).otherwise("good").alias(VERDICT),
        )
        events = ranked(events, is_positioned(self._run))
        lacking = {field.name for field in value_fields(self._shape.schema, self._keys)} - set(events.columns)
        figures = {**self._figures, "truncates": 0, "parts": len(lacking)}
        compared = joined(self._run, self._shape, self._gate, events, lambda: figures)
        told = {
            **compared.figures,
            "rejected_rows": self._figures["rejected_rows"],
            "duplicate": compared.figures["duplicate"] + same,
            "superseded": compared.figures["superseded"] + self._positions.older_rows,
        }
        applied = self._compared(compared.rows, told, missing, compared.memory)
        return replace(applied, by_column=compared.by_column)

    def _changes(self, before: DataFrame | None, position: Position) -> DataFrame:
        sequence = self._sequence(position)
        delivered = self._good.filter(F.col(SEQ) == sequence)
        found = differences(
            before, delivered, self._keys, compared_columns(self._run, self._shape, self._good)
        )
        if before is None:
            return found
        if self._figures["unknown_keys"] or position.again:
            found = found.filter(F.col(OUTCOME) != "delete")
        elif self._figures["held"]:
            found = held(found, self._held_at(sequence), self._keys)
        return self.placed(found, position)

    def placed(self, found: DataFrame, position: Position) -> DataFrame:
        """Changes with the snapshot's place in the rows of keys that it lacks."""
        at = {SEQ: self._sequence(position)}
        if VALID in found.columns:
            at[VALID] = F.lit(position.valid).cast(found.schema[VALID].dataType)
        return found.select(
            *[F.coalesce(F.col(n), at[n]).alias(n) if n in at else F.col(quote(n)) for n in found.columns]
        )

    def _after(self, before: DataFrame | None, position: Position) -> DataFrame:
        """The table as of this snapshot, as far as the next one is compared with it."""
        names = [*self._keys, *compared_columns(self._run, self._shape, self._good)]
        sequence = self._sequence(position)
        now = self._good.filter(F.col(SEQ) == sequence).select(*[F.col(quote(name)) for name in names])
        if before is None or not (self._figures["held"] or position.again):
            return now
        stays = before.select(*[F.col(quote(name)) for name in names])
        if not self._figures["unknown_keys"] and not position.again:
            there = self._held_at(sequence)
            stays = stays.join(there.select(*map(quote, self._keys)), self._keys, "left_semi")
        return now.unionByName(stays.join(now.select(*map(quote, self._keys)), self._keys, "left_anti"))

    def _held_at(self, sequence: Column) -> DataFrame:
        return self._held.filter(F.col(SEQ).isNull() | (F.col(SEQ) == sequence))

    def _sequence(self, position: Position) -> Column:
        return of_json(position.text, self._good.schema[SEQ].dataType)

    def _compared(
        self, rows: DataFrame, figures: dict[str, Any], missing: int, memory: DataFrame | None
    ) -> Compared:
        if missing:
            self._run.outcome.notes.append(f"{missing} keys are missing from the snapshot: deleted")
        newest = self._positions.newer[-1]
        return Compared(
            rows,
            figures,
            False,
            apart=_rejected(self._held.filter(F.col(VERDICT) != "dropped")),
            memory=memory,
            delivered=self._good.filter(F.col(SEQ) == self._sequence(newest)),
            position=self._positions.recorded_as(newest),
        )


_NOTHING = dict.fromkeys(("remember", "contender", "tied", "folded_rows", "folded_events", "ended"), 0)


def _rejected(refused: DataFrame) -> DataFrame:
    twice = one_reason("repeated_key", "its snapshot has several rows with this key")
    names = [F.col(quote(name)) for name in refused.columns if name not in (REASONS, VERDICT, TWICE)]
    return refused.select(
        *names,
        F.when(F.col(TWICE), twice).otherwise(F.col(REASONS)).alias(REASONS),
        F.lit("rejected").alias(VERDICT),
        F.lit("rejected").alias(OUTCOME),
    )
