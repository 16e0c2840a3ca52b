"""Runs that stop at a named boundary, as a crash would, so that a test can start them again.

>>> from framework.testing.crashes import BOUNDARIES
>>> BOUNDARIES
('discover', 'read', 'create', 'evolve', 'quarantine', 'tombstones', 'target')
"""

from __future__ import annotations

from framework.context import SilentListener

BOUNDARIES = ("discover", "read", "create", "evolve", "quarantine", "tombstones", "target")
"""The stages of a job, in their order; which of them a batch has depends on what it holds. The end of one is the
beginning of the next."""


class StopAt(SilentListener):
    """A listener that breaks the run when a stage begins, or after it has ended.

    The run raises KeyboardInterrupt. Nothing that comes later in the run is done, as if the process had been killed
    there; what was committed before stays.

    >>> try:
    ...     StopAt("target", after=True).stage_ended("crm.leads", "target", 0.1)
    ... except KeyboardInterrupt as stopped:
    ...     print(stopped)
    stopped after target
    """

    def __init__(self, stage: str, *, after: bool) -> None:
        self._stage, self._after = stage, after

    def stage_started(self, job: str, stage: str) -> None:
        if stage == self._stage and not self._after:
            raise KeyboardInterrupt(f"stopped before {stage}")

    def stage_ended(self, job: str, stage: str, seconds: float) -> None:
        if stage == self._stage and self._after:
            raise KeyboardInterrupt(f"stopped after {stage}")
