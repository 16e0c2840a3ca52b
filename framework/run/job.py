"""Running one job: land, finish what was begun, then read what is new."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping

from framework.config.job import Job
from framework.context import RunContext
from framework.errors import AccountingError, DeliveryRefused, SluiceError, StateError
from framework.interruption import INTERRUPTED
from framework.raw import land
from framework.readers import find_reader
from framework.readers.base import Inputs
from framework.run.failures import explained
from framework.run.input_rows import rows_read
from framework.run.jobrun import JobRun, open_job
from framework.run.merge_batch import prepare_merge, write_merge
from framework.run.outcome import INTERRUPTED_JOB, InputRange, JobOutcome
from framework.run.repair import check_repair, claim, inputs_of, release, settle
from framework.run.replay import Replay
from framework.run.tuning import tuned
from framework.run.write_batch import write_batch
from framework.state.intents import Intent, IntentLog, Repair
from framework.tables import retry_on_conflict


def run_job(
    ctx: RunContext,
    job: Job,
    config_hash: str,
    replay: Replay | None = None,
    repair: Repair | None = None,
) -> JobOutcome:
    """Run a job in a session of its own; failures are told in the outcome, not raised.

    `replay` reads files again, `repair` brings rejected rows in again instead of reading what is new.
    """
    begun = time.perf_counter()
    own = ctx.in_new_session()
    prepare_session(own, job)
    outcome = JobOutcome(
        job.job, job.write.table, job.write.table.split(".")[0], "failed", config_hash=config_hash
    )
    try:
        run = open_job(own, job, config_hash)
        outcome = run.outcome
        outcome.started = ctx.clock()
        _run(run, replay, repair)
    except Exception as error:
        if ctx.stop.is_set():
            interrupt(outcome)
        else:
            fail(outcome, explained(error, ctx.lake.root))
        ctx.log.debug("job %s failed", job.job, exc_info=error)
    outcome.seconds = round(time.perf_counter() - begun, 3)
    return outcome


def prepare_session(ctx: RunContext, job: Job) -> None:
    """Settings of a job's own session: what the framework relies on, then what the job asks for."""
    # a plan that turns out to be empty would be cut off together with the counts taken below it
    ctx.spark.conf.set(
        "spark.sql.adaptive.optimizer.excludedRules",
        "org.apache.spark.sql.execution.adaptive.AQEPropagateEmptyRelation",
    )
    # dates before 1582 are written as they are, which is what Spark 4 does by itself
    ctx.spark.conf.set("spark.sql.parquet.datetimeRebaseModeInWrite", "CORRECTED")
    ctx.spark.conf.set("spark.sql.parquet.int96RebaseModeInWrite", "CORRECTED")
    if job.keyed and job.transform is None:
        # what the optimizer infers from columns that stand for whole state machines takes it minutes, and helps nobody
        ctx.spark.conf.set("spark.sql.constraintPropagation.enabled", "false")
    for key, value in job.spark.items():
        ctx.spark.conf.set(key, value)


def fail(outcome: JobOutcome, error: BaseException) -> None:
    """Write an error into an outcome."""
    outcome.status = "failed"
    outcome.error_class = type(error).__name__
    outcome.error = str(error) if isinstance(error, SluiceError) else _first_lines(error)
    outcome.exit_code = error.exit_code if isinstance(error, SluiceError) else 1


def interrupt(outcome: JobOutcome) -> None:
    """Write into an outcome that its job was stopped from outside, and what the next run makes of that.

    >>> stopped = JobOutcome("crm.leads", "standardized.crm.leads", "standardized", "failed", batch=3)
    >>> interrupt(stopped)
    >>> stopped.error
    'interrupted in batch 3: the next run finishes it, with the same inputs'
    """
    outcome.status, outcome.error_class, outcome.exit_code = "failed", INTERRUPTED_JOB, INTERRUPTED
    if outcome.batch is None:
        outcome.error = "interrupted before its batch was begun: the next run begins it"
    else:
        outcome.error = (
            f"interrupted in batch {outcome.batch}: the next run finishes it, with the same inputs"
        )


def _run(run: JobRun, replay: Replay | None, repair: Repair | None) -> None:
    try:
        if repair is not None:
            check_repair(run, repair)
        elif run.job.land is not None:
            with run.watch.stage("land"):
                run.outcome.landed = len(land(run.ctx, run.job))
        log = open_log(run)
        for intent in log.pending(_committed(run)):
            run.outcome.notes.append(f"batch {intent.n} was found unfinished and done again from its intent")
            _run_batch(run, log, intent)
        with run.watch.stage("discover"):
            inputs = discover(run, log, replay) if repair is None else inputs_of(run, log, repair)
        if inputs is not None:
            _run_batch(run, log, log.add(inputs, run.config_hash, repair))
    finally:
        run.outcome.stages = run.watch.stages


def open_log(run: JobRun) -> IntentLog:
    """The job's intents, in a new epoch if the target is gone.

    Raises:
        StateError: the intents are gone, and reading everything again would append it twice.
    """
    log = IntentLog(run.ctx.storage, run.ctx.lake.root, run.job.job)
    mark = _committed(run)
    if mark is None and log.last is not None and not run.fmt.exists(run.target) and log.begun:
        log.start_epoch()
    elif mark is not None and log.last is None:
        if run.job.mode == "append" and not run.job.changes.keys:
            raise StateError(
                f"the bookmarks of job {run.job.job} are gone, but {run.target.name} contains its batch {mark.n}",
                expected=f"intents below {run.ctx.lake.root}/_sluice/{run.job.job}",
                fix="Restore that folder; without it every source would be appended again.",
            )
        log.start_epoch(after=mark.epoch)
    return log


def discover(run: JobRun, log: IntentLog, replay: Replay | None) -> Mapping[str, Inputs] | None:
    """What a new batch would read of every source; None if nothing is new."""
    found = {
        name: find_reader(source.format).discover(run.ctx, source, replay or log.seen(name))
        for name, source in run.job.sources.items()
    }
    if replay is not None:
        found = {name: replay.within(inputs) for name, inputs in found.items()}
    if run.job.transform is None or (len(found) == 1 and not _reads_tables(run)):
        return found if any(found.values()) else None
    return _whole(run, log, found)


def _whole(run: JobRun, log: IntentLog, found: Mapping[str, Inputs]) -> Mapping[str, Inputs] | None:
    """A transform of tables reads all of them whenever one is new, or the job itself has changed."""
    stale = log.last is not None and log.last.config != run.config_hash
    if not any(found.values()) and not stale:
        return None
    nothing = _SeenNothing()
    return {
        name: found[name] or find_reader(source.format).discover(run.ctx, source, nothing)
        for name, source in run.job.sources.items()
    }


class _SeenNothing:
    def has(self, item: Mapping[str, object]) -> bool:
        return False

    def last(self) -> None:
        return None


def _reads_tables(run: JobRun) -> bool:
    return any(source.format == "table" for source in run.job.sources.values())


def _committed(run: JobRun):  # type: ignore[no-untyped-def]
    return run.fmt.last_mark(run.target, run.job.job) if run.fmt.exists(run.target) else None


def _run_batch(run: JobRun, log: IntentLog, intent: Intent) -> None:
    run.outcome.batch, run.outcome.epoch = intent.n, intent.epoch
    ranges = [
        InputRange(name, inputs.reader, [dict(item) for item in inputs.items])
        for name, inputs in intent.inputs.items()
    ]
    run.outcome.inputs += ranges
    before = copy.deepcopy(run.outcome)

    def start_over(attempt: int, error: BaseException) -> None:
        run.ctx.listener.note(run.job.job, f"another writer was faster; the whole batch again ({attempt})")
        for kept in ("counts", "rules", "reject_reasons", "tables"):
            setattr(run.outcome, kept, copy.deepcopy(getattr(before, kept)))

    try:
        changed = retry_on_conflict(lambda: _apply_batch(run, intent), on_retry=start_over)
    except DeliveryRefused:
        log.set_unchanged(intent)
        raise
    except Exception:
        if intent.repair is not None and not run.ctx.stop.is_set():
            _withdraw(run, log, intent)
        raise
    if not changed:
        log.set_unchanged(intent)
    if intent.repair is not None:
        settle(run, intent.epoch, intent.n)
    _account(run)
    events = run.outcome.counts.read - before.counts.read
    for each in ranges:
        each.rows = rows_read(run, intent.inputs[each.source], run.job.sources[each.source], events)
    if run.outcome.status != "applied":
        run.outcome.status = "applied" if changed else "unchanged"


def _withdraw(run: JobRun, log: IntentLog, intent: Intent) -> None:
    """A replay that fails is not tried again for ever: its rows stay in the quarantine."""
    done = _committed(run)
    if done is None or (done.epoch, done.n) != (intent.epoch, intent.n):
        release(run, intent.epoch, intent.n)
        log.set_unchanged(intent)


def _apply_batch(run: JobRun, intent: Intent) -> bool:
    """Read and write the batch, from the table as it is now; False if it changes nothing."""
    if intent.repair is not None:
        claim(run, intent)
    with tuned(run, intent):
        if not run.job.keyed:
            return write_batch(run, intent)
        with run.watch.stage("read"):
            batch = prepare_merge(run, intent)
        return write_merge(run, intent, batch)


def _account(run: JobRun) -> None:
    counts = run.outcome.counts
    if counts.read != counts.accounted:
        raise AccountingError(
            f"job {run.job.job} lost sight of events in batch {run.outcome.batch}",
            found=f"{counts.accounted} accounted for",
            expected=f"{counts.read} read",
            fix="This is an error of the framework; the target is as its last version says. Please report it.",
        )


def _first_lines(error: BaseException) -> str:
    text = str(error).strip() or type(error).__name__
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    return "\n".join(lines[:5])
