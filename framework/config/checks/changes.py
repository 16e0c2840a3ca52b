"""How changes apply and how the table is written: keys that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from framework.config.checks.problem import problem
from framework.config.job import Job, Read
from framework.config.project import Project
from framework.errors import ConfigError

_FEEDS = ("dms", "delta_cdf", "iceberg_changelog")
"""Formats that deliver changes, not rows; their envelope is called as they are."""
_ORDERED = (*_FEEDS, "dms_json", "debezium", "debezium_flat", "maxwell", "canal", "goldengate")
"""Envelopes that bring a sequence of their own (where one lacks it in the data, its decoder says so)."""
MESSAGE_ENVELOPES = ("dms_json", "debezium", "debezium_flat", "maxwell", "canal", "goldengate")
"""Envelopes of JSON messages; a test compares them with the decoders'."""
_NO_MESSAGES = ("json", "xml", "binary", "jdbc", "table", *_FEEDS)
"""Formats that can't deliver messages as they are."""


def envelope_of(job: Job) -> str:
    """The envelope of a job's source, as far as its file tells.

    >>> envelope_of(Job(job="a", read={"format": "dms", "path": "p"}, write={"table": "bronze.a.b"}))
    'dms'
    """
    if job.changes.envelope is not None:
        return job.changes.envelope
    formats = {source.format for source in job.sources.values()}
    return formats.pop() if len(formats) == 1 and formats <= set(_FEEDS) else "rows"


def check_changes(project: Project, job: Job) -> Iterator[ConfigError]:
    """Contradictions among `changes` and `write`."""
    yield from _merging(project, job)
    yield from _history(project, job)
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
            expected="scd1 or scd2",
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
    if mode == "append" and "history" in changes.model_fields_set and changes.history != "append":
        yield problem(
            project,
            job,
            "write.mode",
            "contradicts `changes.history`, which tells rows apart by key",
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


def _history(project: Project, job: Job) -> Iterator[ConfigError]:
    """What only versions have, and what they need."""
    changes = job.changes
    if changes.history == "scd2" and not changes.keys:
        yield problem(
            project,
            job,
            "changes.history",
            "keeps the versions of keys, and there are no keys",
            found="scd2",
            fix="Add `changes: {keys: [...]}`.",
        )
    if changes.snapshot and (job.mode != "merge" or envelope_of(job) != "rows"):
        yield problem(
            project,
            job,
            "changes.snapshot",
            "compares whole tables by key, and the job doesn't merge rows",
            found=f"envelope {envelope_of(job)}" if envelope_of(job) != "rows" else f"mode {job.mode}",
            expected="keys, and a source of plain rows",
            fix="Remove `snapshot`, or add `changes: {keys: [...]}`.",
        )
    if changes.snapshot and changes.null_means == "absent":
        yield problem(
            project,
            job,
            "changes.null_means",
            "leaves columns as they are, and a snapshot has all of them",
            found="absent",
            expected="null",
            fix="Remove `null_means`.",
        )
    if changes.delete == "soft" and (job.mode != "merge" or changes.history == "scd2"):
        yield problem(
            project,
            job,
            "changes.delete",
            "marks rows of deleted keys, and the table "
            + ("keeps every version" if changes.history == "scd2" else "has no row per key"),
            found="soft",
            expected="hard" if changes.history == "scd2" else "keys, and history scd1",
            fix="Remove `delete`: `valid_to` says when a version ended."
            if changes.history == "scd2"
            else "Add `changes: {keys: [...]}`, or remove `delete`.",
        )
    if changes.history == "scd2":
        return
    for key in ("tracked", "valid_time", "initial_valid_from"):
        if getattr(changes, key) is not None:
            yield problem(
                project,
                job,
                f"changes.{key}",
                "is about versions, and the table keeps none",
                found=f"history {changes.history}",
                expected="scd2",
                fix=f"Add `history: scd2`, or remove `{key}`.",
            )


def _ordering(project: Project, job: Job) -> Iterator[ConfigError]:
    """Without an order of changes no merger can tell late from new."""
    if job.keyed and not job.changes.sequence and envelope_of(job) not in _ORDERED:
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
    envelope = envelope_of(job)
    if envelope not in _ORDERED:
        return
    told = f"format {envelope}" if job.changes.envelope is None else f"envelope {envelope}"
    if job.mode in ("overwrite", "partition_overwrite"):
        yield problem(
            project,
            job,
            "write.mode",
            "would replace the table by the newest changes alone",
            found=f"{job.mode} of {told}",
            expected="merge or append",
            fix="Add `changes: {keys: [...]}`, which merges.",
        )
    if job.mode == "append" and job.changes.history == "scd1":
        yield problem(
            project,
            job,
            "changes",
            f"has no keys, and the source delivers changes ({told})",
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
    for key in ("operation", "operations", "commit_time"):
        if getattr(changes, key) and changes.envelope != "generic":
            yield problem(
                project,
                job,
                f"changes.{key}",
                "belongs to the generic envelope",
                found=f"envelope {changes.envelope}" if changes.envelope else "no envelope",
                fix="Add `changes: {envelope: generic}`, or remove it.",
            )
    yield from _operations(project, job)
    yield from _messages(project, job)


def _operations(project: Project, job: Job) -> Iterator[ConfigError]:
    """One name for two operations."""
    seen: dict[str, str] = {}
    for letter, names in job.changes.operations.items():
        for name in names:
            other = seen.setdefault(name.strip().lower(), letter)
            if other != letter:
                yield problem(
                    project,
                    job,
                    f"changes.operations.{letter}",
                    f"has a name that {other} has too",
                    found=name,
                    fix="Remove one of the two (case doesn't matter).",
                )


def _messages(project: Project, job: Job) -> Iterator[ConfigError]:
    """Messages are parsed by their envelope: the reader must leave them as they are."""
    for name, source in job.sources.items():
        if job.changes.envelope in MESSAGE_ENVELOPES and source.format in _NO_MESSAGES:
            yield problem(
                project,
                job,
                "read.format" if isinstance(job.read, Read) else f"read.{name}.format",
                f"doesn't deliver messages as they are, which envelope {job.changes.envelope} takes apart",
                found=source.format,
                expected="text, a message a line",
                fix="Write `format: text`; read.schema declares the columns of the row inside the message.",
            )
