"""Being stopped from outside: Ctrl-C (SIGINT) and the polite end that schedulers ask for (SIGTERM).

Both are exceptions of the main thread, so that what is open is closed on the way out. A second one while a run winds
down ends the waiting::

    KeyboardInterrupt           130   Ctrl-C
    ├── Terminated              143   SIGTERM
    └── RunInterrupted                either, of a run: with what the run had done by then
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from framework.run.outcome import RunOutcome

INTERRUPTED = 130
TERMINATED = 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised as Ctrl-C is."""


class JobStopped(Exception):
    """A job of an interrupted run came to its next step, and went no further."""


class RunInterrupted(KeyboardInterrupt):
    """A run was stopped; its outcome says how far each job had got, and is in the ledger."""

    def __init__(self, outcome: RunOutcome, code: int) -> None:
        super().__init__(f"run {outcome.run_id} was interrupted")
        self.outcome = outcome
        self.exit_code = code


def interrupt_code(error: BaseException | None) -> int:
    """The exit code of an interruption: 128 and the signal's number, as shells have it.

    >>> interrupt_code(KeyboardInterrupt()), interrupt_code(Terminated())
    (130, 143)
    """
    if isinstance(error, RunInterrupted):
        return error.exit_code
    return TERMINATED if isinstance(error, Terminated) else INTERRUPTED


@contextmanager
def signals_raise() -> Iterator[None]:
    """SIGINT and SIGTERM raise in the main thread; elsewhere, and afterwards, all is as it was.

    To be entered once Spark has started: a new SparkContext puts a handler of its own there, which talks to the JVM in
    the middle of whatever the main thread was telling it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, handler)
        for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, _terminate))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, frame: object) -> NoReturn:
    raise Terminated
