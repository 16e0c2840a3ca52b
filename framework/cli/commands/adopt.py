"""`sluice adopt`."""

from __future__ import annotations

import click

from framework.cli.options import load_checked, project_options


@click.command(short_help="Take over a table that something else made.")
@click.argument("table", metavar="TABLE|JOB")
@project_options
def adopt(table: str, conf: str, environment: str | None, overrides: tuple[str, ...]) -> None:
    """Let a job merge into, or append to, a table that is there already and that the framework didn't make.

    Its rows stay as they are, and count as older than every change. Rows of a job with keys must be told apart by them.
    """
    from framework.cli.choice import writer_of
    from framework.cli.output import stderr
    from framework.cli.progress import Progress
    from framework.cli.session import spark_for

    project = load_checked(conf, environment, overrides)
    job = writer_of(project, table)
    with Progress(stderr()) as progress, spark_for(project, progress) as spark:
        from framework.run.adopt import adopt_table

        progress.say(f"adopting {project.jobs[job].write.table}")
        done = adopt_table(project, job, spark=spark)
    name = project.jobs[job].write.table
    click.echo(f"{name} is job {job}'s." if done else f"{name} was job {job}'s before: nothing to do.")
    for line in done:
        click.echo(f"  {line}")
