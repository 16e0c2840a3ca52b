"""What a run, a plan and a history print, to the letter."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from framework.cli.history_view import history_parts
from framework.cli.plan_view import plan_parts
from framework.cli.summary import summary
from framework.run.outcome import Counts
from tests.unit.cli.samples import bank_run, customers, customers_plan

GOLDEN = Path(__file__).parent / "golden"


def text_of(parts: Iterable[RenderableType], width: int = 140) -> str:
    """What a terminal without colours shows; spaces at the ends of lines left out."""
    console = Console(width=width, no_color=True, file=io.StringIO(), highlight=False)
    for part in parts:
        console.print(part)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in shown.splitlines()).strip("\n") + "\n"


def check(name: str, text: str) -> None:
    """Compare with the golden file; SLUICE_GOLDEN=1 writes it anew."""
    path = GOLDEN / name
    if os.environ.get("SLUICE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("width", [140, 90])
def test_a_summary_shows_jobs_rejects_rules_errors_and_the_verdict(width: int) -> None:
    check(f"summary_{width}.txt", text_of(summary(bank_run()), width))


def test_a_plan_shows_drift_ddl_and_counts() -> None:
    check("plan.txt", text_of(plan_parts(customers_plan())))


def test_a_history_shows_a_line_for_each_run() -> None:
    killed = replace(bank_run(), run_id="20261121-060000-dead00", finished=False, jobs=[customers()])
    check("history.txt", text_of(history_parts([bank_run(), killed], None)))


def test_a_history_of_a_job_shows_its_batches_and_versions() -> None:
    check("history_job.txt", text_of(history_parts([bank_run()], "corebank.customers")))


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
def test_no_number_is_ever_cut(width: int) -> None:
    job = replace(customers(), counts=Counts(*(123_456_789 + n for n in range(10))))
    text = text_of(summary(replace(bank_run(), jobs=[job])), width)
    joined = "".join(text.split())
    for n in range(10):
        assert f"{123_456_789 + n:,}" in joined if width < 80 else f"{123_456_789 + n:,}" in text
    assert "…" not in text.split("Rejected rows")[0]


def test_square_brackets_in_names_are_text_and_not_markup() -> None:
    job = replace(customers(), job="a[red]b", reject_reasons={"[bold]x[/]": 1})
    text = text_of(summary(replace(bank_run(), jobs=[job])))
    assert "a[red]b" in text
    assert "[bold]x[/]" in text


def test_a_secret_in_an_error_is_not_printed() -> None:
    failed = replace(
        bank_run().jobs[3], error="can't reach jdbc:postgresql://me:hunter2@db/x?password=hunter2&a=b"
    )
    text = text_of(summary(replace(bank_run(), jobs=[failed])))
    assert "hunter2" not in text
    assert "***" in text


def test_rows_of_a_table_wider_than_the_terminal_are_shown_one_below_the_other() -> None:
    from rich.console import Console

    from framework.cli.table_view import records

    console = Console(width=40, record=True, file=StringIO())
    for part in records(
        ["run_id", "error"], [{"run_id": "r1", "error": None}, {"run_id": "r2", "error": "[x]"}]
    ):
        console.print(part)
    lines = [line.rstrip() for line in console.export_text().splitlines()]
    assert lines == ["run_id  r1", "error   NULL", "", "run_id  r2", "error   [x]", ""]
