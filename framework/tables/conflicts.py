"""Lost races between writers: how they look in either format, and doing the whole thing again.

Neither format repeats a merge whose reading was overtaken by another commit; and neither may we repeat it
blindly: the batch has to be reconciled with what the other writer left. So the action that is done again is
the whole one.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from framework.errors import ConflictError

T = TypeVar("T")

_CONFLICTS = frozenset(
    {
        # Delta
        "ConcurrentAppendException",
        "ConcurrentDeleteReadException",
        "ConcurrentDeleteDeleteException",
        "ConcurrentTransactionException",
        "ConcurrentWriteException",
        "ConcurrentModificationException",
        "MetadataChangedException",
        "ProtocolChangedException",
        "CommitFailedException",
        # Iceberg
        "CommitStateUnknownException",
    }
)
_UNKNOWN = "CommitStateUnknownException"
# Iceberg's ValidationException says other things as well; these are the ones about other writers
_OVERTAKEN = re.compile(
    r"ValidationException:?\s*(Found (new )?conflicting|Cannot commit, (missing|found new)"
    r"|Missing required files|Cannot determine history)"
)
_BUSY = re.compile(
    r"SQLITE_BUSY|database is locked|could not serialize access|deadlock detected", re.IGNORECASE
)
_CLASS = re.compile(r"\b(?:[a-z_][\w$]*\.)+([A-Z]\w*)")


def is_conflict(error: BaseException) -> bool:
    """Whether another writer won, so that the whole action may be done again from a fresh read.

    >>> is_conflict(RuntimeError("io.delta.exceptions.ConcurrentAppendException: files were added"))
    True
    >>> is_conflict(RuntimeError("io.delta.exceptions.DeltaFileNotFoundException: gone"))
    False
    """
    if isinstance(error, ConflictError):
        return True
    return any(
        bool(_CONFLICTS & set(_CLASS.findall(text))) or _OVERTAKEN.search(text) or _BUSY.search(text)
        for text in texts(error)
    )


def is_unknown(error: BaseException) -> bool:
    """Whether nobody knows if the commit happened: look it up before trying again."""
    return any(_UNKNOWN in _CLASS.findall(text) for text in texts(error))


def retry_on_conflict(
    action: Callable[[], T],
    *,
    attempts: int = 5,
    first_wait: float = 0.2,
    longest_wait: float = 10.0,
    on_retry: Callable[[int, BaseException], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = random.random,
) -> T:
    """Do the whole action, again after each lost race, with growing and jittered waits.

    >>> retry_on_conflict(lambda: "done")
    'done'
    """
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except Exception as error:
            if not is_conflict(error):
                raise
            if attempt == attempts:
                raise ConflictError(
                    f"another writer won {attempts} times in a row",
                    found=_first_line(error),
                    fix="Let one job at a time write the table, or raise the number of attempts.",
                ) from error
            if on_retry is not None:
                on_retry(attempt, error)
            sleep(min(longest_wait, first_wait * 2 ** (attempt - 1)) * (0.5 + chance()))
    raise AssertionError("at least one attempt is made")


def texts(error: BaseException) -> Iterator[str]:
    """Class names and messages along the causes, of Python's errors and of the JVM's behind them."""
    seen: set[int] = set()
    step: BaseException | None = error
    while step is not None and id(step) not in seen:
        seen.add(id(step))
        yield str(step)
        yield from _java_texts(getattr(step, "java_exception", None) or getattr(step, "_origin", None))
        yield from _captured_texts(step)
        step = step.__cause__ or step.__context__


def _java_texts(throwable: Any) -> Iterator[str]:
    for _ in range(20):
        if throwable is None:
            return
        try:
            yield str(throwable.toString())
            throwable = throwable.getCause()
        except Exception:
            return


def _captured_texts(error: Any) -> Iterator[str]:
    """PySpark keeps the message and stack of the JVM's error, whose class names are all there."""
    for attribute in ("_desc", "_stackTrace"):
        text = getattr(error, attribute, None)
        if isinstance(text, str):
            # frames mention classes that didn't fail: only the heads of causes count
            yield "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("at "))


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
