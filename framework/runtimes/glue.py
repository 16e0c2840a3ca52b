"""Glue: the job is told its beginning and its end, and ends by returning or by an exception.

`awsglue` is there on Glue and nowhere else (its licence forbids to ship it), so it is imported when needed.
Bookmarks of Glue don't work with lake formats: where a reader has got to is kept in the lake, and `commit`
only closes the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from framework.errors import SessionError
from framework.runtimes.base import Build, build
from framework.session import SessionSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class GlueRuntime:
    """Calls `Job.init` before the first read, and `Job.commit` after the last write of a run that went well.

    `argv` is the script's name and the arguments that are not ours: `getResolvedOptions` takes abbreviations,
    and would take `--job` for its own `--job-bookmark-option`.
    """

    name = "glue"

    def __init__(self, settings: SessionSettings, argv: Sequence[str], build: Build = build) -> None:
        self.settings = settings
        self._argv = list(argv)
        self._build = build
        self._job: Any = None

    def start(self) -> SparkSession:
        session = self._build(self.settings)
        context, job, options = _import_awsglue()
        arguments = options(self._argv, ["JOB_NAME"])
        begun = job(context(session.sparkContext))
        begun.init(arguments["JOB_NAME"], arguments)
        self._job = begun
        return session

    def succeed(self) -> None:
        # never spark.stop() nor sys.exit(0): Glue reports both as failures
        self._job.commit()

    def fail(self, error: BaseException) -> NoReturn:
        raise error


def _import_awsglue() -> tuple[Any, Any, Any]:
    try:
        from awsglue.context import GlueContext  # type: ignore[import-not-found]
        from awsglue.job import Job  # type: ignore[import-not-found]
        from awsglue.utils import getResolvedOptions  # type: ignore[import-not-found]
    except ImportError as error:
        raise SessionError(
            "the runtime glue was asked for, but this isn't Glue",
            found=str(error),
            fix="Leave --runtime out, or name the platform that this is.",
        ) from error
    return GlueContext, Job, getResolvedOptions
