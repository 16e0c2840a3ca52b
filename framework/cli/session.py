"""A Spark session for a command, on this machine, without its chatter on the terminal."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from framework.interruption import RunInterrupted, signals_raise

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from framework.cli.progress import Progress
    from framework.config import Project
    from framework.context import RunContext
    from framework.runtimes.base import Runtime


@contextmanager
def spark_for(
    project: Project, progress: Progress | None = None, jars: Sequence[str] = ()
) -> Iterator[SparkSession]:
    """The project's session by the local runtime, ended with the command; SIGTERM is as good as Ctrl-C."""
    from framework.runtimes import open_runtime

    if progress is not None:
        progress.say("starting Spark")
    runtime = open_runtime("local", project, jars=jars)
    with _jvm_log():
        spark = runtime.start()
    if progress is not None:
        progress.say("")
    with signals_raise(), _quiet_py4j(), _ended(runtime):
        yield spark


@contextmanager
def _quiet_py4j() -> Iterator[None]:
    """Without the tracebacks that py4j logs where the JVM is gone: the error itself says it."""

    def keep(record: logging.LogRecord) -> bool:
        return not str(record.msg).startswith("Exception while sending command")

    root = logging.getLogger()
    root.addFilter(keep)
    yield
    # after an error it stays: what is left lets go of the JVM's objects when it is collected, and py4j logs that
    root.removeFilter(keep)


@contextmanager
def _ended(runtime: Runtime) -> Iterator[None]:
    """The runtime's end, unless this thread was interrupted in the middle of a word to the JVM: it would wait for the
    answer to that before it said anything else. The JVM ends with this process, whatever it is at."""
    try:
        yield
    except (RunInterrupted, Exception):
        runtime.succeed()
        raise
    else:
        runtime.succeed()


def context_for(project: Project, spark: SparkSession) -> RunContext:
    """A context for a command that only looks."""
    from framework.context import RunContext
    from framework.state import storage_for

    return RunContext(
        spark=spark, lake=project.lake, storage=storage_for(project.lake.root, spark), run_id="command"
    )


@contextmanager
def _jvm_log() -> Iterator[None]:
    """Send what a JVM started here writes to standard error into a file, for as long as it lives.

    The JVM inherits the descriptor; Python gets its own back at once. `SLUICE_SPARK_LOG` names the file; set to `-`
    it leaves the terminal to Spark.
    """
    wanted = os.environ.get("SLUICE_SPARK_LOG", "")
    if wanted == "-":
        yield
        return
    sys.stderr.flush()
    with Path(wanted).open("ab") if wanted else tempfile.TemporaryFile() as log:
        kept = os.dup(2)
        os.dup2(log.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(kept, 2)
            if not wanted:
                _show_tail(log.fileno())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _show_tail(descriptor: int, lines: int = 15) -> None:
    """The last lines of the log, where Spark didn't start."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    os.lseek(descriptor, max(0, size - 8192), os.SEEK_SET)
    text = os.read(descriptor, 8192).decode(errors="replace").strip()
    if text:
        sys.stderr.write("\n".join(text.splitlines()[-lines:]) + "\n")
