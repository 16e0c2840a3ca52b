"""What a table records about itself, and jobs that contradict it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from framework import __version__
from framework.config.job import Job
from framework.errors import ContractError

STATE_KIND = "sluice.state"
"""`columns` where rows may say in `_sluice_state` which event each of their columns comes from."""
DEPARTURES = "sluice.departures"
"""A property of the table beside the target: `told` once it remembers what keys had as they changed."""
DELIVERY = "sluice.delivery"
"""Whether the table is fed by changes or by snapshots."""
DELETE = "sluice.delete"
"""What becomes of rows of deleted keys (scd1): `hard` or `soft`."""
TRACKED, VALID_TIME, INITIAL = "sluice.tracked", "sluice.valid_time", "sluice.initial_valid_from"
KEYS, HISTORY, SEQUENCE, MADE_BY, VERSION = (
    "sluice.keys",
    "sluice.history",
    "sluice.sequence",
    "sluice.job",
    "sluice.version",
)


def contract_of(job: Job, sequence_type: str | None) -> dict[str, str]:
    """The properties that record a job's contract with its table."""
    properties = {MADE_BY: job.job, VERSION: __version__, HISTORY: history_of(job)}
    if job.changes.keys:
        properties[KEYS] = json.dumps(job.changes.keys)
    if sequence_type:
        properties[SEQUENCE] = sequence_type
    if job.mode == "merge":
        properties[DELIVERY] = "snapshots" if job.changes.snapshot else "changes"
    if job.mode == "merge" and not job.versioned:
        properties[DELETE] = job.changes.delete
    if job.versioned:
        properties[TRACKED] = json.dumps(job.changes.tracked) if job.changes.tracked else "all"
        properties[VALID_TIME] = job.changes.valid_time or "commit time, or the sequence"
        properties[INITIAL] = job.changes.initial_valid_from or "the smallest value"
    return properties


def history_of(job: Job) -> str:
    """scd1, scd2, append, or overwrite."""
    if job.mode == "merge":
        return "scd2" if job.versioned else "scd1"
    return "append" if job.mode == "append" else "overwrite"


def check_contract(job: Job, table: str, recorded: Mapping[str, str], sequence_type: str | None) -> None:
    """Refuse a job that contradicts its table, with both values.

    Raises:
        ContractError: the framework didn't make the table, or keys, history or sequence type differ.
    """
    if MADE_BY not in recorded:
        raise ContractError(
            f"job {job.job}: table {table} exists, and the framework didn't make it",
            fix=f"Choose another write.table, or take the table over: `sluice adopt {job.job}`.",
        )
    wanted = contract_of(job, sequence_type)
    for name, key in (
        (KEYS, "changes.keys"),
        (HISTORY, "write.mode or changes.history"),
        (SEQUENCE, "changes.sequence"),
        (DELIVERY, "changes.snapshot"),
        (DELETE, "changes.delete"),
        (TRACKED, "changes.tracked"),
        (VALID_TIME, "changes.valid_time"),
        (INITIAL, "changes.initial_valid_from"),
    ):
        known = recorded.get(name, _BEFORE.get(name)) if name in wanted else recorded.get(name)
        if known != wanted.get(name):
            raise ContractError(
                f"job {job.job} contradicts table {table} in {_spoken(name)}",
                found=f"{wanted.get(name, 'none')} in the job",
                expected=f"{known or 'none'}, as the table records",
                fix=_fix(job, name, key, known),
            )


_BEFORE = {DELIVERY: "changes", DELETE: "hard"}
"""What tables stand for that were made before this was recorded."""


def _fix(job: Job, name: str, key: str, known: str | None) -> str:
    if name == DELIVERY and known == "snapshots":
        return (
            "Set changes.snapshot again; or, if changes feed the table from now on, hand it over: "
            f"`sluice adopt {job.job}`."
        )
    return f"Correct {key}, or write to a new table."


def _spoken(name: str) -> str:
    return name.removeprefix("sluice.").replace("_", " ")
