"""`sluice show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framework.cli.options import json_option, load, project_options

if TYPE_CHECKING:
    from framework.config import Project


@click.command(short_help="Show a table, a table's quarantine, or a run.")
@click.argument("what", nargs=-1, required=True, metavar="TABLE | quarantine TABLE | run [ID]")
@click.option("--where", metavar="SQL", help="Only rows for which this holds.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 100_000), help="So many rows.")
@click.option("--as-of", metavar="VERSION|TIME", help="The table as it was then.")
@click.option("--all", "everything", is_flag=True, help="The framework's own columns as well.")
@json_option
@project_options
def show(
    what: tuple[str, ...],
    where: str | None,
    limit: int,
    as_of: str | None,
    everything: bool,
    as_json: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> int:
    """Show rows of a table (layer.domain.table, or the name of the job that writes it), the rows that were rejected
    for it with their reasons, or what a run did (the last one, if no id is given)."""
    from framework.cli.table_view import Ask, show_table

    project = load(conf, environment, overrides)
    match what:
        case ("run",) | ("run", _):
            return _show_run(project, what[1] if len(what) > 1 else "last", as_json=as_json)
        case ("quarantine", table):
            show_table(project, Ask(table, "quarantine", where, limit, as_of, everything), as_json=as_json)
        case (table,):
            show_table(project, Ask(table, None, where, limit, as_of, everything), as_json=as_json)
        case _:
            raise click.UsageError("give TABLE, or quarantine TABLE, or run ID.")
    return 0


def _show_run(project: Project, run_id: str, *, as_json: bool) -> int:
    from framework.cli.ledger_access import ledger_storage
    from framework.cli.summary import show_outcome
    from framework.state.ledger import find_run

    with ledger_storage(project) as storage:
        outcome = find_run(storage, project.lake, run_id)
    show_outcome(outcome, outcome.exit_code, as_json=as_json)
    return 0
