"""What every comparison of a batch with its table starts from, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import MapType

from framework.changes import stamp
from framework.changes.columns import ABSENT, OUTCOME, RANK, STATE, VERDICT
from framework.changes.rank import fingerprint, rank
from framework.changes.sequence import names_position
from framework.run.batch_keys import BatchKeys
from framework.run.conform import data_fields, with_missing
from framework.run.contract import DEPARTURES
from framework.run.horizon import Horizon
from framework.run.jobrun import JobRun
from framework.run.retention import newest_time
from framework.run.shape import Shape
from framework.run.source import envelope_of


@dataclass(frozen=True)
class Compared:
    """Rows with outcomes, materialised; what they amount to; whether they say where each column comes from."""

    rows: DataFrame
    figures: dict[str, Any]
    by_column: bool
    departures: DataFrame | None = None
    """Tombstones of changed keys, with what these had as of the change, where other keys may need that."""

    apart: DataFrame | None = None
    """The rejected events, where they aren't among the rows."""
    memory: DataFrame | None = None
    """What has to be remembered beside the table, where the rows' outcomes don't say it."""

    keys: BatchKeys | None = None
    """The keys that the rows have, where knowing them may spare reading or shuffling the whole table."""
    horizon: Horizon | None = None
    """How far the tables had come when they were asked; None if nobody asked."""
    delivered: DataFrame | None = None
    """The good rows of the newest snapshot, where a batch is one: what rules about the batch are about."""
    position: str | None = None
    """What to record of the snapshot that the table contains afterwards (JSON), where a batch is one."""

    @property
    def rejected(self) -> DataFrame:
        """The events that go to quarantine."""
        return self.apart if self.apart is not None else self.rows.filter(F.col(OUTCOME) == "rejected")

    @property
    def newest(self) -> datetime | None:
        """The newest commit time of the batch's events, if they have any."""
        return newest_time(self.figures)


def contents(run: JobRun, shape: Shape) -> DataFrame | None:
    """The target as it is; None while nothing was written to it. Columns that are about to be added are NULL."""
    if not shape.exists or run.fmt.version(run.target) is None:
        return None
    return with_missing(_with_paths(run.fmt.read(run.target)), shape.schema.fields)


def _with_paths(rows: DataFrame) -> DataFrame:
    """Rows whose state has paths, also while the table has no place for an origin yet."""
    kind = rows.schema[STATE].dataType if STATE in rows.columns else None
    if not isinstance(kind, MapType) or not stamp.lacks_origin(kind.valueType):
        return rows
    return rows.withColumn(STATE, F.transform_values(STATE, lambda _, its: stamp.alone(its)))


def remembered_beside(run: JobRun) -> DataFrame | None:
    """What the table beside the target remembers; None if there is none, or none is needed."""
    if run.job.changes.ordered or not run.fmt.exists(run.tombstones):
        return None
    return run.fmt.read(run.tombstones)


def records_departures(run: JobRun, tombstones: DataFrame | None) -> bool:
    """Whether the table of tombstones, if there is one, may say what keys had as they changed."""
    return tombstones is not None and DEPARTURES in run.fmt.properties(run.tombstones)


def is_positioned(run: JobRun) -> bool:
    """True if a sequence names one event, so that equal sequences mean the same event."""
    if len(run.job.sources) > 1:
        return False  # files of two sources may have one name
    source = next(iter(run.job.sources.values()))
    return envelope_of(run.job, source) == "dms" or names_position(run.job.changes.sequence)


def kept(judged: DataFrame) -> DataFrame:
    """The events that are not settled by their verdict alone."""
    return judged.filter(F.col(VERDICT).isin("good", "rejected"))


def told_apart(events: DataFrame, positioned: bool) -> DataFrame:
    """Events with what is cheap and tells whether two of them at one sequence differ, instead of their rank."""
    value = F.lit(0).cast("bigint") if positioned else fingerprint(data_fields(events.schema))
    return events.withColumn(RANK, value)


def ranked(events: DataFrame, positioned: bool) -> DataFrame:
    """Events with what settles two of them at one sequence."""
    absent = F.col(ABSENT) if ABSENT in events.columns else None
    value = F.lit(0).cast("bigint") if positioned else rank(data_fields(events.schema), absent=absent)
    return events.withColumn(RANK, value)
