"""Logs of a run on standard output: a line of text or a JSON object per message, each with the run's id.

No files: every platform collects standard output, and files on a container's disk are lost with it.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from framework.run.outcome import JobOutcome

EXTRA = ("job", "stage", "seconds")
"""Attributes of a record that become keys of its JSON object."""


class TextFormatter(logging.Formatter):
    """`2026-11-21 05:00:00Z INFO  run-1 crm.leads: landed 3 files`."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        job = getattr(record, "job", None)
        where = f"{self._run_id} {job}" if job else self._run_id
        line = f"{_time(record):%Y-%m-%d %H:%M:%SZ} {record.levelname:<7} {where}: {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """One JSON object per message, never more than one line."""

    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "run_id": self._run_id,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= {name: getattr(record, name) for name in EXTRA if hasattr(record, name)}
        entry |= getattr(record, "facts", {})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, default=str)


def log_to_stdout(log_format: str, run_id: str, stream: TextIO | None = None) -> logging.Logger:
    """Send the logger `sluice` to standard output and return it; a second call replaces the first."""
    formatter = {"text": TextFormatter, "json": JsonFormatter}[log_format](run_id)
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(formatter)
    logger = logging.getLogger("sluice")
    # where `logging.captureWarnings` is on, Python's warnings keep the form of the log, too
    logging.getLogger("py.warnings").handlers[:] = [handler]
    logger.handlers[:] = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger


class LogListener:
    """Hears a run and logs what it hears."""

    def __init__(self, logger: logging.Logger) -> None:
        self._log = logger

    def stage_started(self, job: str, stage: str) -> None:
        self._log.debug("%s ...", stage, extra={"job": job, "stage": stage})

    def stage_ended(self, job: str, stage: str, seconds: float) -> None:
        extra = {"job": job, "stage": stage, "seconds": round(seconds, 3)}
        self._log.info("%s took %.1f s", stage, seconds, extra=extra)

    def note(self, job: str, text: str) -> None:
        self._log.info("%s", text, extra={"job": job})

    def job_ended(self, outcome: JobOutcome) -> None:
        self._log.info("%s", outcome.status, extra={"job": outcome.job, "seconds": outcome.seconds})


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
