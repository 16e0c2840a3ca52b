"""What a run of a job would do right now, by the run's own steps up to its first write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from framework.config.job import Job
from framework.context import RunContext
from framework.errors import ReadError, SluiceError
from framework.raw import unlanded
from framework.readers.base import Inputs
from framework.run.failures import explained
from framework.run.job import discover, fail, open_log, prepare_session
from framework.run.jobrun import JobRun, open_job
from framework.run.merge_batch import prepare_merge
from framework.run.outcome import InputRange, JobOutcome, JobPlan
from framework.run.shape import Shape, ddl_of, shape_of
from framework.run.source import read_events
from framework.run.validity import with_times
from framework.run.write_batch import count_only, judged_batch
from framework.state.intents import Intent, IntentLog

if TYPE_CHECKING:
    from pyspark.sql.types import StructType


def plan_job(
    ctx: RunContext,
    job: Job,
    config_hash: str,
    *,
    no_data: bool,
    unmade: Mapping[str, str],
) -> tuple[JobPlan, StructType | None]:
    """Plan a job; creates nothing, not even an intent. Its counts are those of a run right after.

    `unmade` says which tables and folders that it reads aren't there yet, and which job makes each: then rows can't be
    counted. Gives back the plan, and what the target's schema would be where that can be known.
    """
    own = ctx.in_new_session()
    prepare_session(own, job)
    plan = JobPlan(job.job, job.write.table, job.write.format or "", False)
    shape = None
    try:
        shape = _plan(open_job(own, job, config_hash), plan, no_data or bool(unmade))
    except Exception as error:
        if unmade and isinstance(error, ReadError):
            plan.notes.append("what it would make can't be told before its sources are there")
        else:
            _fail(ctx, plan, error)
    plan.notes += [f"{source} isn't there yet: job {maker} makes it" for source, maker in unmade.items()]
    return plan, shape.schema if shape is not None else None


def _fail(ctx: RunContext, plan: JobPlan, error: Exception) -> None:
    failed = JobOutcome(plan.job, plan.target, "", "failed")
    fail(failed, explained(error, ctx.lake.root))
    plan.error, plan.exit_code = failed.error, failed.exit_code
    if not isinstance(error, SluiceError):
        ctx.log.debug("planning job %s failed", plan.job, exc_info=error)


def _plan(run: JobRun, plan: JobPlan, no_data: bool) -> Shape | None:
    plan.target, plan.format = run.target.name, run.target.format
    plan.exists = run.fmt.exists(run.target)
    intent = _next_intent(run, plan)
    if intent is None:
        plan.notes.append("nothing new to read")
        return None
    plan.inputs = [
        InputRange(name, each.reader, [dict(item) for item in each.items])
        for name, each in intent.inputs.items()
    ]
    if no_data:
        events = read_events(run.ctx, run.job, intent.inputs, positions=False)
        return _describe(run, plan, shape_of(run, with_times(events, run.job)))
    try:
        if run.job.keyed:
            batch = prepare_merge(run, intent)
            _describe(run, plan, batch.shape)
            plan.counts = batch.counts
            return batch.shape
        shape = _describe(run, plan, judged_batch(run, intent, positions=False).shape)
        plan.counts = count_only(run, intent)
        return shape
    finally:
        plan.rules, plan.reject_reasons = run.outcome.rules, run.outcome.reject_reasons


def _next_intent(run: JobRun, plan: JobPlan) -> Intent | None:
    log = open_log(run)
    mark = run.fmt.last_mark(run.target, run.job.job) if plan.exists else None
    pending = log.pending(mark)
    if pending:
        plan.notes.append(f"batch {pending[0].n} is unfinished and would be done again first")
        return pending[0]
    inputs = _with_unlanded(run, plan, _discovered(run, log))
    return Intent(run.job.job, log.epoch, 0, inputs) if inputs is not None else None


def _discovered(run: JobRun, log: IntentLog) -> Mapping[str, Inputs] | None:
    try:
        return discover(run, log, None)
    except ReadError:
        if run.job.land is None:
            raise
        # the folder is made when the first files land, which a plan doesn't do
        return None


def _with_unlanded(
    run: JobRun, plan: JobPlan, inputs: Mapping[str, Inputs] | None
) -> Mapping[str, Inputs] | None:
    """What a run would land first is read where it lies now."""
    land = run.job.land
    if land is None:
        return inputs
    if land.source.format == "jdbc" or len(run.job.sources) > 1:
        plan.notes.append(f"what a run would land in {land.to} first is not counted here")
        return inputs
    waiting = unlanded(run.ctx, run.job)
    if not waiting:
        return inputs
    count = "1 file" if len(waiting) == 1 else f"{len(waiting)} files"
    plan.notes.append(f"{count} would be landed in {land.to} first")
    ((name, source),) = run.job.sources.items()
    there = inputs[name].items if inputs is not None else ()
    kind = inputs[name].reader if inputs is not None else source.format
    return {name: Inputs(kind, (*there, *waiting))}


def _describe(run: JobRun, plan: JobPlan, shape: Shape) -> Shape:
    plan.ddl = ddl_of(run, shape)
    plan.drift = list(shape.drift)
    return shape
