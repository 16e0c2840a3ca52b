"""Where the snapshots of a delivery stand: among themselves, and against what the table contains.

The position of the newest snapshot that a table contains is a property of what it remembers beside it, written before
the rows. It names the batch that wrote it, and the position from before: that batch, done again, is not older than
itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import SEQ, VALID, VERDICT
from framework.changes.sequence import as_json, of_json
from framework.changes.snapshot import TWICE
from framework.errors import DeliveryRefused
from framework.run.compared import contents
from framework.run.jobrun import JobRun
from framework.run.shape import Shape

POSITION = "sluice.snapshot"
"""Property of a table's memory: the newest snapshot that the table contains (JSON)."""
_MOST = 100
"""So many snapshots in one delivery make versions one after another; ten times as many are looked at for the newest."""


@dataclass(frozen=True)
class Position:
    """One snapshot of a delivery."""

    text: str
    """Its sequence as JSON."""
    again: bool
    """Whether the table contains it: a repetition, or another part of it. Nothing is missing from it then."""
    rows: int
    """Its good rows."""
    valid: str | None
    """From when on what it changes is valid (scd2)."""


@dataclass(frozen=True)
class Positions:
    """The snapshots of a delivery that are not older than the table, oldest first; there is at least one."""

    newer: list[Position]
    older_rows: int
    """Good rows of those that are older: overtaken."""
    batch: str
    before: str | None
    """The position of the table before this batch, as JSON."""

    def recorded_as(self, newest: Position) -> str:
        """What to record before a batch writes that brings the table to a position."""
        told = {"position": newest.text, "valid": newest.valid, "batch": self.batch, "before": self.before}
        return json.dumps(told)


def positions_of(run: JobRun, shape: Shape, rows: DataFrame) -> Positions:
    """The snapshots that judged rows belong to.

    Raises:
        DeliveryRefused: there is none; all are older than what the table contains; or they are very many.
    """
    batch = f"{run.outcome.epoch}/{run.outcome.batch}"
    before = _recorded(run, shape, batch)
    found = _listed(run, rows, before)
    newer = [Position(row.text, row.again, row.rows, row.valid) for row in found if not row.older]
    if newer:
        return Positions(newer, sum(row.rows for row in found if row.older), batch, before)
    if found:
        raise DeliveryRefused(
            f"job {run.job.job}: a snapshot is older than the newest that {run.target.name} contains",
            found=found[-1].text,
            expected=f"{before} or later",
            fix="What it says is overtaken: it is set aside, and the next run goes on without it.",
        )
    raise DeliveryRefused(
        f"job {run.job.job}: an empty snapshot would delete every row of {run.target.name}",
        found="no row that says as of when it is",
        fix="Deliver it again; this one is set aside. If the source is empty indeed, empty the table by hand.",
    )


def only_position(run: JobRun, shape: Shape, rows: DataFrame, text: str, count: int) -> Positions | None:
    """The place of a delivery whose `count` rows are one snapshot; None if it isn't newer than the table's newest."""
    batch = f"{run.outcome.epoch}/{run.outcome.batch}"
    before = _recorded(run, shape, batch)
    if before is not None:
        kind = rows.schema[SEQ].dataType
        newer = of_json(text, kind) > of_json(before, kind)
        if not run.ctx.spark.range(1).select(newer.alias("newer")).collect()[0].newer:
            return None
    return Positions([Position(text, again=False, rows=count, valid=None)], 0, batch, before)


def _recorded(run: JobRun, shape: Shape, batch: str) -> str | None:
    if contents(run, shape) is None or not run.fmt.exists(run.tombstones):
        return None
    told = run.fmt.properties(run.tombstones).get(POSITION)
    if told is None:
        return None
    found = json.loads(told)
    text = found["before"] if found["batch"] == batch else found["position"]
    return None if text is None else str(text)


def _listed(run: JobRun, rows: DataFrame, before: str | None) -> list:  # type: ignore[type-arg]
    valid = F.max(VALID) if VALID in rows.columns else F.lit(None)
    older, again = _against(before, rows)
    good = (F.col(VERDICT) == "good") & ~F.col(TWICE)
    most = _MOST if run.job.versioned or run.job.keeps_deleted else 10 * _MOST
    found = (
        rows.filter(F.col(SEQ).isNotNull())
        .groupBy(SEQ)
        .agg(F.count_if(good).alias("rows"), valid.cast("string").alias("valid"))
        .orderBy(SEQ)
        .limit(most + 1)
        .select(
            as_json(F.col(SEQ)).alias("text"), older.alias("older"), again.alias("again"), "rows", "valid"
        )
        .collect()
    )
    if len(found) > most:
        raise DeliveryRefused(
            f"job {run.job.job}: the rows of this delivery have very many sequences",
            found=f"more than {most} values of {', '.join(run.job.changes.sequence)}",
            expected="one for the rows of one snapshot",
            fix="Name what they share in changes.sequence: a column, or $file. If they are so many snapshots indeed, "
            "take them in windows: `sluice run JOB --replay '*2026-01*'`.",
        )
    return found


def _against(before: str | None, rows: DataFrame) -> tuple[Column, Column]:
    """Whether a sequence is older than the table, and whether it is the table's."""
    if before is None:
        return F.lit(False), F.lit(False)
    mark = of_json(before, rows.schema[SEQ].dataType)
    return F.col(SEQ) < mark, F.col(SEQ) == mark
