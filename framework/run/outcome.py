"""What a run did, as values: for the summary, the ledger and the report."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

Status = Literal["applied", "unchanged", "nothing_new", "failed", "skipped", "planned"]
INTERRUPTED_JOB = "Interrupted"
"""`error_class` of a job that was stopped from outside."""
Role = Literal["target", "quarantine", "tombstones"]


@dataclass
class Counts:
    """Events of a run by what became of them.

    read = inserted + updated + deleted + remembered + merged + superseded + duplicate + quarantined + dropped + control
    """

    read: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    remembered: int = 0
    """Deletes of keys that the table doesn't have, kept as tombstones."""
    merged: int = 0
    """Applied without asking which rows were there: a batch that is newer than all that a large table has."""
    superseded: int = 0
    duplicate: int = 0
    quarantined: int = 0
    dropped: int = 0
    control: int = 0

    @property
    def applied(self) -> int:
        return self.inserted + self.updated + self.deleted + self.remembered + self.merged

    @property
    def accounted(self) -> int:
        return (
            self.applied + self.superseded + self.duplicate + self.quarantined + self.dropped + self.control
        )

    def add(self, other: Counts) -> None:
        """Add another batch's counts to these."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass
class RuleResult:
    """The outcome of one rule in one batch."""

    rule: str
    """The rule as DQDL."""
    scope: Literal["row", "dataset"]
    action: str
    passed: bool
    failed_rows: int | None = None
    measured: str | None = None
    """What a dataset rule measured, as text."""
    reason: str | None = None


@dataclass
class Stage:
    """One timed step of a job."""

    name: str
    seconds: float


@dataclass
class TableChange:
    """A table a run wrote: the version before and after, and how many rows it has now if that is known for free."""

    table: str
    format: str
    role: Role
    version_before: int | None
    version_after: int | None
    metrics: dict[str, int] = field(default_factory=dict)


@dataclass
class InputRange:
    """What was read of one source."""

    source: str
    reader: str
    items: list[dict[str, Any]]
    rows: int | None = None
    """None if nobody counted them: counting the sources of a transform would take a pass of its own."""


@dataclass
class JobOutcome:
    """Everything worth knowing about one job of one run."""

    job: str
    target: str
    layer: str
    status: Status
    batch: int | None = None
    epoch: str | None = None
    started: datetime | None = None
    seconds: float = 0.0
    counts: Counts = field(default_factory=Counts)
    rules: list[RuleResult] = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    inputs: list[InputRange] = field(default_factory=list)
    tables: list[TableChange] = field(default_factory=list)
    landed: int = 0
    """Files (or extracts) that were copied into the raw layer."""
    reject_reasons: dict[str, int] = field(default_factory=dict)
    """Why rows were rejected -> how many, most frequent first (at most 20)."""
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    error_class: str | None = None
    exit_code: int = 0
    config_hash: str = ""


@dataclass
class RunOutcome:
    """A run of one or more jobs."""

    run_id: str
    environment: str
    started: datetime
    seconds: float
    runtime: str
    spark_version: str
    version: str
    jobs: list[JobOutcome] = field(default_factory=list)
    edges: list[tuple[str, str]] = field(default_factory=list)
    """(job, job that reads what it writes)"""
    finished: bool = True
    """False for a run that was interrupted, or killed: then the ledger knows what its finished jobs left."""

    @property
    def exit_code(self) -> int:
        """0, or the exit code of the first failed job."""
        return next((job.exit_code for job in self.jobs if job.status == "failed"), 0)

    @property
    def ending(self) -> Literal["done", "failed", "interrupted", "killed"]:
        """How it came to its end; an interrupted run had the time to say so, a killed one hadn't."""
        if not self.finished:
            stopped = any(job.error_class == INTERRUPTED_JOB for job in self.jobs)
            return "interrupted" if stopped else "killed"
        return "failed" if self.exit_code else "done"


@dataclass
class Drift:
    """One row of the table that explains schema drift."""

    column: str
    declared: str
    """Type in the table; `-` if the table hasn't the column."""
    found: str
    """Type that arrives; `-` if it doesn't arrive."""
    reason: str


@dataclass
class JobPlan:
    """What a run right now would do; made without writing anything."""

    job: str
    target: str
    format: str
    exists: bool
    ddl: list[str] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    inputs: list[InputRange] = field(default_factory=list)
    counts: Counts | None = None
    reject_reasons: dict[str, int] = field(default_factory=dict)
    rules: list[RuleResult] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: str | None = None
    exit_code: int = 0
