"""How a run that failed leaves each platform: by an exit code, or by an exception that nobody catches.

Glue takes every `SystemExit`, 0 included, for a failure and shows its number instead of the reason; in YARN's
cluster mode nobody sees the driver but through its log. Everywhere else a scheduler reads the exit code,
which says the class of the error (`framework.errors`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from framework.errors import SluiceError
from framework.interruption import interrupt_code

Leave = Callable[[BaseException], NoReturn]


class JobsFailedError(SluiceError):
    """Jobs of a run failed; its exit code is that of the first."""

    def __init__(self, failed: Mapping[str, str], code: int) -> None:
        self.exit_code = code
        reasons = "; ".join(f"{job}: {reason}" for job, reason in failed.items())
        super().__init__(f"{len(failed)} job(s) failed: {reasons}")


def exit_code(error: BaseException) -> int:
    """The exit code for an error: its class's own, 130 for Ctrl-C, 143 for SIGTERM, 1 for what has no name.

    >>> from framework.errors import ReadError
    >>> exit_code(ReadError("the folder is missing")), exit_code(KeyboardInterrupt()), exit_code(ValueError())
    (5, 130, 1)
    """
    if isinstance(error, SluiceError):
        return error.exit_code
    return interrupt_code(error) if isinstance(error, KeyboardInterrupt) else 1


def by_code(error: BaseException) -> NoReturn:
    """Leave with the exit code of the error's class."""
    raise SystemExit(exit_code(error)) from error


def by_raising(error: BaseException) -> NoReturn:
    """Leave by the error itself, for platforms that show it as the reason."""
    raise error


def in_yarn_container(environ: Mapping[str, str]) -> bool:
    """True if this process is a container of YARN: for a driver, that is cluster mode."""
    return "CONTAINER_ID" in environ


def leave_for(runtime: str, environ: Mapping[str, str]) -> Leave:
    """The way to leave a runtime after a failure."""
    raises = runtime == "glue" or in_yarn_container(environ)
    return by_raising if raises else by_code
