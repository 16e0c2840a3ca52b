"""Declared columns, keys and partitions: types that Spark knows, names that exist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from framework.changes.columns import DELETED_AT, HISTORY_COLUMNS, PREFIX
from framework.config.checks.problem import problem
from framework.config.job import Job, Read
from framework.config.project import Project
from framework.config.sources import sources
from framework.config.types import type_problem
from framework.config.words import did_you_mean
from framework.errors import ConfigError

_TEMPORAL = ("date", "timestamp", "timestamp_ntz", "timestamp_ltz")


def check_columns(project: Project, job: Job) -> Iterator[ConfigError]:
    """Types of declared columns, and columns that keys and partitions name."""
    for key, source in sources(job):
        yield from _declared(project, job, f"{key}.schema", source)
    known = known_columns(job)
    yield from _listed(project, job, "changes.keys", job.changes.keys, known)
    yield from _listed(project, job, "changes.tracked", job.changes.tracked or (), known)
    if job.versioned:
        yield from _validity(project, job, known)
    yield from _added(project, job, known)
    yield from _twice(project, job, "changes.sequence", job.changes.sequence)
    added = added_columns(job)
    yield from _partitions(project, job, [*known, *added] if known is not None else None)


def added_columns(job: Job) -> tuple[str, ...]:
    """The columns that a job's table has beside those of its source, for everyone to read.

    >>> added_columns(Job(job="a", read={"format": "csv"}, write={"table": "b.c.d"}))
    ()
    """
    if job.versioned:
        return HISTORY_COLUMNS
    return (DELETED_AT,) if job.keeps_deleted else ()


def known_columns(job: Job) -> list[str] | None:
    """The columns a job's table will have as far as its file tells: one source, declared, no transform."""
    if job.transform is not None or not isinstance(job.read, Read) or job.read.columns is None:
        return None
    return [column.name for column in job.read.columns]


def _declared(project: Project, job: Job, key: str, source: Read) -> Iterator[ConfigError]:
    if source.columns == []:
        yield problem(project, job, key, "declares no column", fix="Remove it to have the columns inferred.")
    yield from _twice(project, job, key, [column.name for column in source.columns or []])
    for column in source.columns or []:
        if column.name.lower().startswith(PREFIX):
            what = "begins as the framework's own columns do"
            fix = "Choose another `name`, and give the old one as `source`."
            yield problem(project, job, f"{key}.{column.name}", what, found=column.name, fix=fix)
        wrong = type_problem(column.type)
        if wrong is not None:
            yield problem(
                project,
                job,
                f"{key}.{column.name}",
                "has a type that Spark doesn't know",
                found=column.type,
                expected=wrong.expected,
                fix=wrong.fix,
            )
        elif column.format is not None and column.type.strip().lower() not in _TEMPORAL:
            yield problem(
                project,
                job,
                f"{key}.{column.name}",
                "has a format, which only dates and timestamps have",
                found=f"type {column.type}",
                fix="Remove `format`, or make the type date or timestamp.",
            )


def _validity(project: Project, job: Job, known: Sequence[str] | None) -> Iterator[ConfigError]:
    if job.changes.valid_time:
        yield from _unknown(project, job, "changes.valid_time", [job.changes.valid_time], known)


def _added(project: Project, job: Job, known: Sequence[str] | None) -> Iterator[ConfigError]:
    adds = "`history: scd2`" if job.versioned else "`delete: soft`"
    for name in known or ():
        if name.lower() in added_columns(job):
            yield problem(
                project,
                job,
                f"read.schema.{name}",
                f"is called like a column that {adds} adds",
                found=name,
                fix="Choose another `name`, and give the old one as `source`.",
            )


def _partitions(project: Project, job: Job, known: Sequence[str] | None) -> Iterator[ConfigError]:
    from framework.tables.partitioning import parse_partition

    named = []
    for entry in job.write.partition_by:
        try:
            named.append(parse_partition(entry).column)
        except ConfigError as error:
            yield problem(
                project,
                job,
                "write.partition_by",
                "has an entry that is no partition",
                found=entry,
                expected=error.expected,
            )
            continue
        if _is_call(entry, named[-1]):
            yield problem(
                project,
                job,
                "write.partition_by",
                "has an entry that is no partition",
                found=entry,
                expected="a column, bucket(16, c), truncate(4, c), years(c), months(c), days(c) or hours(c)",
                fix=did_you_mean(
                    entry.partition("(")[0], ["bucket", "truncate", "years", "months", "days", "hours"]
                ),
            )
    yield from _unknown(project, job, "write.partition_by", named, known)


def _is_call(entry: str, column: str) -> bool:
    """Whether something with parentheses passed as a plain column: `bucket(id, 16)`."""
    return "(" in column and not entry.strip().startswith("`")


def _listed(
    project: Project, job: Job, key: str, names: Sequence[str], known: Sequence[str] | None
) -> Iterator[ConfigError]:
    yield from _twice(project, job, key, names)
    yield from _unknown(project, job, key, names, known)


def _unknown(
    project: Project, job: Job, key: str, names: Sequence[str], known: Sequence[str] | None
) -> Iterator[ConfigError]:
    folded = {name.lower() for name in known or ()}
    for name in names if known is not None else ():
        if name.lower() not in folded and "(" not in name:
            yield problem(
                project,
                job,
                key,
                "names a column that `read.schema` doesn't declare",
                found=name,
                fix=did_you_mean(name, known or ()),
            )


def _twice(project: Project, job: Job, key: str, names: Sequence[str]) -> Iterator[ConfigError]:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            yield problem(
                project, job, key, "names a column twice", found=name, fix="Remove one (case doesn't matter)."
            )
        seen.add(name.lower())
