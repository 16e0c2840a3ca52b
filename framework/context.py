"""What one run carries: everything it needs from outside, so that nothing is global."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructType

    from framework.config.lake import Lake
    from framework.run.outcome import JobOutcome
    from framework.state.storage import Storage


class Listener(Protocol):
    """Hears what a run does, to show progress; must not raise."""

    def stage_started(self, job: str, stage: str) -> None: ...
    def stage_ended(self, job: str, stage: str, seconds: float) -> None: ...
    def note(self, job: str, text: str) -> None: ...
    def job_ended(self, outcome: JobOutcome) -> None: ...


class SilentListener:
    """A listener that shows nothing."""

    def stage_started(self, job: str, stage: str) -> None: ...
    def stage_ended(self, job: str, stage: str, seconds: float) -> None: ...
    def note(self, job: str, text: str) -> None: ...
    def job_ended(self, outcome: JobOutcome) -> None: ...


def utc_now() -> datetime:
    """The wall clock in UTC; enters bookkeeping only, never a table's rows."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class RunContext:
    """A run's session, lake, storage, clock, logger, listener, and whether it shall stop."""

    spark: SparkSession
    lake: Lake
    storage: Storage
    run_id: str
    clock: Callable[[], datetime] = utc_now
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("sluice"))
    listener: Listener = field(default_factory=SilentListener)
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the run is interrupted: its jobs begin no further step."""
    expected: Mapping[str, StructType] = field(default_factory=dict)
    """Tables that aren't there yet, as a plan expects jobs to make them: they read as empty."""

    def in_new_session(self) -> RunContext:
        """The same run with a Spark session of its own, whose settings and views race with nobody's."""
        from framework.session.child import child_session

        return replace(self, spark=child_session(self.spark))
