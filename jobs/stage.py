"""What the demos share: a console, a lake of their own, runs with progress, and tables of a few rows."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table

from framework.cli.progress import Progress
from framework.cli.summary import jobs_table, verdict
from framework.config import Project, load_project
from framework.errors import ConfigError
from framework.interruption import signals_raise
from framework.report import report_path
from framework.run.outcome import RunOutcome
from framework.runtimes import open_runtime
from jobs.view import LakeView

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MARKER = ".sluice-demo"
"""A folder with this file was made by a demo, and may be deleted by one."""


def arguments_of(prog: str, text: str, conf: str) -> argparse.ArgumentParser:
    """What every demo's command line takes: which configuration, and where its lake shall lie."""
    parser = argparse.ArgumentParser(prog=prog, description=text)
    parser.add_argument(
        "--root", help=f"folder of the lake, emptied first (default: the one in {conf}/lake.yaml)"
    )
    parser.add_argument("--conf", default=conf, help="folder of the configuration")
    return parser


@contextmanager
def staged(title: str, args: argparse.Namespace, deliver: Callable[[Path], object]) -> Iterator[Stage]:
    """A stage on a fresh lake that sources have delivered to; its Spark ends with the block."""
    console = Console(highlight=False)
    project = load_project(args.conf, overrides=[f"lake.root={args.root}"] if args.root else ())
    root = fresh_folder(project.lake.root)
    console.print(title)
    deliver(root)
    console.print(f"[dim]Starting Spark; the lake is {root}[/]")
    runtime = open_runtime("local", project)
    stage = Stage(console, project, runtime.start(), args.conf)
    try:
        with signals_raise():
            yield stage
    except BaseException as error:
        runtime.fail(error)
        raise
    runtime.succeed()


class Stage:
    """A demo's console and session."""

    def __init__(self, console: Console, project: Project, spark: SparkSession, conf: str) -> None:
        self.console = console
        self.project = project
        self.spark = spark
        self.conf = conf
        self.view = LakeView(spark, project.lake)
        self.report = ""

    def run(self) -> RunOutcome:
        """Run every job of the lake, and show what became of each."""
        from framework.run.api import run_project

        jobs = sum(job.enabled for job in self.project.jobs.values())
        with Progress(self.console, total=jobs) as progress:
            outcome = run_project(self.project, [], spark=self.spark, listener=progress)
        self.console.print(jobs_table(outcome.jobs))
        self.console.print(verdict(outcome))
        self.report = report_path(self.project.lake, outcome.run_id)
        for job in outcome.jobs:
            if job.error:
                self.console.print(f"[bold red]{job.job}[/]", job.error)
        if outcome.exit_code:
            raise SystemExit(outcome.exit_code)
        return outcome

    def head(self, text: str) -> None:
        """Begin a part of the demo."""
        self.console.print()
        self.console.rule(f"[bold]{text}[/]", align="left", style="cyan")

    def say(self, text: str) -> None:
        """Explain, in a line or two."""
        self.console.print(text, style="default", highlight=False)

    def show(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A small table; NULL is shown as such, numbers to the right."""
        self.console.print(table_of(title, columns, list(rows)))


def table_of(title: str, columns: Sequence[str], rows: list[Sequence[Any]]) -> Table:
    """Rows as a table for the console."""
    table = Table(
        title=title, title_justify="left", title_style="italic", box=box.SIMPLE_HEAD, pad_edge=False
    )
    for index, name in enumerate(columns):
        numbers = all(_is_number(row[index]) for row in rows if row[index] is not None)
        table.add_column(name, justify="right" if numbers and rows else "left", overflow="fold")
    for row in rows:
        table.add_row(*[_cell(value) for value in row])
    return table


def _is_number(value: Any) -> bool:
    """Also one that is text already, such as a count with separators."""
    return isinstance(value, int | float) or str(value).replace(",", "").isdigit()


def _cell(value: Any) -> str:
    if value is None:
        return "[dim]NULL[/]"
    return str(value).replace("[", "\\[") if not str(value).startswith("[") else str(value)


def fresh_folder(root: str) -> Path:
    """An empty folder for a demo's lake; one that an earlier demo made is emptied.

    Raises:
        ConfigError: something lies there that no demo made.
    """
    folder = Path(root)
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise ConfigError(
                f"{folder} is not empty, and no demo made it",
                fix="Move it away, or set --root to a new folder.",
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(
        "made by a demo of Sluice; the next one empties this folder\n", encoding="utf-8"
    )
    return folder
