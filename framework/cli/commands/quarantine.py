"""`sluice quarantine`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framework.cli.options import json_option, load, load_checked, project_options

if TYPE_CHECKING:
    from framework.config import Project
    from framework.run.outcome import RunOutcome


@click.group(short_help="Show, bring in again or delete rejected rows.")
def quarantine() -> None:
    """The rows that were rejected for a table: with their reasons, where they came from, and the record."""


@quarantine.command(short_help="Show rejected rows.")
@click.argument("table", metavar="TABLE|JOB")
@click.option("--where", metavar="SQL", help="Only rows for which this holds.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="So many rows.")
@click.option("--all", "everything", is_flag=True, help="All columns.")
@json_option
@project_options
def show(
    table: str,
    where: str | None,
    limit: int,
    everything: bool,
    as_json: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> int:
    """Show the rows that were rejected for a table (layer.domain.table, or the name of the job that writes it)."""
    from framework.cli.table_view import Ask, show_table

    project = load(conf, environment, overrides)
    show_table(project, Ask(table, "quarantine", where, limit, None, everything), as_json=as_json)
    return 0


@quarantine.command(short_help="Bring rejected rows in again.")
@click.argument("table", metavar="TABLE|JOB")
@click.option("--where", metavar="SQL", help='Only rows for which this holds, such as "position = 7".')
@click.option(
    "--fix",
    "fixes",
    multiple=True,
    metavar="COLUMN=SQL",
    help="Set a column first, by an expression over the source's columns; repeatable.",
)
@click.option("--fix-keys", is_flag=True, help="Let a fix change keys and sequence.")
@json_option
@project_options
def replay(
    table: str,
    where: str | None,
    fixes: tuple[str, ...],
    fix_keys: bool,
    as_json: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> int:
    """Bring rejected rows in again: after their rules or their schema were mended, or with a fix.

    The records are read again where they came from, judged as any row is, and take the place that their sequence
    gives them. What is rejected once more stays in the quarantine. A replay that was stopped the next run finishes.
    """
    from framework.cli.choice import writer_of
    from framework.cli.summary import show_outcome
    from framework.state.intents import Repair

    project = load_checked(conf, environment, overrides)
    repair = Repair(where, _fixes(fixes), fix_keys)
    outcome = _replay(project, writer_of(project, table), repair)
    show_outcome(outcome, outcome.exit_code, as_json=as_json)
    return outcome.exit_code


@quarantine.command(short_help="Delete rejected rows.")
@click.argument("table", metavar="TABLE|JOB")
@click.option("--where", metavar="SQL", help="Only rows for which this holds.")
@click.option("--all", "everything", is_flag=True, help="Delete all of them.")
@project_options
def purge(
    table: str,
    where: str | None,
    everything: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> int:
    """Delete rejected rows that nobody needs any more. Earlier versions of the quarantine keep them for a while."""
    from framework.cli.output import stderr
    from framework.cli.progress import Progress
    from framework.cli.session import spark_for
    from framework.cli.table_view import table_name
    from framework.cli.words import plural

    if (where is None) == (not everything):
        raise click.UsageError("give --where SQL, or --all.")
    project = load(conf, environment, overrides)
    name = table_name(project, table)
    with Progress(stderr()) as progress, spark_for(project, progress) as spark:
        from framework.run.purge import purge_quarantine

        deleted = purge_quarantine(spark, project, name, where)
    click.echo(f"{plural(deleted, 'row')} deleted from the quarantine of {name}.")
    return 0


def _replay(project: Project, job: str, repair: object) -> RunOutcome:
    from framework.cli.output import stderr
    from framework.cli.progress import Progress
    from framework.cli.session import spark_for

    with Progress(stderr(), total=1) as progress, spark_for(project, progress) as spark:
        from framework.run.api import run_project

        return run_project(project, [job], spark=spark, listener=progress, repair=repair)  # type: ignore[arg-type]


def _fixes(given: tuple[str, ...]) -> dict[str, str]:
    fixes = {}
    for text in given:
        name, sign, expression = text.partition("=")
        if not sign or not name.strip() or not expression.strip():
            raise click.UsageError(f"--fix {text!r}: give COLUMN=EXPRESSION, such as amount=abs(amount).")
        fixes[name.strip()] = expression.strip()
    return fixes
