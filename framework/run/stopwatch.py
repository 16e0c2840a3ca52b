"""Timing the stages of a job, and telling whoever listens; between them a job can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from framework.context import Listener
from framework.interruption import JobStopped
from framework.run.outcome import Stage


class Stopwatch:
    """Collects the stages of one job; a stage that comes twice (two batches) is summed."""

    def __init__(self, job: str, listener: Listener, stop: threading.Event | None = None) -> None:
        self._job = job
        self._listener = listener
        self._stop = stop or threading.Event()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage; also one that fails.

        Raises:
            JobStopped: the run was interrupted; the stage doesn't begin.
        """
        if self._stop.is_set():
            raise JobStopped(f"{self._job} was stopped before {name}")
        self._listener.stage_started(self._job, name)
        begun = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - begun
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds
            self._listener.stage_ended(self._job, name, seconds)

    @property
    def stages(self) -> list[Stage]:
        return [Stage(name, round(seconds, 3)) for name, seconds in self._seconds.items()]
