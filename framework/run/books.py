"""Keeps a run's books: the ledger's facts as jobs end, the run's fact and report at its end, and now and then tables.

The tables' own commits are the truth about them, so a book that can't be written is told and never fails a run
whose data is already there.
"""

from __future__ import annotations

import time
from dataclasses import replace

from framework.context import RunContext
from framework.report import write_report
from framework.run.outcome import JobOutcome, RunOutcome
from framework.state.ledger import record, record_job
from framework.state.ledger_tables import fold_if_many


class Books:
    """The books of one run; its methods may be called from the threads of its jobs."""

    def __init__(self, ctx: RunContext, run: RunOutcome) -> None:
        self._ctx = ctx
        self._run = run
        self._begun = time.perf_counter()

    def job_ended(self, outcome: JobOutcome) -> JobOutcome:
        """Record a job that ended, tell whoever listens, and hand the outcome on."""
        try:
            so_far = replace(self._run, seconds=round(time.perf_counter() - self._begun, 3))
            record_job(self._ctx.storage, self._ctx.lake, so_far, outcome)
        except Exception as error:
            self._complain(outcome, f"the ledger could not be written: {error}", error)
        self._ctx.listener.job_ended(outcome)
        return outcome

    def run_ended(self) -> None:
        """Record the whole run and write its report."""
        for what, write in (("ledger", record), ("report", write_report)):
            try:
                write(self._ctx.storage, self._ctx.lake, self._run)
            except Exception as error:
                for outcome in self._run.jobs[:1]:
                    self._complain(outcome, f"the {what} could not be written: {error}", error)

    def fold(self) -> None:
        """Move facts into the ledger's tables, if enough of them wait: a small run pays for the listing alone."""
        try:
            fold_if_many(self._ctx)
        except Exception as error:
            # another run may be folding them, and the next one tries again
            self._ctx.log.warning("the ledger's facts could not be folded: %s", error)

    def _complain(self, outcome: JobOutcome, text: str, error: Exception) -> None:
        outcome.notes.append(text)
        self._ctx.log.warning("%s", text, exc_info=None if str(error) else error)
