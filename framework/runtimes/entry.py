"""What the cluster entry script does, from its arguments to the ending that the platform wants."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from framework.config import ConfigErrors, Project, check_project, load_project
from framework.interruption import RunInterrupted, signals_raise
from framework.redact import redact
from framework.runtimes.arguments import Arguments, parse_arguments
from framework.runtimes.conf_source import conf_folder
from framework.runtimes.detect import detect, gather_facts
from framework.runtimes.exits import JobsFailedError, leave_for
from framework.runtimes.logs import LogListener, log_to_stdout
from framework.runtimes.open import open_runtime

if TYPE_CHECKING:
    from framework.run.outcome import JobOutcome, RunOutcome
    from framework.runtimes.base import Runtime


def main(argv: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run the jobs that the arguments name. Comes back if all went well, else leaves as the platform wants.

    `argv` begins with the script's name.
    """
    found = detect(gather_facts(argv, environ))
    end = leave_for(found.name, environ)
    log = log_to_stdout("text", "-")
    logging.captureWarnings(True)
    try:
        arguments = parse_arguments(argv[1:])
        run_id = arguments.run_id or _new_run_id()
        log = log_to_stdout(arguments.log_format, run_id)
        name = found.name if arguments.runtime == "auto" else arguments.runtime
        end = leave_for(name, environ)
        log.info("runtime %s", found if name == found.name else f"{name} (as asked)")
        if arguments.unknown:
            log.warning(
                "arguments that are not Sluice's are ignored: %s", redact(" ".join(arguments.unknown))
            )
        with conf_folder(arguments.config) as folder:
            project = _project(folder, arguments)
            runtime = open_runtime(name, project, argv=[argv[0], *arguments.unknown], environ=environ)
            end = runtime.fail
            _run(runtime, project, arguments, run_id, log)
    except BaseException as error:  # whatever it is, the platform must be told in its own way
        _explain(log, error)
        end(error)
    runtime.succeed()


def _project(folder: str, arguments: Arguments) -> Project:
    """The project, checked as a whole: what is wrong is refused before Spark starts."""
    selected = arguments.jobs or None
    project = load_project(
        folder, environment=arguments.environment, overrides=arguments.overrides, selected=selected
    )
    problems = check_project(project)
    if problems:
        raise problems[0] if len(problems) == 1 else ConfigErrors(problems)
    for name in arguments.jobs:
        project.job(name)
    return project


def _run(runtime: Runtime, project: Project, arguments: Arguments, run_id: str, log: logging.Logger) -> None:
    from framework.run.api import run_project

    spark = runtime.start()
    try:
        with signals_raise():
            outcome = run_project(
                project,
                arguments.jobs,
                spark=spark,
                listener=LogListener(log),
                run_id=run_id,
                parallel=arguments.parallel,
                resume=arguments.resume,
                runtime=runtime.name,
            )
    except RunInterrupted as stopped:
        _summarize(stopped.outcome, log)
        raise
    _summarize(outcome, log)
    _raise_if_failed(outcome)


def _raise_if_failed(outcome: RunOutcome) -> None:
    failed = {job.job: redact(job.error or "unknown") for job in outcome.jobs if job.status == "failed"}
    if failed:
        raise JobsFailedError(failed, outcome.exit_code)


def _summarize(outcome: RunOutcome, log: logging.Logger) -> None:
    for job in outcome.jobs:
        level = logging.ERROR if job.status == "failed" else logging.INFO
        facts = {
            "status": job.status,
            "target": job.target,
            "seconds": job.seconds,
            "counts": asdict(job.counts),
        }
        log.log(level, "%s", _line(job), extra={"job": job.job, "facts": facts})
    facts_of_run: dict[str, Any] = {
        "status": "failed" if outcome.exit_code else "done",
        "exit_code": outcome.exit_code,
    }
    facts_of_run |= {
        "jobs": len(outcome.jobs),
        "environment": outcome.environment,
        "runtime": outcome.runtime,
    }
    words = "failed" if outcome.exit_code else "done"
    log.info(
        "%s: %d job(s) in %.1f s", words, len(outcome.jobs), outcome.seconds, extra={"facts": facts_of_run}
    )


def _line(job: JobOutcome) -> str:
    """One job in a line.

    >>> from framework.run.outcome import Counts, JobOutcome
    >>> counts = Counts(read=3, inserted=2, quarantined=1)
    >>> _line(JobOutcome("crm.leads", "bronze.crm.leads", "bronze", "applied", counts=counts))
    'applied bronze.crm.leads: 3 read, 2 inserted, 1 quarantined (0.0 s)'
    """
    counts = (
        ", ".join(f"{count} {name}" for name, count in asdict(job.counts).items() if count) or "nothing read"
    )
    error = f": {redact(job.error)}" if job.error else ""
    return f"{job.status} {job.target}: {counts} ({job.seconds:.1f} s){error}"


def _explain(log: logging.Logger, error: BaseException) -> None:
    """Log an error once: one with a name by its text, any other with its traceback."""
    from framework.errors import SluiceError

    if isinstance(error, JobsFailedError):
        return  # the summary said it
    trace = None if isinstance(error, SluiceError | KeyboardInterrupt) else error
    log.error("%s: %s", type(error).__name__, redact(str(error)), exc_info=trace)


def _new_run_id() -> str:
    from framework.run.api import new_run_id

    return new_run_id()
