"""Envelope `goldengate`: changes as Oracle GoldenGate's JSON formatter writes them.

op_type     what it becomes
I U D       I U D; a delete's row is `before`; an update whose keys differ in `before` and `after` is a move
K PK        U: an update of the key, where the format gives it a letter of its own
T           T
            C: a message without value, and the schema messages of the formatter
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.envelopes.images import (
    Image,
    absent_of,
    binary_of,
    given,
    image_type,
    is_set,
    keeping,
    value_of,
    values_of,
)
from framework.changes.envelopes.messages import (
    MESSAGE,
    fields_for,
    is_tombstone,
    key_fields,
    moved_from,
    normal,
    of_table,
    opened,
    payload_of,
    unknown_operation,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job, Read
    from framework.readers.declared import Field

_ROW = "_sluice_row"


def decode(df: DataFrame, job: Job, source: Read, target: T.StructType | None = None) -> DataFrame:
    """Rows of GoldenGate's messages. Sequence: `pos`, as a number: texts of different lengths would not compare.

    A column that `after` lacks is absent: compressed updates carry the key and what changed. Options:
    `omit_null_values` (the formatter leaves NULL out, so that what lacks is NULL), `binary` (base64).
    """
    fields = fields_for(job, source, target)
    kind = image_type(fields)
    payload = payload_of("table op_type op_ts pos $schema", before=kind, after=kind)
    read = of_table(opened(df, payload), source, f"{MESSAGE}.table")
    op = _operation()
    before, after = F.col(f"{MESSAGE}.before"), F.col(f"{MESSAGE}.after")
    deleted = op.eqNullSafe("D")
    binary = binary_of(source, "base64")
    partial = op.isin("I", "U") & F.lit(not is_set(source, "omit_null_values"))
    read = read.withColumn(_ROW, F.when(deleted, before).otherwise(after))
    row = Image(_ROW, F.when(deleted, given("before")).otherwise(given("after")), binary)
    read, row = keeping(read, row, fields)
    values, misfit = values_of(fields, row)
    unknown = unknown_operation(op, F.col(f"{MESSAGE}.op_type"), "op_type")
    return normal(
        read,
        job,
        values=values,
        op=op,
        problem=F.coalesce(unknown, _empty(op), _unordered(op, job), misfit),
        sequence=_position(),
        absent=absent_of(fields, row, partial),
        moved=_moved(job, fields, row, op),
        time=F.expr(f"try_cast({MESSAGE}.op_ts AS timestamp)"),
    )


def _operation() -> Column:
    kind = F.upper(F.col(f"{MESSAGE}.op_type"))
    return (
        F.when(is_tombstone() | (kind.isNull() & F.col(f"{MESSAGE}.`$schema`").isNotNull()), "C")
        .when(kind.isin("I", "U", "D", "T"), kind)
        .when(kind.isin("K", "PK"), "U")
    )


def _position() -> Column:
    return F.expr(f"try_cast({MESSAGE}.pos AS decimal(38,0))")


def _empty(op: Column) -> Column:
    return F.when(
        op.isin("I", "U", "D") & F.col(_ROW).isNull(),
        F.when(op == "D", "message has no row in before").otherwise("message has no row in after"),
    )


def _unordered(op: Column, job: Job) -> Column:
    told = F.coalesce(F.concat(F.lit("'"), F.col(f"{MESSAGE}.pos"), F.lit("'")), F.lit("NULL"))
    asked = F.lit(not job.changes.sequence) & _position().isNull() & (op != "C")
    return F.when(asked, F.concat(F.lit("pos "), told, F.lit(" is no number")))


def _moved(job: Job, fields: list[Field], row: Image, op: Column) -> Column | None:
    before = Image(f"{MESSAGE}.before", given("before"))
    own = key_fields(job, fields)
    return moved_from(
        job.changes.keys,
        {field.name: value_of(field, before)[0] for field in own},
        {field.name: value_of(field, row)[0] for field in own},
        op == "U",
    )
