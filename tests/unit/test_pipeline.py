"""Pipelines: order, side by side, failures contained."""

from __future__ import annotations

import threading
from collections.abc import Callable

from framework.run.outcome import JobOutcome
from framework.run.pipeline import run_pipeline


def outcome(job: str, status: str) -> JobOutcome:
    return JobOutcome(job, f"standardized.x.{job}", "standardized", status)  # type: ignore[arg-type]


def run(
    names: list[str], edges: list[tuple[str, str]], work: Callable[[str], JobOutcome], parallel: int = 2
) -> dict[str, str]:
    done = run_pipeline(names, edges, work, lambda job, because: outcome(job, "skipped"), parallel)
    assert [each.job for each in done] == names
    return {each.job: each.status for each in done}


def test_a_job_runs_after_all_it_reads_from() -> None:
    order: list[str] = []

    def work(name: str) -> JobOutcome:
        order.append(name)
        return outcome(name, "applied")

    run(["c", "b", "a"], [("a", "b"), ("b", "c"), ("a", "c")], work)
    assert order == ["a", "b", "c"]


def test_what_depends_on_a_failure_is_skipped_and_the_rest_goes_on() -> None:
    def work(name: str) -> JobOutcome:
        return outcome(name, "failed" if name == "a" else "applied")

    found = run(["a", "b", "c", "d"], [("a", "b"), ("b", "c")], work)
    assert found == {"a": "failed", "b": "skipped", "c": "skipped", "d": "applied"}


def test_independent_jobs_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)

    def work(name: str) -> JobOutcome:
        meeting.wait()
        return outcome(name, "applied")

    assert set(run(["a", "b"], [], work).values()) == {"applied"}


def test_no_more_jobs_run_at_once_than_allowed() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(name: str) -> JobOutcome:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1
        return outcome(name, "applied")

    run([str(i) for i in range(6)], [], work, parallel=2)
    assert most == 2


def test_an_edge_from_a_job_that_is_not_chosen_doesnt_block() -> None:
    assert run(["b"], [("a", "b")], lambda name: outcome(name, "applied")) == {"b": "applied"}
