"""Rows of the lake's tables on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from framework.changes.columns import PREFIX
from framework.cli.output import number, show_json, stderr, stdout
from framework.cli.summary import simple_table
from framework.cli.words import plural
from framework.errors import ConfigError, TableError
from framework.state.ledger_rows import DATABASE, TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from rich.table import Table

    from framework.config import Project

QUARANTINE_COLUMNS = ("reasons", "source", "position", "operation", "record")
"""What matters of a rejected row, in the order in which one asks."""


@dataclass(frozen=True)
class Ask:
    """What to show of which table."""

    table: str
    side: str | None = None
    where: str | None = None
    limit: int = 20
    as_of: str | None = None
    everything: bool = False


def show_table(project: Project, ask: Ask, *, as_json: bool) -> None:
    """Read the table and print its rows."""
    from framework.cli.progress import Progress
    from framework.cli.session import spark_for

    name = table_name(project, ask.table)
    with Progress(stderr()) as progress, spark_for(project, progress) as spark:
        progress.say(f"reading {name}")
        df = select(read_table(project, spark, name, ask), ask)
        numeric = [_numeric(field.dataType.typeName()) for field in df.schema.fields]
        rows = [row.asDict(recursive=True) for row in df.limit(ask.limit + 1).collect()]
    if as_json:
        show_json(rows[: ask.limit])
        return
    if ask.side == "quarantine" and not ask.everything:
        # the file's name tells enough on a terminal; --json and --all have its whole path
        rows = [{**row, "source": str(row["source"]).rpartition("/")[2]} for row in rows]
    console = stdout()
    if _is_wide(df.columns, console.width):
        for part in records(df.columns, rows[: ask.limit]):
            console.print(part)
    else:
        console.print(rows_table(df.columns, numeric, rows[: ask.limit]))
    more = (
        f"the first {number(ask.limit)} rows; --limit shows more"
        if len(rows) > ask.limit
        else plural(len(rows), "row")
    )
    console.print(f"{name}{'__' + ask.side if ask.side else ''}: {more}", style="dim", markup=False)


def table_name(project: Project, given: str) -> str:
    """A table's name; the name of a job means the table that it writes."""
    if given in project.jobs:
        return project.jobs[given].write.table
    if given.startswith(f"{DATABASE}."):
        return _ledger_table_name(given)
    tables = {job.write.table for job in project.jobs.values()}
    if given in tables or given.count(".") == 2:
        return given
    from difflib import get_close_matches

    near = get_close_matches(given, [*tables, *project.jobs], n=1)
    raise ConfigError(
        f"there is no table {given!r}",
        expected="layer.domain.table, or the name of a job",
        fix=f"Did you mean `{near[0]}`?" if near else f"Tables: {', '.join(sorted(tables)) or 'none'}.",
    )


def _ledger_table_name(given: str) -> str:
    known = [f"{DATABASE}.{table.name}" for table in TABLES]
    if given in known:
        return given
    raise ConfigError(f"there is no table {given!r} of the ledger", expected=f"one of {', '.join(known)}")


def _read_ledger(project: Project, spark: SparkSession, name: str) -> DataFrame:
    """A table of the ledger, with the runs whose facts were still waiting."""
    from framework.cli.session import context_for
    from framework.state.ledger_tables import fold, ledger_table
    from framework.tables import table_format

    fold(context_for(project, spark))
    ref = ledger_table(project.lake, name.partition(".")[2])
    fmt = table_format(spark, ref.format)
    if not fmt.exists(ref):
        raise TableError(f"there is no table {name} yet", fix="`sluice run --all` makes the first run.")
    return fmt.read(ref)


def read_table(project: Project, spark: SparkSession, name: str, ask: Ask) -> DataFrame:
    """The table, or one beside it, now or as it was.

    Raises:
        TableError: it isn't there.
    """
    from framework.tables import side_table, table_format, table_ref

    if name.startswith(f"{DATABASE}."):
        return _read_ledger(project, spark, name)
    form = next((job.write.format for job in project.jobs.values() if job.write.table == name), None)
    ref = table_ref(project.lake, name, form)
    if ask.side is not None:
        ref = side_table(ref, ask.side)
    fmt = table_format(spark, ref.format)
    if not fmt.exists(ref):
        if ask.side == "quarantine":
            from framework.run.quarantine import no_quarantine

            raise no_quarantine(name)
        raise TableError(f"there is no table {ref.name} yet", fix="`sluice run` the job that writes it.")
    if ask.as_of is None:
        return fmt.read(ref)
    if ask.as_of.isdigit():
        return fmt.read(ref, version=int(ask.as_of))
    return fmt.read(ref, timestamp=ask.as_of)


def select(df: DataFrame, ask: Ask) -> DataFrame:
    """The rows and columns that were asked for."""
    from framework.sql import quote

    if ask.where:
        df = df.where(ask.where)
    if ask.everything:
        return df
    if ask.side == "quarantine":
        return df.select(*[quote(name) for name in QUARANTINE_COLUMNS if name in df.columns])
    return df.select(*[quote(name) for name in df.columns if not name.startswith(PREFIX)])


def rows_table(columns: Sequence[str], numeric: Sequence[bool], rows: Sequence[dict[str, Any]]) -> Table:
    """Rows as a table; NULL is told apart from an empty text, long texts are folded."""
    table = simple_table()
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(_escape(name), justify="right" if right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(row[name]) for name in columns))
    return table


def records(columns: Sequence[str], rows: Sequence[dict[str, Any]]) -> Iterator[Table]:
    """Rows one below the other, a line for each column: for tables wider than the terminal."""
    from rich.table import Table

    for row in rows:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name in columns:
            grid.add_row(_escape(name), cell(row[name]))
        grid.add_row("", "")
        yield grid


def _is_wide(columns: Sequence[str], width: int) -> bool:
    """Whether the columns would be too narrow to read, even with names and values folded.

    >>> _is_wide(["a", "b"], 80), _is_wide([f"c{n}" for n in range(24)], 160)
    (False, True)
    """
    return len(columns) > 1 and len(columns) * 9 > width


def cell(value: Any) -> str:
    """A value as text for a table.

    >>> cell(None), cell(True), cell([{"rule": "IsComplete", "columns": ["id"], "found": None}])
    ('[dim]NULL[/]', 'true', 'IsComplete')
    """
    if value is None:
        return "[dim]NULL[/]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and value and all(isinstance(each, dict) and "rule" in each for each in value):
        return _escape("; ".join(reason(each) for each in value))
    if isinstance(value, bytes | bytearray):
        return bytes(value).hex()
    return _escape(str(value))


def reason(given: dict[str, Any]) -> str:
    """Why a row was rejected, and what was found.

    >>> reason({"rule": "readable", "columns": [], "found": "value 'a lot' of column amount is not decimal(10,2)"})
    "value 'a lot' of column amount is not decimal(10,2)"
    >>> reason({"rule": 'ColumnValues "age" >= 0', "columns": ["age"], "found": "-1"})
    'ColumnValues "age" >= 0 (found -1)'
    """
    found = given.get("found")
    if given["rule"] == "readable" and found is not None:
        return str(found)
    return f"{given['rule']} (found {found})" if found is not None else str(given["rule"])


def _numeric(kind: str) -> bool:
    return kind in ("byte", "short", "integer", "long", "float", "double", "decimal")


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
