"""Why a row is as it is: the events of one key, read again from every batch, each with what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from framework.changes.columns import ABSENT, MOVED_FROM, OP, REASONS, SEQ, SRC, VALID, VERDICT
from framework.changes.facts import ENDS, FRESH, STAMP, facts_of
from framework.changes.telling import Told, tell_row, tell_versions
from framework.config import Project
from framework.config.places import identity
from framework.errors import ConfigError, TableError
from framework.materialized import materialized
from framework.readers.base import Inputs
from framework.run.api import job_hash, open_context
from framework.run.compared import is_positioned, ranked
from framework.run.conform import event_fields
from framework.run.job import open_log, prepare_session
from framework.run.jobrun import JobRun, open_job
from framework.run.judged import judged_events
from framework.run.shape import Shape
from framework.run.source import read_events
from framework.sql import literal, quote

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MOST = 2000
_PLACE, _ID = "_sluice_place", "_sluice_id"


@dataclass(frozen=True)
class ExplainedEvent:
    """An event of the key: where it stands in its order, where it came from, what became of it."""

    place: int | None
    """Its place in the order of the key's events, from 1; None if it was rejected."""
    batch: int | None
    operation: str | None
    sequence: str | None
    source: str | None
    position: int | None
    values: Mapping[str, Any]
    fate: str
    why: str


@dataclass(frozen=True)
class Explanation:
    """The events of a key in their order, rejected ones last, and the rows of the table that are the key's."""

    table: str
    key: Mapping[str, str]
    events: Sequence[ExplainedEvent]
    rows: Sequence[Mapping[str, Any]]


def explain_key(project: Project, name: str, key: Mapping[str, str], *, spark: SparkSession) -> Explanation:
    """What became of every event of a key, by the rules alone: events of a key have one meaning, in whatever batches
    they came.

    Raises:
        ConfigError: the job doesn't merge changes by key, or the key isn't given as the job has it.
        TableError: there is no table yet.
    """
    job = project.job(name)
    ctx = open_context(project, spark)
    ctx = ctx.in_new_session()
    prepare_session(ctx, job)
    run = open_job(ctx, job, job_hash(project, name))
    _check(run, key)
    log = open_log(run)
    batches = log.batches()
    inputs = {source: Inputs(log.reader(source), tuple(log.files(source))) for source in job.sources}
    if not any(inputs.values()):
        raise ConfigError(
            f"no batch of job {name} has read files, which alone can be read again",
            fix="`sluice show TABLE --as-of VERSION` shows earlier versions of the table.",
        )
    its = _Key(run, key)
    shape, _, judged = judged_events(run, read_events(run.ctx, job, inputs, positions=True))
    mine = ranked(judged.filter(_wanted(judged, its)), is_positioned(run))
    numbered = materialized(mine.withColumn(_ID, F.monotonically_increasing_id()))
    told = _placed(run, shape, numbered, its)
    rejected = [_rejected(row, batches, shape) for row in numbered.filter(F.col(VERDICT) != "good").collect()]
    rows = run.fmt.read(run.target).filter(its.same())
    order = "valid_from" if job.versioned else job.changes.keys[0]
    shown = [row.asDict(recursive=True) for row in rows.orderBy(order).limit(_MOST).collect()]
    return Explanation(run.target.name, key, [*_worded(run, shape, told, batches), *rejected], shown)


def _check(run: JobRun, key: Mapping[str, str]) -> None:
    job = run.job
    if job.mode != "merge" or job.changes.snapshot:
        raise ConfigError(
            f"job {job.job} doesn't merge changes by key, so there is nothing to explain",
            found="snapshots" if job.changes.snapshot else f"mode {job.mode}",
            fix="`sluice show TABLE --as-of VERSION` shows earlier versions of the table.",
        )
    given, own = {name.lower() for name in key}, {name.lower() for name in job.changes.keys}
    if given != own:
        raise ConfigError(
            f"job {job.job}: a row is known by its whole key",
            found=", ".join(key) or "nothing",
            expected=", ".join(f"{name}=..." for name in job.changes.keys),
        )
    if not run.fmt.exists(run.target):
        raise TableError(f"there is no table {run.target.name} yet", fix=f"`sluice run {job.job}` makes it.")


class _Key:
    """The key that is asked for, in the types of the table."""

    def __init__(self, run: JobRun, key: Mapping[str, str]) -> None:
        given = {name.lower(): value for name, value in key.items()}
        schema = run.fmt.schema(run.target)
        self._kinds = {name: schema[name].dataType for name in run.job.changes.keys}
        # Column.try_cast came with Spark 4; the expression is there in both
        self.values = {
            name: F.expr(f"try_cast({literal(given[name.lower()])} AS {kind.simpleString()})")
            for name, kind in self._kinds.items()
        }

    def same(self, of: Column | None = None) -> Column:
        """Whether a row's key, or that in the struct `of`, is it."""
        found = {
            name: F.col(quote(name)) if of is None else of.getField(name).cast(kind)
            for name, kind in self._kinds.items()
        }
        return reduce(and_, [found[name] == value for name, value in self.values.items()])


def _wanted(events: DataFrame, its: _Key) -> Column:
    """Events that concern the key: its own, key changes away from it, truncates."""
    concerns = [its.same(), F.col(OP) == "T"]
    if MOVED_FROM in events.columns:
        concerns.append(its.same(F.col(MOVED_FROM)))
    return reduce(or_, [F.coalesce(each, F.lit(False)) for each in concerns])


def _placed(run: JobRun, shape: Shape, numbered: DataFrame, its: _Key) -> list[Any]:
    """The key's facts in their order, with the events that they come from.

    Raises:
        ConfigError: there are too many to read.
    """
    keys = run.job.changes.keys
    columns = [field for field in event_fields(shape.schema) if field.name not in keys]
    good = numbered.filter(F.col(VERDICT) == "good")
    if VALID not in good.columns:
        good = good.withColumn(VALID, F.lit(0))
    # a truncate is an end of this key, as of any other
    truncate = F.col(OP) == "T"
    instead = {**its.values, OP: F.lit("D")}
    own = good.select(
        *[
            F.when(truncate, instead[name]).otherwise(F.col(quote(name))).alias(name)
            if name in instead
            else F.col(quote(name))
            for name in good.columns
        ]
    )
    facts = facts_of(own, keys, columns, run.job.changes.on_tie, beside=[_ID])
    mine = facts.filter(its.same())
    order = Window.orderBy(STAMP)
    placed = mine.withColumn(_PLACE, F.dense_rank().over(order)).join(
        numbered.select(_ID, F.col(OP).alias("operation"), F.col(SRC)), _ID
    )
    found = placed.orderBy(_PLACE, F.col(SRC).getField("name"), F.col(SRC).getField("position")).limit(
        _MOST + 1
    )
    rows = found.collect()
    if len(rows) > _MOST:
        raise ConfigError(
            f"more than {_MOST} events name the key", fix="Read them with Spark: they are too many to tell."
        )
    return rows


def _worded(
    run: JobRun, shape: Shape, rows: Sequence[Any], batches: Mapping[str, int]
) -> list[ExplainedEvent]:
    keys = run.job.changes.keys
    names = [field.name for field in event_fields(shape.schema) if field.name not in keys]
    told = []
    for row in rows:
        absent = set(row[ABSENT] or ())
        carried = {} if row[ENDS] else {name: row[name] for name in names if name not in absent}
        told.append(Told(row[_PLACE], "D" if row[ENDS] else "M" if row[FRESH] else "U", carried, row[VALID]))
    if run.job.versioned:
        tell_versions(told, run.job.changes.tracked or names)
    else:
        tell_row(told, kept=run.job.keeps_deleted)
    return [
        ExplainedEvent(
            each.place,
            _batch_of(row[SRC], batches),
            row.operation,
            _text(row[SEQ]),
            row[SRC].name if row[SRC] else None,
            row[SRC].position if row[SRC] else None,
            each.values,
            each.fate,
            each.why,
        )
        for each, row in zip(told, rows, strict=True)
    ]


def _rejected(row: Any, batches: Mapping[str, int], shape: Shape) -> ExplainedEvent:
    reasons = "; ".join(
        f"{each.rule}: {each.found}" if each.found else each.rule for each in row[REASONS] or ()
    )
    values = {field.name: row[field.name] for field in event_fields(shape.schema) if field.name in row}
    fate = {"control": "control", "dropped": "dropped"}.get(row[VERDICT], "rejected")
    source = row[SRC]
    return ExplainedEvent(
        None,
        _batch_of(source, batches),
        row[OP],
        _text(row[SEQ]),
        source.name if source else None,
        source.position if source else None,
        values,
        fate,
        reasons,
    )


def _batch_of(source: Any, batches: Mapping[str, int]) -> int | None:
    return batches.get(identity(source.name)) if source is not None and source.name else None


def _text(sequence: Any) -> str | None:
    if sequence is None:
        return None
    parts = sequence if isinstance(sequence, tuple) else (sequence,)
    return ", ".join(str(part) for part in parts)
