"""Progress on a terminal and in a log, also from many threads."""

from __future__ import annotations

import io
import threading
from dataclasses import replace

from rich.console import Console

from framework.cli.progress import Progress
from tests.unit.cli.samples import bank_run, customers


def plain() -> Console:
    return Console(file=io.StringIO(), force_terminal=False, width=100)


def shown(console: Console) -> str:
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_in_a_log_a_job_has_a_line_as_it_starts_and_one_as_it_ends() -> None:
    console = plain()
    with Progress(console, total=1) as progress:
        progress.stage_started("corebank.customers", "read")
        progress.stage_ended("corebank.customers", "read", 1.0)
        progress.stage_started("corebank.customers", "merge")
        progress.job_ended(customers())
    assert shown(console).splitlines() == [
        "corebank.customers: started",
        "✓ corebank.customers  applied  1,204 read, 11 quarantined, 12.3 s",
    ]


def test_in_a_log_a_long_stage_has_a_line() -> None:
    console = plain()
    with Progress(console) as progress:
        progress.stage_started("a", "merge")
        progress.stage_ended("a", "merge", 83.2)
    assert shown(console).splitlines() == ["a: started", "a: merge took 1 min 23 s"]


def test_on_a_terminal_jobs_at_work_and_the_tally_are_drawn() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=100, no_color=True)
    progress = Progress(console, total=3, clock=lambda: 0.0)
    progress.stage_started("a", "read")
    progress.stage_started("b", "merge")
    progress.job_ended(replace(bank_run().jobs[3], job="c"))
    progress._live = None
    console.file = io.StringIO()
    console.print(progress)
    text = shown(console)
    assert "a" in text and "read" in text and "merge" in text
    assert "1 of 3 jobs" in text and "1 failed" in text


def test_many_threads_may_tell_their_stages_at_once() -> None:
    console = plain()
    jobs = [replace(customers(), job=f"job{n}") for n in range(16)]

    with Progress(console, total=16) as progress:

        def work(n: int) -> None:
            for stage in ("read", "merge", "write") * 20:
                progress.stage_started(f"job{n}", stage)
                progress.stage_ended(f"job{n}", stage, 0.0)
            progress.job_ended(jobs[n])

        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    lines = shown(console).splitlines()
    assert sorted(line for line in lines if line.endswith("started")) == sorted(
        f"job{n}: started" for n in range(16)
    )
    assert sum(line.startswith("✓") for line in lines) == 16


def test_secrets_in_notes_are_not_shown() -> None:
    console = plain()
    with Progress(console) as progress:
        progress.note("a", "connecting to https://me:hunter2@host/")
    assert "hunter2" not in shown(console)
