"""Each source has the keys that its format needs, and none that mean nothing to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from framework.config.checks.changes import MESSAGE_ENVELOPES, envelope_of
from framework.config.checks.problem import problem
from framework.config.job import FileFormat, Job, Read
from framework.config.project import Project
from framework.config.secrets import hidden
from framework.config.sources import TABLES, sources
from framework.config.words import did_you_mean
from framework.errors import ConfigError

FILES: tuple[str, ...] = get_args(FileFormat)
_JDBC_ONLY = ("url", "user", "password", "query", "incremental", "partition_column", "partitions")
_TABLE_ONLY = ("version", "timestamp")
_SQL_NAME = "a letter, then letters, digits and _"


def check_reads(project: Project, job: Job) -> Iterator[ConfigError]:
    """Contradictory or missing keys of the sources, and of how many there are."""
    for key, source in sources(job):
        if source.format in FILES:
            yield from _files(project, job, key, source)
        elif source.format == "jdbc":
            yield from _jdbc(project, job, key, source)
        elif source.format in TABLES:
            yield from _table(project, job, key, source)
        else:
            yield from _plugin(project, job, key, source)
    yield from _count(project, job)
    if job.land and job.land.source.format in TABLES:
        yield problem(
            project,
            job,
            "land.from.format",
            "can't be landed",
            found=job.land.source.format,
            expected="files or jdbc",
            fix="Read the table directly: `read: {format: table, table: ...}`.",
        )


def _count(project: Project, job: Job) -> Iterator[ConfigError]:
    if not job.sources:
        yield problem(
            project, job, "read", "names no source", fix="Give `format` and `path`, `table` or `url`."
        )
    merges = job.mode == "merge" and not job.changes.snapshot
    if len(job.sources) > 1 and job.transform is None and not merges:
        yield problem(
            project,
            job,
            "read",
            "has several sources, and no transform makes one of them",
            found=", ".join(job.sources),
            fix="Add `transform:` with `sql:` or `python:`, or `changes: {keys: [...]}`, which merges all of them.",
        )
    for name in job.sources:
        if not name.isidentifier():
            yield problem(
                project, job, f"read.{name}", "can't be the name of a source", found=name, expected=_SQL_NAME
            )


def _files(project: Project, job: Job, key: str, source: Read) -> Iterator[ConfigError]:
    if not source.path:
        yield problem(
            project, job, key, f"has no path, and its format is {source.format}", fix="Add `path:` below it."
        )
    # feeds of many tables: a job picks its own
    picks = source.format == "dms" or (not key.startswith("land") and envelope_of(job) in MESSAGE_ENVELOPES)
    yield from _foreign(
        project, job, key, source, (*(() if picks else ("table",)), *_JDBC_ONLY, *_TABLE_ONLY)
    )


def _table(project: Project, job: Job, key: str, source: Read) -> Iterator[ConfigError]:
    if not source.table:
        yield problem(
            project,
            job,
            key,
            f"has no table, and its format is {source.format}",
            fix="Add `table: layer.domain.table` below it.",
        )
    if source.version is not None and source.timestamp is not None:
        yield problem(
            project,
            job,
            f"{key}.timestamp",
            "contradicts `version`",
            found="both",
            expected="one of them",
            fix="Remove one.",
        )
    feed = () if source.format == "table" else _TABLE_ONLY
    yield from _foreign(project, job, key, source, ("path", "columns", *_JDBC_ONLY, *feed))


def _jdbc(project: Project, job: Job, key: str, source: Read) -> Iterator[ConfigError]:
    if not source.url:
        yield problem(
            project,
            job,
            key,
            "has no url, and its format is jdbc",
            fix="Add `url:` below it, such as jdbc:postgresql://host/database.",
        )
    elif not source.url.startswith("jdbc:") and "://" not in source.url[:12]:
        yield problem(
            project,
            job,
            f"{key}.url",
            "is no address of a database",
            found=hidden(source.url),
            expected="jdbc:<database>://host/name",
        )
    if bool(source.table) == bool(source.query):
        yield problem(
            project,
            job,
            key,
            "has " + ("both table and query" if source.table else "neither table nor query"),
            expected="one of them",
            fix="Write `table: schema.name` or `query: select ...`.",
        )
    if bool(source.partition_column) != (source.partitions is not None):
        lacking = "partitions" if source.partition_column else "partition_column"
        yield problem(
            project,
            job,
            key,
            f"has no `{lacking}`",
            expected="partition_column and partitions together",
            fix=f"Add `{lacking}:` below it.",
        )
    yield from _foreign(project, job, key, source, ("path", *_TABLE_ONLY))


def _plugin(project: Project, job: Job, key: str, source: Read) -> Iterator[ConfigError]:
    from importlib.metadata import entry_points

    from framework.readers.registry import GROUP

    known = [*FILES, "jdbc", *TABLES, *(point.name for point in entry_points(group=GROUP))]
    if source.format not in known:
        yield problem(
            project,
            job,
            f"{key}.format",
            "has no reader",
            found=source.format,
            fix=did_you_mean(source.format, known),
        )


def _foreign(
    project: Project, job: Job, key: str, source: Read, names: tuple[str, ...]
) -> Iterator[ConfigError]:
    for name in names:
        if getattr(source, name) is not None:
            written = "schema" if name == "columns" else name
            yield problem(
                project,
                job,
                f"{key}.{written}",
                f"means nothing to format {source.format}",
                fix="Remove it, or correct `format`.",
            )
