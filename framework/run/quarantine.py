"""The quarantine: every rejected event with its reasons and coordinates, once, in a table beside the target."""

from __future__ import annotations

from pyspark.errors import AnalysisException, ParseException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from framework.changes.columns import OP, PREFIX, RAW, REASONS, SRC
from framework.errors import ConfigError, TableError
from framework.sql import quote
from framework.tables.base import (
    BatchMark,
    ColumnChange,
    MergeClauses,
    TableFormat,
    TableRef,
    TableSpec,
)

REASON = StructType(
    [
        StructField("rule", StringType()),
        StructField("columns", ArrayType(StringType())),
        StructField("found", StringType()),
    ]
)

REPLAY = "replay"
"""Epoch and number of the batch that is bringing the row in again (`framework.run.repair`)."""

SCHEMA = StructType(
    [
        StructField(
            "id", StringType(), True, {"comment": "SHA-256 over job, coordinates, record and reasons"}
        ),
        StructField("job", StringType()),
        StructField("epoch", StringType()),
        StructField("batch", LongType()),
        StructField("run_id", StringType(), True, {"comment": "the run that rejected it first"}),
        StructField("source", StringType(), True, {"comment": "file or topic"}),
        StructField("source_partition", IntegerType()),
        StructField("position", LongType(), True, {"comment": "record number in the file from 1, or offset"}),
        StructField("operation", StringType()),
        StructField("reasons", ArrayType(REASON)),
        StructField(
            "record", StringType(), True, {"comment": "the row as JSON, or the text that can't be read"}
        ),
        StructField(REPLAY, StringType(), True, {"comment": "the batch that is bringing it in again"}),
    ]
)


def no_quarantine(table: str) -> TableError:
    """What to say where nothing was ever rejected for a table."""
    return TableError(f"{table} has no quarantine", fix="No row was ever rejected for it: nothing is wrong.")


def read_quarantine(fmt: TableFormat, table: TableRef, target: str, where: str | None = None) -> DataFrame:
    """The rejected rows of a table that satisfy a condition.

    Raises:
        TableError: nothing was ever rejected for the table.
        ConfigError: the condition is none on the quarantine's columns.
    """
    if not fmt.exists(table):
        raise no_quarantine(target)
    rows = fmt.read(table)
    try:
        return rows if where is None else rows.where(where)
    except (AnalysisException, ParseException) as error:
        raise ConfigError(
            "--where is no condition on the quarantine's columns",
            found=where,
            expected=str(error).splitlines()[0],
            fix=f"Its columns: {', '.join(rows.columns)}.",
        ) from error


def quarantine_rows(rejected: DataFrame, mark: BatchMark, run_id: str) -> DataFrame:
    """Rejected events (judged, maybe folded) as rows of the quarantine."""
    names = [name for name in rejected.columns if not name.startswith(PREFIX)]
    packed = F.to_json(
        F.struct(*[F.col(quote(name)).alias(name) for name in names]), {"ignoreNullFields": "false"}
    )
    source = F.col(SRC)
    rows = rejected.select(
        F.lit(mark.job).alias("job"),
        F.lit(mark.epoch).alias("epoch"),
        F.lit(mark.n).cast("bigint").alias("batch"),
        F.lit(run_id).alias("run_id"),
        source.getField("name").alias("source"),
        source.getField("partition").alias("source_partition"),
        source.getField("position").alias("position"),
        F.col(OP).alias("operation"),
        F.col(REASONS).cast(ArrayType(REASON)).alias("reasons"),
        F.coalesce(F.col(RAW), packed).alias("record"),
        F.lit(None).cast("string").alias(REPLAY),
    )
    identity = F.to_json(
        F.struct("job", "source", "source_partition", "position", "record", "reasons"),
        {"ignoreNullFields": "false"},
    )
    # identical records without coordinates (avro, orc) are told apart by nothing: they are one row
    return rows.select(F.sha2(identity, 256).alias("id"), "*").dropDuplicates(["id"])


def write_quarantine(
    fmt: TableFormat, table: TableRef, rows: DataFrame, mark: BatchMark, *, again: bool = False
) -> None:
    """Add rows that are not there yet; repeatable, also when a later run rejects the same records again.

    `again`: the batch brings rows of the quarantine in again; those that it rejects once more stay.
    """
    if not fmt.exists(table):
        fmt.create(table, TableSpec(SCHEMA, comment=f"Rejected rows of job {mark.job}"))
        fmt.append(rows, table, mark)
        return
    if REPLAY not in fmt.schema(table).names:
        # made before rejected rows could be brought in again
        fmt.evolve(table, [ColumnChange("add", REPLAY, StringType())])
    clauses = MergeClauses(
        on="t.`id` = s.`id`",
        update_when="true" if again else None,
        update_set={name: f"s.{quote(name)}" for name in ("epoch", "batch", "run_id", REPLAY)}
        if again
        else {},
        insert_when="true",
        insert_values={field.name: f"s.{quote(field.name)}" for field in SCHEMA.fields},
    )
    fmt.merge(rows, table, clauses, mark)
