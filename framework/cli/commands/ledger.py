"""`sluice ledger`."""

from __future__ import annotations

import click

from framework.cli.options import load, project_options


@click.group(short_help="Work on the ledger's tables.")
def ledger() -> None:
    """The ledger: what each run read, wrote and rejected, as files and as tables of database `sluice`."""


@ledger.command(short_help="Move the runs' facts into the ledger's tables.")
@project_options
def fold(conf: str, environment: str | None, overrides: tuple[str, ...]) -> None:
    """Move the runs' facts into tables of database `sluice`: runs, jobs, inputs, outputs, rules, metrics.

    Doing it again, also after a crash, changes nothing.
    """
    from framework.cli.output import stderr
    from framework.cli.progress import Progress
    from framework.cli.session import context_for, spark_for
    from framework.cli.words import plural
    from framework.state.ledger_tables import fold as fold_facts

    project = load(conf, environment, overrides)
    with Progress(stderr()) as progress, spark_for(project, progress) as spark:
        count = fold_facts(context_for(project, spark))
    click.echo(f"{plural(count, 'fact')} folded into the tables of database `sluice`.")
