"""Failures of a running batch in the framework's words, where their cause can be told."""

from __future__ import annotations

import re

from framework.errors import SluiceError, TableError
from framework.readers.failures import source_failure

_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|database or disk is full")


def explained(error: BaseException, root: str) -> BaseException:
    """The error itself, or one that says what to do about it.

    >>> explained(OSError("No space left on device"), "/lake").what
    'there is no space left to write to'
    """
    if isinstance(error, SluiceError):
        return error
    full = _NO_SPACE.search(str(error))
    if full is not None:
        return TableError(
            "there is no space left to write to",
            found=full[0],
            fix=f"Free some below {root} (lake.root) and in spark.local.dir, and run again: "
            "what was begun is done again from its intent.",
        )
    return source_failure(error) or error
