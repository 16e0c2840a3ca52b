"""`sluice suggest`."""

from __future__ import annotations

import click

from framework.cli.options import load, project_options


@click.command(short_help="Suggest rules for a table, as DQDL (pydeequ).")
@click.argument("table")
@click.option("--where", metavar="SQL", help="Only rows for which this holds.")
@project_options
def suggest(
    table: str, where: str | None, conf: str, environment: str | None, overrides: tuple[str, ...]
) -> None:
    """Print rules that a table's rows satisfy today, as DQDL to edit and put below `quality.rules`."""
    from framework.cli.deequ_access import on_table
    from framework.quality.deequ import as_ruleset
    from framework.quality.deequ import suggest as suggest_rules

    click.echo(
        as_ruleset(on_table(load(conf, environment, overrides), table, where, suggest_rules)), nl=False
    )
