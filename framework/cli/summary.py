"""What a run prints at its end: jobs with their counts, reasons of rejects, rules that failed, errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from framework.cli.output import number, show_json, stdout
from framework.cli.words import STATUS_MARKS, STATUS_STYLES, plural, status_word
from framework.redact import redact
from framework.run.outcome import Counts, JobOutcome, RuleResult, RunOutcome
from framework.state.codec import to_data
from framework.words import duration

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
    from rich.table import Table

COUNTS = tuple(each.name for each in fields(Counts))
_COUNT_STYLES = {"quarantined": "yellow", "dropped": "yellow"}
_REASONS = 5
"""So many reasons are shown for each job."""


def show_outcome(run: RunOutcome, exit_code: int, *, as_json: bool) -> None:
    """Print what a run did: for people or, with the exit code, for machines."""
    if as_json:
        show_json({**to_data(run), "exit_code": exit_code})
        return
    console = stdout()
    for part in summary(run):
        console.print(part)


def summary(run: RunOutcome) -> Iterator[RenderableType]:
    """The parts of the summary, for the console to print one after another."""
    yield jobs_table(run.jobs)
    if any(job.reject_reasons for job in run.jobs):
        yield rejects_table([(job.job, job.reject_reasons) for job in run.jobs])
    failing = [(job.job, rule) for job in run.jobs for rule in job.rules if not rule.passed]
    if failing:
        yield rules_table(failing)
    yield from _notes(run.jobs)
    yield from _errors(run.jobs)
    yield verdict(run)


def jobs_table(jobs: Sequence[JobOutcome]) -> RenderableType:
    """A row for each job; columns of counts that are 0 everywhere are left out, and a number is never cut:
    where the columns don't fit, they become words."""
    return _FirstThatFits((_wide(jobs), _narrow(jobs)))


def _wide(jobs: Sequence[JobOutcome]) -> Table:
    shown = [name for name in COUNTS if name == "read" or any(getattr(job.counts, name) for job in jobs)]
    table = _jobs_table()
    for name in shown:
        table.add_column(name, justify="right", style=_COUNT_STYLES.get(name, ""), no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    for job in jobs:
        cells = [_count(getattr(job.counts, name)) for name in shown]
        table.add_row(_plain(job.job), _status(job), *cells, duration(job.seconds) if job.seconds else "")
    if len(jobs) > 1:
        total = _total(jobs)
        table.add_section()
        table.add_row("total", "", *(_count(getattr(total, name)) for name in shown), "", style="bold")
    return table


def _narrow(jobs: Sequence[JobOutcome]) -> Table:
    table = _jobs_table()
    table.add_column("read", justify="right", no_wrap=True)
    table.add_column("became", overflow="fold")
    table.add_column("time", justify="right", no_wrap=True)
    for job in jobs:
        took = duration(job.seconds) if job.seconds else ""
        table.add_row(_plain(job.job), _status(job), _count(job.counts.read), became(job.counts), took)
    if len(jobs) > 1:
        total = _total(jobs)
        table.add_section()
        table.add_row("total", "", _count(total.read), became(total), "", style="bold")
    return table


def became(counts: Counts) -> str:
    """What became of the events read, in words.

    >>> became(Counts(read=1210, inserted=1200, quarantined=10))
    '1,200 inserted, 10 quarantined'
    """
    named = [(name, getattr(counts, name)) for name in COUNTS if name != "read"]
    return ", ".join(f"{number(count)} {name}" for name, count in named if count)


def rejects_table(rejects: Sequence[tuple[str, dict[str, int]]]) -> Table:
    """Why rows were rejected, the most frequent reasons of each job."""
    table = simple_table("Rejected rows")
    table.add_column("job", no_wrap=True)
    table.add_column("reason", overflow="fold")
    table.add_column("rows", justify="right", style="yellow")
    for job, reasons in rejects:
        items = list(reasons.items())
        for index, (reason, rows) in enumerate(items[:_REASONS]):
            table.add_row(_plain(job) if index == 0 else "", _plain(redact(reason)), number(rows))
        if len(items) > _REASONS:
            rest = sum(rows for _, rows in items[_REASONS:])
            table.add_row("", f"[dim]{plural(len(items) - _REASONS, 'other reason')}[/]", number(rest))
    return table


def rules_table(failing: Sequence[tuple[str, RuleResult]]) -> Table:
    """Rules that failed, and what they found."""
    table = simple_table("Rules that failed")
    table.add_column("job", no_wrap=True)
    table.add_column("rule", overflow="fold")
    table.add_column("action", no_wrap=True)
    table.add_column("found", overflow="fold")
    previous = ""
    for job, rule in failing:
        style = "bold red" if rule.action == "fail" else "yellow"
        found = (
            plural(rule.failed_rows, "row")
            if rule.failed_rows is not None
            else rule.measured or rule.reason or ""
        )
        job_cell = "" if job == previous else _plain(job)
        table.add_row(job_cell, _plain(rule.rule), f"[{style}]{rule.action}[/]", _plain(redact(found)))
        previous = job
    return table


def verdict(run: RunOutcome) -> RenderableType:
    """The last line: how it went, how long it took, the run's id."""
    from rich.text import Text

    tally: dict[str, int] = {}
    for job in run.jobs:
        tally[job.status] = tally.get(job.status, 0) + 1
    text = Text()
    text.append(f"{run.ending}  ", "bold green" if run.ending == "done" else "bold red")
    text.append(plural(len(run.jobs), "job"))
    parts = [f"{count:,} {status_word(status)}" for status, count in tally.items()]
    if parts:
        text.append(f" ({', '.join(parts)})")
    text.append(f" in {duration(run.seconds)}, run ")
    return text.append(run.run_id, "bold")


def _notes(jobs: Sequence[JobOutcome]) -> Iterator[RenderableType]:
    from rich.text import Text

    lines = [(job.job, note) for job in jobs for note in job.notes]
    for job, note in lines:
        yield Text.assemble((f"{job}: ", "dim"), (redact(note), "dim"))
    if lines:
        yield Text("")


def _errors(jobs: Sequence[JobOutcome]) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    for job in jobs:
        if job.status != "failed":
            continue
        head = Text.assemble(("Error", "bold red"), "  ", (job.job, "bold"))
        if job.error_class:
            head.append(f"  {job.error_class}, exit code {job.exit_code}", "dim")
        body = redact((job.error or "unknown").strip())
        yield head
        yield Padding(Text(body, overflow="fold"), (0, 0, 0, 7))
        yield Text("")


class _FirstThatFits:
    """Renders the first table that is not wider than the console, or the last one."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.measure import Measurement

        for table in self._tables[:-1]:
            unlimited = options.update(max_width=10_000)
            if Measurement.get(console, unlimited, table).maximum <= options.max_width:
                yield table
                return
        yield self._tables[-1]


def _jobs_table() -> Table:
    table = simple_table()
    table.add_column("job", overflow="fold")
    table.add_column("status", no_wrap=True)
    return table


def _status(job: JobOutcome) -> str:
    return f"[{STATUS_STYLES[job.status]}]{STATUS_MARKS[job.status]} {status_word(job.status)}[/]"


def _total(jobs: Sequence[JobOutcome]) -> Counts:
    total = Counts()
    for job in jobs:
        total.add(job.counts)
    return total


def simple_table(title: str | None = None) -> Table:
    from rich import box
    from rich.table import Table

    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        header_style="bold",
        pad_edge=False,
        padding=(0, 1, 0, 0),
        show_edge=True,
    )


def _count(value: int) -> str:
    return number(value) if value else "[dim]0[/]"


def _plain(text: str) -> str:
    """Text that rich shall not take for markup."""
    from rich.markup import escape

    return escape(text)
