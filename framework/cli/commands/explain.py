"""`sluice explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framework.cli.options import json_option, load_checked, project_options

if TYPE_CHECKING:
    from rich.console import RenderableType

    from framework.run.explain import Explanation


@click.command(short_help="Tell why a row is as it is, event by event.")
@click.argument("table", metavar="TABLE|JOB")
@click.argument("key", nargs=-1, required=True, metavar="COLUMN=VALUE...")
@json_option
@project_options
def explain(
    table: str,
    key: tuple[str, ...],
    as_json: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> None:
    """Read the events of one key again, in every batch so far, and tell of each why it was applied, superseded or
    rejected, beside the row as it stands.

    What became of an event follows from the events alone, not from the order in which they came.
    """
    from framework.cli.choice import writer_of
    from framework.cli.output import show_json, stderr, stdout
    from framework.cli.progress import Progress
    from framework.cli.session import spark_for
    from framework.state.codec import to_data

    project = load_checked(conf, environment, overrides)
    job = writer_of(project, table)
    values = _key(key)
    with Progress(stderr()) as progress, spark_for(project, progress) as spark:
        from framework.run.explain import explain_key

        progress.say(f"reading the events of {', '.join(key)}")
        found = explain_key(project, job, values, spark=spark)
    if as_json:
        show_json(to_data(found))
        return
    for part in _parts(found):
        stdout().print(part)


def _key(given: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"{text!r}: give COLUMN=VALUE, such as id=7.")
        values[name] = value
    return values


def _parts(found: Explanation) -> list[RenderableType]:
    from rich.text import Text

    from framework.cli.table_view import rows_table

    events = [
        {
            "#": each.place,
            "batch": each.batch,
            "op": each.operation,
            "sequence": each.sequence,
            "from": f"{str(each.source).rpartition('/')[2]}:{each.position}" if each.source else None,
            "values": ", ".join(f"{name}={value}" for name, value in each.values.items()),
            "became": each.fate,
            "because": each.why,
        }
        for each in found.events
    ]
    key = ", ".join(f"{name}={value}" for name, value in found.key.items())
    parts: list[RenderableType] = [Text(f"{found.table}  {key}", style="bold")]
    if not events:
        return [*parts, Text("no event of any batch names this key", style="dim")]
    columns = list(events[0])
    parts.append(rows_table(columns, [name in ("#", "batch") for name in columns], events))
    if not found.rows:
        return [*parts, Text("the table has no row with this key", style="dim")]
    shown = [name for name in found.rows[0] if not name.startswith("_sluice_")]
    rows = [{name: row[name] for name in shown} for row in found.rows]
    return [*parts, Text("the table has"), rows_table(shown, [False] * len(shown), rows)]
