"""Jobs in the order of what they read and write; independent ones side by side, failures contained.

Each job has a thread that nobody has to wait for: when a run is interrupted, its jobs get some seconds to end, and the
process leaves without those that don't.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread

from framework.run.outcome import JobOutcome

Work = Callable[[str], JobOutcome]
Skip = Callable[[str, str], JobOutcome]

GRACE = 10.0
"""So many seconds an interrupted run waits for its jobs to end."""
_AGAIN = 0.25


class PipelineInterrupted(KeyboardInterrupt):
    """A pipeline was stopped: the outcomes of the jobs that ended, by name, and who was still at work."""

    def __init__(self, done: dict[str, JobOutcome], busy: Collection[str]) -> None:
        super().__init__()
        self.done = done
        self.busy = frozenset(busy)


def run_pipeline(
    names: Sequence[str],
    edges: Collection[tuple[str, str]],
    work: Work,
    skip: Skip,
    parallel: int,
    cancel: Callable[[], None] = lambda: None,
    grace: float = GRACE,
) -> list[JobOutcome]:
    """Run jobs, each after those it depends on; `skip(job, because)` makes the outcome of one that can't run.

    Outcomes come in the order of `names`. `work` must not raise. `cancel` is called, again and again, to make the jobs
    at work end early.

    Raises:
        PipelineInterrupted: the main thread was interrupted; jobs were cancelled and had `grace` seconds to end.
    """
    waiting = {name: {a for a, b in edges if b == name and a in names} for name in names}
    done: dict[str, JobOutcome] = {}
    crew = _Crew(work)
    try:
        while waiting or crew.busy:
            _start_ready(waiting, done, crew, skip, parallel)
            if crew.busy:
                name, ended = crew.next()
                done[name] = ended
    except KeyboardInterrupt as error:
        _wind_down(crew, done, cancel, grace)
        raise PipelineInterrupted(done, crew.busy) from error
    except _Broken as error:
        _wind_down(crew, done, cancel, grace)
        raise error.cause from None
    return [done[name] for name in names]


class _Broken(Exception):
    """A job raised, though it must not."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause


class _Crew:
    """The jobs at work, a daemon thread for each."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._ended: SimpleQueue[tuple[str, JobOutcome | BaseException]] = SimpleQueue()
        self.busy: set[str] = set()

    def start(self, name: str) -> None:
        self.busy.add(name)
        Thread(target=self._do, args=(name,), name=f"sluice-{name}", daemon=True).start()

    def next(self, timeout: float | None = None) -> tuple[str, JobOutcome]:
        """The next job that ends; Empty if none does in time."""
        name, ended = self._ended.get(timeout=timeout)
        self.busy.discard(name)
        if isinstance(ended, BaseException):
            raise _Broken(ended)
        return name, ended

    def _do(self, name: str) -> None:
        try:
            self._ended.put((name, self._work(name)))
        except BaseException as error:
            self._ended.put((name, error))


def _start_ready(
    waiting: dict[str, set[str]], done: dict[str, JobOutcome], crew: _Crew, skip: Skip, parallel: int
) -> None:
    for name in list(waiting):
        broken = sorted(a for a in waiting[name] if a in done and done[a].status in ("failed", "skipped"))
        if broken:
            done[name] = skip(name, broken[0])
            del waiting[name]
        elif waiting[name] <= done.keys() and len(crew.busy) < parallel:
            crew.start(name)
            del waiting[name]


def _wind_down(crew: _Crew, done: dict[str, JobOutcome], cancel: Callable[[], None], grace: float) -> None:
    """Cancel until nobody is at work: a job may have been between two steps that can be cancelled."""
    until = time.monotonic() + grace
    while crew.busy and time.monotonic() < until:
        cancel()
        with suppress(Empty, _Broken):
            name, outcome = crew.next(timeout=_AGAIN)
            done[name] = outcome
