"""`sluice profile`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framework.cli.options import json_option, load, project_options

if TYPE_CHECKING:
    from rich.table import Table

    from framework.quality.deequ import ColumnProfile


@click.command(short_help="Describe a table's columns (pydeequ).")
@click.argument("table")
@click.option("--where", metavar="SQL", help="Only rows for which this holds.")
@json_option
@project_options
def profile(
    table: str,
    where: str | None,
    as_json: bool,
    conf: str,
    environment: str | None,
    overrides: tuple[str, ...],
) -> None:
    """Describe each column of a table: how complete, how many values, smallest, largest, mean."""
    from framework.cli.deequ_access import on_table
    from framework.cli.output import show_json, stdout
    from framework.quality.deequ import profile as profile_columns
    from framework.state.codec import to_data

    found = on_table(load(conf, environment, overrides), table, where, profile_columns)
    if as_json:
        show_json(to_data(found))
    else:
        stdout().print(_table(found))


def _table(profiles: list[ColumnProfile]) -> Table:
    from rich.markup import escape

    from framework.cli.output import number
    from framework.cli.summary import simple_table

    table = simple_table()
    for name, right in (("column", 0), ("type", 0), ("complete", 1), ("distinct", 1), ("min", 1), ("max", 1)):
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    table.add_column("mean", justify="right")
    table.add_column("frequent values", overflow="fold")
    for each in profiles:
        values = ", ".join(f"{value} ({number(count)})" for value, count in each.values[:5])
        low = each.minimum if each.minimum is not None else each.min_length
        high = each.maximum if each.maximum is not None else each.max_length
        chars = " chars" if each.minimum is None and each.min_length is not None else ""
        table.add_row(
            escape(each.column),
            each.type,
            f"{each.completeness:.1%}",
            number(each.distinct),
            "" if low is None else f"{low:,g}{chars}",
            "" if high is None else f"{high:,g}{chars}",
            "" if each.mean is None else f"{each.mean:,.4g}",
            escape(values),
        )
    return table
