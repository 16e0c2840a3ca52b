"""`sluice report`."""

from __future__ import annotations

import click

from framework.cli.options import load, project_options


@click.command(short_help="Open the HTML report of a run.")
@click.argument("run_id", default="last", metavar="[RUN]")
@click.option("--rebuild", is_flag=True, help="Make the report anew from the ledger.")
@click.option("--no-open", is_flag=True, help="Only print where it is.")
@project_options
def report(
    run_id: str, rebuild: bool, no_open: bool, conf: str, environment: str | None, overrides: tuple[str, ...]
) -> None:
    """Open the HTML report of a run (the last one, if none is named), and print where it is."""
    from framework.cli.ledger_access import ledger_storage
    from framework.report import report_path, write_report
    from framework.state.ledger import find_run

    project = load(conf, environment, overrides)
    with ledger_storage(project) as storage:
        outcome = find_run(storage, project.lake, run_id)
        path = report_path(project.lake, outcome.run_id)
        if rebuild or not storage.exists(path):
            path = write_report(storage, project.lake, outcome)
    click.echo(path)
    if not no_open and "://" not in path:
        click.launch(path)
