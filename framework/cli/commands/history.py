"""`sluice history`."""

from __future__ import annotations

import click

from framework.cli.options import json_option, load, project_options


@click.command(short_help="List the newest runs.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="So many runs.")
@click.option("--job", metavar="NAME", help="Only runs of this job.")
@json_option
@project_options
def history(
    limit: int, job: str | None, as_json: bool, conf: str, environment: str | None, overrides: tuple[str, ...]
) -> None:
    """List the newest runs, or those of one job. A local lake needs no Spark for it."""
    from framework.cli.history_view import history_parts
    from framework.cli.ledger_access import ledger_storage
    from framework.cli.output import show_json, stdout
    from framework.state.codec import to_data
    from framework.state.ledger import runs

    project = load(conf, environment, overrides)
    with ledger_storage(project) as storage:
        found = runs(storage, project.lake, limit if job is None else 1000)
    if job is not None:
        found = [run for run in found if any(each.job == job for each in run.jobs)][:limit]
    if as_json:
        show_json([{**to_data(run), "exit_code": run.exit_code} for run in found])
        return
    console = stdout()
    for part in history_parts(found, job):
        console.print(part)
