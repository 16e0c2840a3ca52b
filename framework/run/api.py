"""The two things one does with jobs: run them and plan them."""

from __future__ import annotations

import hashlib
import importlib.util
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from framework import __version__
from framework.config import Project
from framework.config.graph import edges
from framework.config.job import Job
from framework.context import Listener, RunContext, SilentListener, utc_now
from framework.errors import ConfigError
from framework.interruption import RunInterrupted, interrupt_code
from framework.run.books import Books
from framework.run.forecast import plan_jobs
from framework.run.job import interrupt, run_job
from framework.run.outcome import INTERRUPTED_JOB, JobOutcome, JobPlan, RunOutcome
from framework.run.pipeline import PipelineInterrupted, run_pipeline
from framework.run.replay import Replay
from framework.run.spark_jobs import SparkJobs
from framework.sql import quote
from framework.state import storage_for
from framework.state.intents import Repair
from framework.state.ledger import runs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


_JVM_GONE = ("Py4JNetworkError", "Py4JError", "ConnectionRefusedError", "ConnectionResetError")


def run_project(
    project: Project,
    names: Sequence[str],
    *,
    spark: SparkSession,
    listener: Listener | None = None,
    run_id: str | None = None,
    parallel: int | None = None,
    resume: bool = False,
    replay: str | None = None,
    repair: Repair | None = None,
    runtime: str = "local",
) -> RunOutcome:
    """Run jobs of a project (all enabled ones if `names` is empty), each after those whose tables it reads.

    `resume` runs only what failed or was skipped in the last run. `replay` reads files that match the pattern again.
    `repair` brings rejected rows of the jobs in again, and reads nothing new.
    Failures are in the outcome, not raised.

    Raises:
        ConfigError: a name is no job of the project.
        RunInterrupted: Ctrl-C, or SIGTERM where `signals_raise` is in force: Spark's jobs were cancelled, and the
            ledger has what was done.
    """
    ctx = _context(project, spark, listener, run_id)
    chosen = _chosen(project, names)
    if resume:
        chosen = _unfinished(ctx, project, chosen)
    begun, started = time.perf_counter(), ctx.clock()
    window = Replay(replay) if replay is not None else None
    if len(chosen) > 1:
        _open_catalog(ctx)
    arrows = [(a, b) for a, b in edges(project) if a in chosen and b in chosen]
    run = RunOutcome(
        run_id=ctx.run_id,
        environment=project.environment,
        started=started,
        seconds=0.0,
        runtime=runtime,
        spark_version=spark.version,
        version=__version__,
        edges=arrows,
    )
    books, jobs = Books(ctx, run), SparkJobs(ctx)

    def work(name: str) -> JobOutcome:
        jobs.are_mine()
        return books.job_ended(run_job(ctx, project.jobs[name], job_hash(project, name), window, repair))

    def skip(name: str, because: str) -> JobOutcome:
        return books.job_ended(_skipped(project.jobs[name], f"{because} failed or was skipped"))

    code = None
    try:
        run.jobs = run_pipeline(chosen, arrows, work, skip, parallel or project.lake.parallel, jobs.cancel)
    except PipelineInterrupted as stopped:
        code = interrupt_code(stopped.__cause__)
        run.finished = False
        run.jobs = _as_left(project, chosen, stopped, code)
    run.seconds = round(time.perf_counter() - begun, 3)
    books.run_ended()
    if code is not None:
        raise RunInterrupted(run, code)
    books.fold()
    return run


def plan_project(
    project: Project,
    names: Sequence[str],
    *,
    spark: SparkSession,
    no_data: bool = False,
    listener: Listener | None = None,
) -> list[JobPlan]:
    """What a run of the jobs would do; writes nothing."""
    ctx = _context(project, spark, listener, None)
    chosen = _chosen(project, names)
    return plan_jobs(ctx, project, chosen, lambda name: job_hash(project, name), no_data=no_data)


def job_hash(project: Project, name: str) -> str:
    """A hash of the job's configuration and of its transform's source."""
    job = project.jobs[name]
    digest = hashlib.sha256(project.config_hash(name).encode())
    if job.transform is not None and job.transform.python:
        digest.update(_source_of(job.transform.python.partition(":")[0]).encode())
    return digest.hexdigest()[:16]


def _source_of(module: str) -> str:
    """The module's text; '' where there is none to be had."""
    spec = importlib.util.find_spec(module)
    read = getattr(spec.loader, "get_source", None) if spec is not None else None
    return (read(module) or "") if read is not None else ""


def new_run_id() -> str:
    """A name for a run that sorts by time, to the millisecond.

    >>> len(new_run_id())
    22
    """
    now = utc_now()
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond // 1000:03}{uuid.uuid4().hex[:3]}"


def open_context(project: Project, spark: SparkSession) -> RunContext:
    """What a command that runs no job works with."""
    return _context(project, spark, None, None)


def _context(
    project: Project, spark: SparkSession, listener: Listener | None, run_id: str | None
) -> RunContext:
    return RunContext(
        spark=spark,
        lake=project.lake,
        storage=storage_for(project.lake.root, spark),
        run_id=run_id or new_run_id(),
        listener=listener or SilentListener(),
    )


def _open_catalog(ctx: RunContext) -> None:
    """Use a jdbc catalog once before jobs do: two that make its tables at one time get in each other's way."""
    catalog = ctx.lake.catalog
    if catalog.type == "jdbc" and ctx.spark.conf.get(f"spark.sql.catalog.{catalog.name}", None) is not None:
        ctx.spark.sql(f"SHOW NAMESPACES IN {quote(catalog.name)}").collect()


def _chosen(project: Project, names: Sequence[str]) -> list[str]:
    unknown = [name for name in names if name not in project.jobs]
    if unknown:
        raise ConfigError(
            f"there is no job {unknown[0]!r}", expected=f"one of {', '.join(sorted(project.jobs))}"
        )
    return list(names) or [name for name, job in project.jobs.items() if job.enabled]


def _unfinished(ctx: RunContext, project: Project, chosen: Sequence[str]) -> list[str]:
    last = runs(ctx.storage, ctx.lake, 1)
    if last and not last[0].finished:
        # a killed run knows only the jobs that ended before
        ended = {job.job for job in last[0].jobs if job.status not in ("failed", "skipped")}
        return [name for name in chosen if name not in ended]
    left = {job.job for job in last[0].jobs if job.status in ("failed", "skipped")} if last else set()
    return [name for name in chosen if name in left]


def _skipped(job: Job, because: str) -> JobOutcome:
    outcome = JobOutcome(job.job, job.write.table, job.write.table.split(".")[0], "skipped")
    outcome.notes.append(f"not run, because {because}")
    return outcome


def _as_left(
    project: Project, chosen: Sequence[str], stopped: PipelineInterrupted, code: int
) -> list[JobOutcome]:
    """How an interrupted run leaves its jobs: ended, stopped, or never begun."""
    outcomes = []
    for name in chosen:
        outcome = stopped.done.get(name) or _skipped(project.jobs[name], "the run was interrupted")
        if name in stopped.busy:
            outcome.notes.clear()
            interrupt(outcome)
            outcome.error = "interrupted, and still at work when the run was left: the next run finishes it"
        elif outcome.error_class in _JVM_GONE:
            # the signal that ended the run ended the JVM a moment before
            interrupt(outcome)
        if outcome.error_class == INTERRUPTED_JOB:
            outcome.exit_code = code
        outcomes.append(outcome)
    return outcomes
