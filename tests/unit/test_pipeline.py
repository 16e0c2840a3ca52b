"""Pipelines: order, side by side, failures contained."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from framework.interruption import Terminated, interrupt_code, signals_raise
from framework.run.outcome import JobOutcome
from framework.run.pipeline import PipelineInterrupted, run_pipeline


def outcome(job: str, status: str) -> JobOutcome:
    return JobOutcome(job, f"standardized.x.{job}", "standardized", status)  # type: ignore[arg-type]


def skipped(job: str, because: str) -> JobOutcome:
    return outcome(job, "skipped")


def run(
    names: list[str], edges: list[tuple[str, str]], work: Callable[[str], JobOutcome], parallel: int = 2
) -> dict[str, str]:
    done = run_pipeline(names, edges, work, skipped, parallel)
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


@pytest.fixture
def interruptible() -> Iterator[None]:
    """What started in the background of a shell ignores interrupts, and so would the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_main(number: int = signal.SIGINT) -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, number)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_pipeline_cancels_what_runs_and_starts_nothing_more() -> None:
    cancelled, started = threading.Event(), []

    def work(name: str) -> JobOutcome:
        started.append(name)
        interrupt_main()
        assert cancelled.wait(10)
        return outcome(name, "failed")

    with pytest.raises(PipelineInterrupted) as found:
        run_pipeline(["a", "b"], [("a", "b")], work, skipped, 2, cancel=cancelled.set)
    assert {name: each.status for name, each in found.value.done.items()} == {"a": "failed"}
    assert started == ["a"]


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_pipeline_doesnt_wait_for_a_job_that_cant_be_cancelled() -> None:
    def work(name: str) -> JobOutcome:
        if name == "stuck":
            interrupt_main()
            threading.Event().wait(5)
        return outcome(name, "applied")

    begun = time.monotonic()
    with pytest.raises(PipelineInterrupted) as found:
        run_pipeline(["a", "stuck"], [("a", "stuck")], work, skipped, 1, grace=0.3)
    assert list(found.value.done) == ["a"]
    assert time.monotonic() - begun < 3
    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("sluice-"))


def test_what_a_job_raises_though_it_must_not_comes_out_as_it_is() -> None:
    def work(name: str) -> JobOutcome:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_pipeline(["a"], [], work, skipped, 1)


def test_sigterm_is_an_interruption_with_a_code_of_its_own() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated) as found, signals_raise():
        interrupt_main(signal.SIGTERM)
        threading.Event().wait(5)
    assert interrupt_code(found.value) == 143
    assert signal.getsignal(signal.SIGTERM) == before
