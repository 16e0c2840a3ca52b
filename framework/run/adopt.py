"""Taking over a table that something else made, so that a job may merge into it."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from framework.changes.columns import DELETED_AT, SEQ
from framework.config import Project
from framework.errors import ConfigError, ReadError, TableError
from framework.run.api import job_hash, open_context
from framework.run.conform import data_fields
from framework.run.contract import MADE_BY, check_contract, contract_of
from framework.run.hand_over import begun_by_stream, hand_over, is_fed_by_snapshots
from framework.run.job import discover, open_log, prepare_session
from framework.run.jobrun import JobRun, open_job
from framework.run.shape import check_keys, merge_fields
from framework.run.source import read_events
from framework.run.validity import with_times
from framework.sql import quote
from framework.state.intents import Intent
from framework.tables import plan_evolution
from framework.tables.base import ColumnChange

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def adopt_table(project: Project, name: str, *, spark: SparkSession) -> list[str]:
    """Make a job's target one of ours: the columns that a merge needs, and the contract in its properties.

    Its rows stay as they are; without a sequence they are older than every change. A table of ours that snapshots fed
    is handed over to the job's changes (`framework.run.hand_over`). Gives back what was done; nothing if the table was
    adopted before.

    Raises:
        TableError: it isn't there, or its rows can't be told apart by the job's keys.
        ContractError: another job made it, or its keys are spelled otherwise.
        ConfigError: the job keeps versions, or nothing is there to read that tells the sequence's type.
        SchemaDriftError: what arrives contradicts its columns.
    """
    ctx = open_context(project, spark).in_new_session()
    job = project.job(name)
    prepare_session(ctx, job)
    run = open_job(ctx, job, job_hash(project, name))
    if run.fmt.exists(run.target) and is_fed_by_snapshots(run):
        begun = begun_by_stream(run)
        return hand_over(run, _incoming(run, begun[-1] if begun else None).schema[SEQ].dataType)
    ours = run.fmt.exists(run.target) and MADE_BY in run.fmt.properties(run.target)
    if not ours and (job.versioned or (job.keyed and job.mode != "merge")):
        raise ConfigError(
            f"job {job.job}: a table can be adopted that has one row per key, or that rows are appended to",
            found=f"history {job.changes.history}",
            fix="Write to a new table, and load the old one's rows into it first.",
        )
    if not run.fmt.exists(run.target):
        raise TableError(f"there is no table {run.target.name}", fix=f"`sluice run {job.job}` makes it.")
    # a run that was refused has begun a batch already
    events = with_times(_incoming(run, open_log(run).last), job)
    incoming = events.schema
    sequence = incoming[SEQ].dataType if job.keyed else None
    contract = contract_of(job, sequence.simpleString() if sequence else None)
    recorded = run.fmt.properties(run.target)
    if MADE_BY in recorded:
        check_contract(job, run.target.name, recorded, sequence.simpleString() if sequence else None)
        return []
    now = run.fmt.schema(run.target)
    plan_evolution(now, StructType(data_fields(incoming)), job.write.evolution, tuple(job.changes.keys))
    changes = []
    if sequence is not None:
        _check_keys(run)
        fields = merge_fields(run, events)
        _check_marks(run, fields, now)
        changes = [
            ColumnChange("add", field.name, field.dataType, field.metadata["comment"])
            for field in fields
            if field.name not in now.names
        ]
    done = run.fmt.evolve_ddl(run.target, changes)
    run.fmt.evolve(run.target, changes)
    # last: a stop before it leaves a table that isn't ours yet
    run.fmt.set_properties(run.target, contract)
    return [*done, *[f"{key} = {value}" for key, value in contract.items()]]


def _check_marks(run: JobRun, fields: list[StructField], now: StructType) -> None:
    """A column `deleted_at` that is there already must be what the job would add."""
    wanted = {field.name: field.dataType for field in fields}.get(DELETED_AT)
    if wanted is not None and DELETED_AT in now.names and now[DELETED_AT].dataType != wanted:
        raise TableError(
            f"table {run.target.name} has a column {DELETED_AT} of another type than job {run.job.job} would add",
            found=now[DELETED_AT].dataType.simpleString(),
            expected=wanted.simpleString(),
            fix="Rename that column, or remove changes.delete.",
        )


def _incoming(run: JobRun, begun: Intent | None) -> DataFrame:
    """What the job would read now: the batch that it has begun, or else what is new."""
    try:
        inputs = begun.inputs if begun is not None else discover(run, open_log(run), None)
    except ReadError:
        inputs = None
    if inputs is None:
        raise ConfigError(
            f"job {run.job.job} has nothing to read yet, so nothing tells what its changes look like",
            fix="Adopt the table when its first file is there.",
        )
    return read_events(run.ctx, run.job, inputs, positions=False)


def _check_keys(run: JobRun) -> None:
    keys = run.job.changes.keys
    schema = run.fmt.schema(run.target)
    check_keys(run, schema)
    missing = [key for key in keys if key not in schema.names]
    if missing:
        raise TableError(
            f"table {run.target.name} lacks key columns of job {run.job.job}", found=", ".join(missing)
        )
    rows = run.fmt.read(run.target)
    lacking = reduce(or_, [F.col(quote(key)).isNull() for key in keys])
    nulls = rows.filter(lacking).limit(1).count()
    twice = rows.groupBy(*[F.col(quote(key)) for key in keys]).count().filter("count > 1").limit(1).count()
    if nulls or twice:
        raise TableError(
            f"the rows of {run.target.name} can't be told apart by {', '.join(keys)}",
            found="rows without a key" if nulls else "keys that several rows have",
            fix="Mend the table, or correct changes.keys.",
        )
