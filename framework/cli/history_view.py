"""What `sluice history` prints: a row for each run, or for each run of one job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from framework.cli.output import number
from framework.cli.summary import became, simple_table
from framework.cli.words import STATUS_MARKS, STATUS_STYLES, status_word
from framework.words import duration

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from framework.run.outcome import RunOutcome


def history_parts(runs: Sequence[RunOutcome], job: str | None) -> Iterator[RenderableType]:
    """The table of the runs, or a line that says there are none."""
    from rich.text import Text

    if not runs:
        yield Text("No run yet: `sluice run --all` makes the first one.", "dim")
    elif job is None:
        yield _runs(runs)
    else:
        yield _of_job(runs, job)


def _runs(runs: Sequence[RunOutcome]) -> Table:
    table = simple_table()
    for name, right in (
        ("run", 0),
        ("started (UTC)", 0),
        ("result", 0),
        ("jobs", 1),
        ("read", 1),
        ("applied", 1),
    ):
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for name in ("rejected", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        counts = [job.counts for job in run.jobs]
        table.add_row(
            run.run_id,
            f"{run.started:%Y-%m-%d %H:%M:%S}",
            _result(run),
            str(len(run.jobs)),
            number(sum(each.read for each in counts)),
            number(sum(each.applied for each in counts)),
            number(sum(each.quarantined + each.dropped for each in counts)),
            duration(run.seconds),
        )
    return table


def _of_job(runs: Sequence[RunOutcome], job: str) -> Table:
    table = simple_table()
    for name in ("run", "started (UTC)", "status", "batch", "read", "became", "version", "time"):
        table.add_column(
            name, justify="right" if name in ("batch", "read", "time") else "left", overflow="fold"
        )
    for run in runs:
        for each in run.jobs:
            if each.job != job:
                continue
            style = STATUS_STYLES[each.status]
            versions = [str(t.version_after) for t in each.tables if t.role == "target"]
            table.add_row(
                run.run_id,
                f"{each.started or run.started:%Y-%m-%d %H:%M:%S}",
                f"[{style}]{STATUS_MARKS[each.status]} {status_word(each.status)}[/]",
                str(each.batch or ""),
                number(each.counts.read),
                became(each.counts),
                versions[-1] if versions else "",
                duration(each.seconds),
            )
    return table


def _result(run: RunOutcome) -> str:
    if not run.finished:
        return f"[bold red]✗ {run.ending}[/]"
    if run.exit_code:
        failed = sum(job.status == "failed" for job in run.jobs)
        return f"[bold red]✗ {failed} failed[/]"
    return "[green]✓ done[/]"
