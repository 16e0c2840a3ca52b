"""`sluice plan`."""

from __future__ import annotations

import click

from framework.cli.options import json_option, load_checked, project_options


@click.command(short_help="Show what a run would do; writes nothing.")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@click.option("--all", "everything", is_flag=True, help="Plan every enabled job.")
@click.option("--no-data", is_flag=True, help="Schema and DDL only; count nothing.")
@json_option
@project_options
def plan(
    jobs: tuple[str, ...],
    everything: bool,
    no_data: bool,
    as_json: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> int:
    """Show what a run of the jobs would do now: schema difference, DDL, rows inserted, updated, deleted, rejected.

    It writes nothing, and its counts are those of a run right after.
    """
    from framework.cli.choice import chosen_jobs
    from framework.cli.output import show_json, stderr, stdout
    from framework.cli.plan_view import plan_parts
    from framework.cli.progress import Progress
    from framework.cli.session import spark_for
    from framework.state.codec import to_data

    project = load_checked(conf, environment, overrides)
    names = chosen_jobs(project, jobs, everything=everything)
    with Progress(stderr()) as progress, spark_for(project, progress) as spark:
        from framework.run.api import plan_project

        plans = plan_project(project, names, spark=spark, no_data=no_data, listener=progress)
    if as_json:
        show_json(to_data(plans))
    else:
        console = stdout()
        for each in plans:
            for part in plan_parts(each):
                console.print(part)
    return next((each.exit_code for each in plans if each.exit_code), 0)
