"""How changes apply and how the table is written: keys that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from framework.config.checks.problem import problem
from framework.config.job import Job
from framework.config.project import Project
from framework.errors import ConfigError

_FEEDS = ("dms",)
"""Formats that deliver changes, not rows."""


def check_changes(project: Project, job: Job) -> Iterator[ConfigError]:
    """Contradictions among `changes` and `write`."""
    yield from _merging(project, job)
    yield from _ordering(project, job)
    yield from _writing(project, job)
    yield from _envelope(project, job)


def _merging(project: Project, job: Job) -> Iterator[ConfigError]:
    changes, mode = job.changes, job.write.mode
    if mode == "merge" and not changes.keys:
        yield problem(
            project,
            job,
            "write.mode",
            "merges, and nothing says which columns identify a row",
            found="merge",
            fix="Add `changes: {keys: [...]}`.",
        )
    if mode == "merge" and changes.history == "append":
        yield problem(
            project,
            job,
            "changes.history",
            "contradicts `write.mode: merge`",
            found="append",
            expected="scd1",
            fix="Remove one of the two.",
        )
    if mode in ("overwrite", "partition_overwrite") and changes.keys:
        yield problem(
            project,
            job,
            "write.mode",
            "contradicts `changes.keys`, which merge rows by key",
            found=mode,
            expected="merge",
            fix="Remove `write.mode`, or the keys.",
        )
    if mode == "append" and "history" in changes.model_fields_set and changes.history == "scd1":
        yield problem(
            project,
            job,
            "write.mode",
            "contradicts `changes.history`, which keeps one row per key",
            found=mode,
            expected="merge",
            fix="Remove `write.mode`, or keep every change: `changes: {history: append}`.",
        )
    if not changes.keys and changes.sequence and job.mode != "append":
        yield problem(
            project,
            job,
            "changes.sequence",
            "orders the changes of a key, and there are no keys",
            fix="Add `changes: {keys: [...]}`.",
        )


def _ordering(project: Project, job: Job) -> Iterator[ConfigError]:
    """Without an order of changes no merger can tell late from new."""
    feeds = all(source.format in _FEEDS for source in job.sources.values())
    dms = job.changes.envelope == "dms" or (job.changes.envelope is None and feeds)
    if job.keyed and not job.changes.sequence and not dms:
        yield problem(
            project,
            job,
            "changes",
            "has keys, and nothing says in which order the changes of a key come",
            expected="changes.sequence",
            fix="Name the columns that order them: `sequence: [updated_at]`; "
            "`[$file, $row]` is the order of the files' names and their rows.",
        )


def _writing(project: Project, job: Job) -> Iterator[ConfigError]:
    if job.mode == "partition_overwrite" and not job.write.partition_by:
        yield problem(
            project,
            job,
            "write.mode",
            "replaces partitions, and the table has none",
            found="partition_overwrite",
            fix="Add `write: {partition_by: [...]}`, or use `mode: overwrite`.",
        )
    feeds = [name for name, source in job.sources.items() if source.format in _FEEDS]
    if feeds and job.mode in ("overwrite", "partition_overwrite"):
        yield problem(
            project,
            job,
            "write.mode",
            "would replace the table by the newest changes alone",
            found=f"{job.mode} of format {job.sources[feeds[0]].format}",
            expected="merge or append",
            fix="Add `changes: {keys: [...]}`, which merges.",
        )
    if feeds and job.mode == "append" and job.changes.history == "scd1":
        yield problem(
            project,
            job,
            "changes",
            f"has no keys, and the source delivers changes (format {job.sources[feeds[0]].format})",
            fix="Add `changes: {keys: [...]}`, or keep every change: `changes: {history: append}`.",
        )


def _envelope(project: Project, job: Job) -> Iterator[ConfigError]:
    changes = job.changes
    if changes.envelope == "generic" and not changes.operation:
        yield problem(
            project,
            job,
            "changes.envelope",
            "is generic, and nothing says which column holds the operation",
            fix="Add `changes: {operation: <column>}`.",
        )
    if changes.operation and changes.envelope != "generic":
        yield problem(
            project,
            job,
            "changes.operation",
            "belongs to the generic envelope",
            found=f"envelope {changes.envelope}" if changes.envelope else "no envelope",
            fix="Add `changes: {envelope: generic}`, or remove it.",
        )
