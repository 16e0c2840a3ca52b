"""What Spark and its sources say when they fail, in a line; and which failures of a running scan are the source's."""

from __future__ import annotations

import re

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from framework.errors import ReadError

SPARK_ERRORS: tuple[type[Exception], ...] = (Py4JJavaError, PySparkException)
"""What a call into Spark may raise."""

_SOURCE = re.compile(
    r"FAILED_READ_FILE|CANNOT_READ_FILE|FileReadException|Encountered error while reading file|"
    r"is not a Parquet file|FileNotFoundException|InvalidAvroMagic|Not an Avro|Malformed ORC|SQLException|PSQLException"
)
_FILE = re.compile(
    r"(?:while reading file|Could not read(?: footer for)? file:?|reading file) [\"']?(?:file:)?(\S+?)[\"'.,]*(?:\s|$)"
)


def told(error: BaseException) -> str:
    """The first line of what went wrong.

    >>> told(ValueError("no such thing\\nat line 3"))
    'no such thing'
    """
    text = str(error.java_exception) if isinstance(error, Py4JJavaError) else str(error)
    line = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    return re.sub(r"^(?:[a-z]+\.)+[A-Z]\w*(?:Exception|Error): ", "", line)


def source_failure(error: BaseException) -> ReadError | None:
    """The failure of a running scan as a ReadError, if it is the source's fault: scans fail when a batch is computed.

    For whoever computes a batch: `raise found from error` if this finds something.
    """
    if not isinstance(error, SPARK_ERRORS) or not _SOURCE.search(str(error)):
        return None
    file = _FILE.search(str(error))
    return ReadError(
        f"cannot read {file[1]}" if file else "a source can't be read to its end",
        found=told(error),
        fix="Restore the file or the connection and run again; nothing of the batch was written.",
    )
