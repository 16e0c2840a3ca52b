"""Progress of a run on the terminal: a line for each job at work, and a lasting one for each that ended.

Jobs run side by side and tell their stages from threads of their own, so all state is behind one lock. Where nobody
watches (a pipe, a log), the same facts come as plain lines.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from framework.cli.output import number
from framework.cli.words import STATUS_MARKS, STATUS_STYLES, status_word
from framework.redact import redact
from framework.words import duration

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType, RenderResult

    from framework.run.outcome import JobOutcome

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
SHOWN = 8
"""So many jobs at work have a line of their own."""
LONG = 5.0
"""Where nobody watches, a stage is worth a line if it took so many seconds."""


class Progress:
    """A listener that shows what runs; a context manager around the run.

    >>> from rich.console import Console
    >>> with Progress(Console(force_terminal=False, width=100), total=1) as progress:
    ...     progress.stage_started("crm.leads", "read")
    crm.leads: started
    """

    def __init__(
        self, console: Console, total: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._total = total
        self._clock = clock
        self._lock = threading.RLock()
        self._begun = clock()
        self._jobs: dict[str, _JobLine] = {}
        self._ended = 0
        self._failed = 0
        self._headline = ""
        self._live = _live(console, self) if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """Say what happens outside of jobs, such as the start of Spark."""
        with self._lock:
            if self._live is None and text:
                self._console.print(redact(text), markup=False)
            self._headline = text

    def stage_started(self, job: str, stage: str) -> None:
        with self._lock:
            self._headline = ""
            line = self._jobs.get(job)
            if line is None:
                line = self._jobs[job] = _JobLine(self._clock())
                if self._live is None:
                    self._console.print(f"{job}: started", markup=False)
            line.enter(stage, self._clock())

    def stage_ended(self, job: str, stage: str, seconds_: float) -> None:
        with self._lock:
            if line := self._jobs.get(job):
                line.leave(stage)
            if self._live is None and seconds_ >= LONG:
                self._console.print(f"{job}: {stage} took {duration(seconds_)}", markup=False)

    def note(self, job: str, text: str) -> None:
        with self._lock:
            self._console.print(f"{job}: {redact(text)}", markup=False, style="dim")

    def job_ended(self, outcome: JobOutcome) -> None:
        with self._lock:
            self._jobs.pop(outcome.job, None)
            self._ended += 1
            self._failed += outcome.status == "failed"
            self._console.print(self._ended_line(outcome))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.table import Table
        from rich.text import Text

        with self._lock:
            now = self._clock()
            spin = SPINNER[int(now * 10) % len(SPINNER)]
            table = Table.grid(padding=(0, 2))
            for job, line in list(self._jobs.items())[:SHOWN]:
                table.add_row(
                    Text(f"{spin} ", "cyan") + Text(job, "bold"),
                    line.text,
                    Text(duration(now - line.begun), "dim"),
                )
            if len(self._jobs) > SHOWN:
                table.add_row(Text(f"  and {len(self._jobs) - SHOWN} more at work", "dim"), "", "")
            yield table
            yield self._foot(spin, now)

    def _foot(self, spin: str, now: float) -> RenderableType:
        from rich.text import Text

        if self._headline:
            return Text(f"{spin} {redact(self._headline)}", "cyan")
        if not self._total:
            return Text("")
        text = Text(f"  {self._ended} of {self._total} jobs", "dim")
        if self._failed:
            text.append(f", {self._failed} failed", "red")
        return text.append(f", {duration(now - self._begun)}", "dim")

    def _ended_line(self, outcome: JobOutcome) -> RenderableType:
        from rich.text import Text

        style = STATUS_STYLES[outcome.status]
        text = Text.assemble((f"{STATUS_MARKS[outcome.status]} ", style), outcome.job)
        text.append(f"  {status_word(outcome.status)}", style)
        counts = outcome.counts
        facts = [f"{number(counts.read)} read"] if counts.read else []
        facts += [f"{number(counts.quarantined)} quarantined"] if counts.quarantined else []
        facts += [duration(outcome.seconds)] if outcome.seconds else []
        text.append("  " + ", ".join(facts), "dim")
        return text


class _JobLine:
    """A job at work: since when, and its stages that are open, innermost last."""

    def __init__(self, begun: float) -> None:
        self.begun = begun
        self._open: list[str] = []

    @property
    def text(self) -> str:
        return self._open[-1] if self._open else ""

    def enter(self, stage: str, now: float) -> None:
        self._open.append(stage)

    def leave(self, stage: str) -> None:
        if stage in self._open:
            self._open.remove(stage)


def _live(console: Console, renderable: Progress) -> _Live:
    return _Live(console, renderable)


class _Live:
    """Rich's live display of a renderable that changes by itself; leaves nothing behind."""

    def __init__(self, console: Console, renderable: Progress) -> None:
        from rich.live import Live

        self._live = Live(
            console=console, refresh_per_second=8, transient=True, get_renderable=lambda: renderable,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip

    def start(self) -> None:
        self._live.start()

    def stop(self) -> None:
        self._live.stop()
