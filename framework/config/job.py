"""The job model: what to read, how changes apply, which rules must hold, where it lands."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from framework.config.base import Model
from framework.config.lake import TableFormatName

Action = Literal["warn", "drop", "quarantine", "fail"]
FileFormat = Literal["csv", "json", "parquet", "avro", "orc", "xml", "text", "binary", "dms"]


class Column(Model):
    """A declared column. In YAML a bare string is its type: `name: string`."""

    name: str
    type: str = Field(description="Spark SQL type, such as bigint, decimal(10,2), timestamp, array<string>.")
    format: str | None = Field(default=None, description="Pattern of dates and timestamps in text, such as d-MMM-yy.")
    comment: str | None = None
    source: str | None = Field(default=None, description="Name of the column in the source, if it differs.")


class Read(Model):
    """One source of a job."""

    format: str = Field(description="csv, json, parquet, avro, orc, xml, text, binary, dms, jdbc, table, or a plugin's.")
    path: str | None = Field(default=None, description="Files: folder, file or glob; relative to the lake's root.")
    table: str | None = Field(default=None, description="Tables: layer.domain.table. JDBC: schema.table.")
    columns: list[Column] | None = Field(
        default=None, alias="schema", description="Declared columns, in the order of the file; inferred if absent."
    )
    options: dict[str, Any] = Field(default={}, description="Options of the format, as Spark or the reader names them.")
    url: str | None = Field(default=None, description="JDBC: the database's address.")
    user: str | None = Field(default=None, description="JDBC: user, may be a reference such as env://NAME.")
    password: str | None = Field(default=None, description="JDBC: a reference such as env://NAME, never a value.")
    query: str | None = Field(default=None, description="JDBC: a query instead of a table.")
    incremental: str | None = Field(default=None, description="JDBC: column that only grows; default: whole snapshot.")
    partition_column: str | None = None
    partitions: int | None = Field(default=None, ge=1)
    version: int | None = Field(default=None, description="Tables: read as of this version.")
    timestamp: str | None = Field(default=None, description="Tables: read as of this time.")
    null_means: Literal["null", "absent"] = "null"


class Land(Model):
    """Copy the source's files (or extract a database table) into the raw layer first, unchanged."""

    source: Read = Field(alias="from", description="Where the data comes from: files, or jdbc.")
    to: str = Field(description="Folder below the raw layer, such as raw/corebank/customers.")


class Changes(Model):
    """How events become the state of a table."""

    keys: list[str] = Field(default=[], description="Columns that identify a row.")
    sequence: list[str] = Field(default=[], description="Columns that order the changes of a key; or from the envelope.")
    history: Literal["scd1", "append"] = "scd1"
    envelope: Literal["rows", "dms", "generic"] | None = Field(default=None, description="Default: what the reader has.")
    operation: str | None = Field(default=None, description="Envelope generic: the column with I, U or D.")
    on_tie: Literal["delete_wins", "upsert_wins", "error"] = "delete_wins"
    ordered: bool = Field(default=False, description="The source delivers each key's changes in order: no tombstones.")


class Quality(Model):
    """Rules as DQDL text and what happens to rows that fail."""

    rules: str | None = Field(default=None, description="A DQDL ruleset: Rules = [ ... ].")
    on_failure: Action = Field(default="quarantine", description="Row rules; a pragma `# @action=warn` sets one rule's.")
    dataset_failure: Literal["warn", "fail"] = "fail"
    compat: Literal["glue", "strict"] = "glue"
    max_rejects: int | None = Field(default=None, ge=0, description="More rejected rows than this fail the run.")
    max_reject_ratio: float | None = Field(default=None, ge=0, le=1)


class Transform(Model):
    """SQL over the sources' names, or a Python function from DataFrames to a DataFrame."""

    sql: str | None = None
    python: str | None = Field(default=None, description="module:function, such as jobs.greatfin.person:build.")


class Write(Model):
    """The target table."""

    table: str = Field(description="layer.domain.table")
    format: TableFormatName | None = Field(default=None, description="Default: the layer's.")
    mode: Literal["append", "overwrite", "partition_overwrite", "merge"] | None = Field(
        default=None, description="Default: merge where the job has `changes.keys`, else append; transforms: overwrite."
    )
    partition_by: list[str] = Field(default=[], description="Columns or transforms: bucket(16, id), days(ts).")
    evolution: Literal["add_columns", "widen", "strict", "flag"] = "add_columns"
    properties: dict[str, str] = {}
    comment: str | None = None


class Job(Model):
    """One file below `conf/jobs`: one target table fed from sources."""

    job: str = Field(description="Name of the job, such as corebank.customers.")
    description: str | None = None
    tags: list[str] = []
    land: Land | None = None
    read: Read | dict[str, Read] = Field(description="One source, or several by name for a transform.")
    changes: Changes = Changes()
    transform: Transform | None = None
    quality: Quality = Quality()
    write: Write
    spark: dict[str, str] = Field(default={}, description="Spark SQL settings of this job's session.")
    enabled: bool = True

    @property
    def sources(self) -> dict[str, Read]:
        """The sources by name; a single one is called `source`.

        >>> Job(job="a.b", read={"format": "csv", "path": "raw/a"}, write={"table": "standardized.a.b"}).sources.keys()
        dict_keys(['source'])
        """
        return {"source": self.read} if isinstance(self.read, Read) else dict(self.read)

    @property
    def mode(self) -> str:
        """How the table is written: `write.mode`, or what the job's other keys imply."""
        if self.write.mode:
            return self.write.mode
        if self.changes.keys and self.changes.history == "scd1":
            return "merge"
        return "overwrite" if self.transform else "append"
