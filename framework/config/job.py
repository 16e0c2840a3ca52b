"""The job model: what to read, how changes apply, which rules must hold, where it lands."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from framework.config.base import Model, Settings
from framework.config.lake import TableFormatName
from framework.config.shapes import as_columns, as_lists, as_ruleset, one_or_several

Action = Literal["warn", "drop", "quarantine", "fail"]
Envelope = Literal[
    "rows",
    "generic",
    "dms",
    "dms_json",
    "debezium",
    "debezium_flat",
    "maxwell",
    "canal",
    "goldengate",
    "delta_cdf",
    "iceberg_changelog",
]
OperationLetter = Literal["I", "U", "D", "R", "T", "C"]
FileFormat = Literal["csv", "json", "parquet", "avro", "orc", "xml", "text", "binary", "dms"]


class Column(Model):
    """A declared column. In YAML a bare string is its type: `name: string`."""

    name: str = Field(description="Name of the column in the table.")
    type: str = Field(description="Spark SQL type, such as bigint, decimal(10,2), timestamp, array<string>.")
    format: str | None = Field(
        default=None, description="Pattern of dates and timestamps in text, such as d-MMM-yy."
    )
    comment: str | None = Field(default=None, description="Comment of the column in the table.")
    source: str | None = Field(default=None, description="Name of the column in the source, if it differs.")


class Read(Model):
    """One source of a job."""

    format: str = Field(
        description="csv, json, parquet, avro, orc, xml, text, binary, dms, jdbc, table, delta_cdf, "
        "iceberg_changelog, or a plugin's."
    )
    path: str | None = Field(
        default=None, description="Files: folder, file or glob; relative to the lake's root."
    )
    table: str | None = Field(
        default=None,
        description="Tables: layer.domain.table. JDBC: schema.table. Change feeds of many tables: the one to pick, as "
        "the source names it (schema.table).",
    )
    columns: Annotated[list[Column] | None, BeforeValidator(as_columns)] = Field(
        default=None,
        alias="schema",
        description="Declared columns, in the order of the file; inferred if absent. "
        "Short: `{id: bigint, name: string}`.",
    )
    options: dict[str, Any] = Field(
        default={}, description="Options of the format, as Spark or the reader names them."
    )
    url: str | None = Field(default=None, description="JDBC: the database's address.")
    user: str | None = Field(default=None, description="JDBC: user, may be a reference such as env://NAME.")
    password: str | None = Field(
        default=None, description="JDBC: a reference such as env://NAME, never a value."
    )
    query: str | None = Field(default=None, description="JDBC: a query instead of a table.")
    incremental: str | None = Field(
        default=None, description="JDBC: column that only grows; default: whole snapshot."
    )
    partition_column: str | None = Field(
        default=None, description="JDBC: column that splits the read into partitions."
    )
    partitions: int | None = Field(
        default=None, ge=1, description="JDBC: how many partitions are read side by side."
    )
    version: int | None = Field(default=None, description="Tables: read as of this version.")
    timestamp: str | None = Field(default=None, description="Tables: read as of this time.")


class Land(Model):
    """Copy the source's files (or extract a database table) into the raw layer first, unchanged."""

    source: Read = Field(alias="from", description="Where the data comes from: files, or jdbc.")
    to: str = Field(description="Folder below the raw layer, such as raw/corebank/customers.")


class Changes(Model):
    """How events become the state of a table."""

    keys: list[str] = Field(default=[], description="Columns that identify a row.")
    sequence: list[str] = Field(
        default=[], description="Columns that order the changes of a key; or from the envelope."
    )
    history: Literal["scd1", "scd2", "append"] = Field(
        default="scd1",
        description="scd1: one row per key, the newest. scd2: a row per version of a key, with valid_from, "
        "valid_to and is_current. append: every change is a row.",
    )
    snapshot: bool = Field(
        default=False,
        description="Each delivery is the whole table, as of its sequence: what differs is applied, keys that are "
        "missing are deleted. The rows of one snapshot share their sequence: a column like `extracted_at`, or `$file`.",
    )
    tracked: list[str] | None = Field(
        default=None,
        description="scd2: columns whose changes open a new version; changes of others are shown in place. "
        "Default: all.",
    )
    valid_time: str | None = Field(
        default=None,
        description="scd2: the column that says from when on a change is valid. Default: the source's commit time, or "
        "else the sequence.",
    )
    initial_valid_from: str | None = Field(
        default=None,
        description="scd2: from when on rows of a snapshot (full load) are valid. Default: the smallest value.",
    )
    envelope: Envelope | None = Field(
        default=None, description="How the source wraps its changes; default: what the reader has."
    )
    operation: str | None = Field(
        default=None, description="Envelope generic: the column that holds the operation."
    )
    operations: Annotated[dict[OperationLetter, list[str]], BeforeValidator(as_lists)] = Field(
        default={},
        description="Envelope generic: what the source calls its operations, such as `{I: [ins], D: [del]}`; I insert, "
        "U update, D delete, R snapshot row, T truncate, C control. Default: the usual names.",
    )
    commit_time: str | None = Field(
        default=None, description="Envelope generic: the column that says when the source committed a change."
    )
    delete: Literal["hard", "soft"] = Field(
        default="hard",
        description="scd1: soft keeps the row of a deleted key as it last was, and `deleted_at` says when it ended: "
        "the delete's commit time where the source tells it, else its sequence; NULL while the row lives.",
    )
    on_tie: Literal["delete_wins", "upsert_wins", "error"] = Field(
        default="delete_wins", description="Changes of one key with the same sequence: which counts."
    )
    tombstone_retention: str = Field(
        default="30 days",
        pattern=r"^(0|\d+ *(second|minute|hour|day|week)s?)$",
        description="How long deletes are remembered, in commit time of the events; older events are then "
        "quarantined as too_late if a delete may have ended them. 0: for ever.",
    )
    null_means: Literal["null", "absent"] = Field(
        default="null",
        description="absent: the source sends NULL for columns that did not change; they keep their value.",
    )
    ordered: bool = Field(
        default=False, description="The source delivers each key's changes in order: no tombstones."
    )


class Quality(Model):
    """Rules as DQDL text and what happens to rows that fail."""

    rules: Annotated[str | None, BeforeValidator(as_ruleset)] = Field(
        default=None, description="A DQDL ruleset: `Rules = [ ... ]`; or a list of rules, each a text."
    )
    on_failure: Action = Field(
        default="quarantine", description="Row rules; a pragma `# @action=warn` sets one rule's."
    )
    dataset_failure: Literal["warn", "fail"] = Field(
        default="fail", description="What a failing rule about the whole dataset does, such as Uniqueness."
    )
    compat: Literal["glue", "strict"] = Field(
        default="glue", description="How rules judge NULL: as AWS Glue does, or every NULL fails."
    )
    max_rejects: int | None = Field(
        default=None, ge=0, description="More rejected rows than this fail the run."
    )
    max_reject_ratio: float | None = Field(
        default=None, ge=0, le=1, description="A larger part of rejected rows than this fails the run."
    )


class Transform(Model):
    """SQL over the sources' names, or a Python function from DataFrames to a DataFrame."""

    sql: str | None = Field(default=None, description="A query over the sources' names.")
    python: str | None = Field(
        default=None, description="module:function, such as jobs.greatfin.person:build."
    )


class Write(Model):
    """The target table."""

    table: str = Field(description="layer.domain.table")
    format: TableFormatName | None = Field(default=None, description="Default: the layer's.")
    mode: Literal["append", "overwrite", "partition_overwrite", "merge"] | None = Field(
        default=None,
        description="Default: merge where the job has `changes.keys`, else append; transforms: overwrite.",
    )
    partition_by: list[str] = Field(
        default=[], description="Columns or transforms: bucket(16, id), days(ts)."
    )
    evolution: Literal["add_columns", "widen", "strict", "flag"] = Field(
        default="add_columns",
        description="When columns change: add new ones, widen types too, refuse the run, "
        "or keep extra ones as JSON.",
    )
    properties: Settings = Field(default={}, description="Properties of the table, as its format names them.")
    comment: str | None = Field(default=None, description="Comment of the table.")


class Job(Model):
    """One file below `conf/jobs`: one target table fed from sources."""

    job: str = Field(
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        description="Name of the job, such as corebank.customers.",
    )
    description: str | None = Field(default=None, description="What the job is for, shown in reports.")
    tags: list[str] = Field(default=[], description="Words to find and select jobs by.")
    land: Land | None = Field(default=None, description="Copy the source into the raw layer first.")
    read: Annotated[
        Annotated[Read, Tag("one")] | Annotated[dict[str, Read], Tag("several")],
        Discriminator(one_or_several),
    ] = Field(description="One source, or several by name for a transform.")
    changes: Changes = Field(default=Changes(), description="How events become the state of a table.")
    transform: Transform | None = Field(
        default=None, description="What is made of the sources before it is written."
    )
    quality: Quality = Field(default=Quality(), description="Rules, and what happens to rows that fail.")
    write: Write = Field(description="The target table.")
    spark: Settings = Field(default={}, description="Spark SQL settings of this job's session.")
    enabled: bool = Field(default=True, description="False: `run --all` leaves the job out.")

    @property
    def sources(self) -> dict[str, Read]:
        """The sources by name; a single one is called `source`.

        >>> job = Job(job="a.b", read={"format": "csv", "path": "raw/a"}, write={"table": "standardized.a.b"})
        >>> list(job.sources)
        ['source']
        """
        return {"source": self.read} if isinstance(self.read, Read) else dict(self.read)

    @property
    def mode(self) -> str:
        """How the table is written: `write.mode`, or what the job's other keys imply."""
        if self.write.mode:
            return self.write.mode
        if self.changes.keys and self.changes.history in ("scd1", "scd2"):
            return "merge"
        return "overwrite" if self.transform else "append"

    @property
    def keyed(self) -> bool:
        """True if events are told apart by key: merges, and appends with keys."""
        return bool(self.changes.keys) and self.mode in ("merge", "append")

    @property
    def keeps_deleted(self) -> bool:
        """True if rows of deleted keys stay in the table, marked with `deleted_at` (`delete: soft`)."""
        return self.mode == "merge" and self.changes.delete == "soft"

    @property
    def versioned(self) -> bool:
        """True if the table keeps every version of a key (scd2)."""
        return self.mode == "merge" and self.changes.history == "scd2"
