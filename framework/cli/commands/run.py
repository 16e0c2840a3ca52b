"""`sluice run`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framework.cli.options import json_option, load_checked, project_options
from framework.interruption import RunInterrupted

if TYPE_CHECKING:
    from framework.config import Project
    from framework.run.outcome import RunOutcome


GOES_ON = (
    "Interrupted. The next run goes on from here: a batch that was begun is finished with the same inputs, nothing is "
    "written twice. `sluice run --resume` runs only the jobs that didn't end."
)


@click.command(short_help="Run jobs, in the order of what they read and write.")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--all", "everything", is_flag=True, help="Run every enabled job.")
@click.option("--resume", is_flag=True, help="Run only what failed or was skipped in the last run.")
@click.option("--parallel", type=click.IntRange(1, 64), help="Jobs side by side; default: lake.parallel.")
@click.option("--replay", metavar="GLOB", help="Read files again that match, on purpose.")
@json_option
@project_options
def run(
    jobs: tuple[str, ...],
    everything: bool,
    resume: bool,
    parallel: int | None,
    replay: str | None,
    as_json: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> int:
    """Run jobs by name, or all of them: each after the jobs whose tables it reads, independent ones side by side.

    What depends on a failed job is skipped; `--resume` goes on from there.
    """
    from framework.cli.choice import chosen_jobs
    from framework.cli.summary import show_outcome

    project = load_checked(conf, environment, overrides)
    names = chosen_jobs(project, jobs, everything=everything or resume)
    code = None
    try:
        outcome = _run(project, names, resume=resume, parallel=parallel, replay=replay)
    except RunInterrupted as stopped:
        outcome, code = stopped.outcome, stopped.exit_code
    code = outcome.exit_code if code is None else code
    show_outcome(outcome, code, as_json=as_json)
    if not as_json:
        _tell_report(project, outcome)
    if not outcome.finished:
        click.echo(GOES_ON, err=True)
    return code


def _run(
    project: Project, names: list[str], *, resume: bool, parallel: int | None, replay: str | None
) -> RunOutcome:
    from framework.cli.output import stderr
    from framework.cli.progress import Progress
    from framework.cli.session import spark_for

    with (
        Progress(stderr(), total=None if resume else len(names)) as progress,
        spark_for(project, progress) as spark,
    ):
        from framework.run.api import run_project

        return run_project(
            project, names, spark=spark, listener=progress, parallel=parallel, resume=resume, replay=replay
        )


def _tell_report(project: Project, outcome: RunOutcome) -> None:
    from rich.text import Text

    from framework.cli.output import stdout
    from framework.report import report_path

    path = report_path(project.lake, outcome.run_id)
    stdout().print(Text.assemble(("report  ", "dim"), path), soft_wrap=True)
