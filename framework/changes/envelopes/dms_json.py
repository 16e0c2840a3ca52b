"""Envelope `dms_json`: messages of AWS DMS to Kinesis or Kafka, data and control records.

record-type  operation             what it becomes
data         load                  R
data         insert update delete  I U D; an update whose key differs in the before image is a move
control      truncate-table        T
control      create-table, ...     C, as a message without value
"""

from __future__ import annotations

from collections.abc import Sequence
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
from framework.readers.declared import Field
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job, Read

_META = "record-type operation schema-name table-name timestamp commit-timestamp stream-position transaction-record-id"


def decode(df: DataFrame, job: Job, source: Read, target: T.StructType | None = None) -> DataFrame:
    """Rows of DMS's messages. Sequence: (commit_ts, position, record), which IncludeTransactionDetails gives.

    A column that `data` lacks is NULL, because DMS leaves NULL out; with `include_null_and_empty` it is absent.
    Options: `include_null_and_empty`, `before_image_field` (before-image), `before_image_prefix` (BI_),
    `binary` (base64).
    """
    fields = fields_for(job, source, target)
    prefix = str(source.options.get("before_image_prefix", "BI_"))
    before_image = str(source.options.get("before_image_field", "before-image"))
    old = [Field(prefix + field.source, prefix + field.name, field.type) for field in key_fields(job, fields)]
    kinds: dict[str, T.DataType] = {
        "metadata": payload_of(_META),
        "data": image_type([*fields, *old], scientific=True),
        before_image: image_type(fields, scientific=True),
    }
    payload = payload_of("control", **kinds)
    read = of_table(opened(df, payload), source, _meta("schema-name"), _meta("table-name"))
    include = is_set(source, "include_null_and_empty")
    binary = binary_of(source, "base64")
    row = Image(f"{MESSAGE}.data", given("data"), binary, scientific=True)
    before = Image(f"{MESSAGE}.{quote(before_image)}", given(before_image), binary, scientific=True)
    if include:
        read, row = keeping(read, row, fields)
    values, misfit = values_of(fields, row)
    op = _operation()
    unknown = unknown_operation(op, F.col(_meta("operation")), "metadata.operation")
    return normal(
        read,
        job,
        values=values,
        op=op,
        problem=F.coalesce(unknown, _empty(op), _unordered(op, job), misfit),
        sequence=_sequence(),
        absent=absent_of(fields, row, op.isin("I", "U", "R")) if include else None,
        moved=_moved(job, fields, old, row, before, op),
        time=_commit_time(),
    )


def _operation() -> Column:
    kind, operation = F.lower(F.col(_meta("record-type"))), F.lower(F.col(_meta("operation")))
    control = (kind == "control") | F.col(f"{MESSAGE}.control").isNotNull()
    return (
        F.when(is_tombstone(), "C")
        .when(control, F.when(operation == "truncate-table", "T").otherwise("C"))
        .when(operation == "load", "R")
        .when(operation == "insert", "I")
        .when(operation == "update", "U")
        .when(operation == "delete", "D")
    )


def _sequence() -> Column:
    """Rows of the full load before all changes; positions by their numbers, padded, so that their texts compare."""
    numbers = F.transform(
        F.split(F.col(_meta("stream-position")), "[^0-9A-Fa-f]+"), lambda part: F.lpad(part, 40, "0")
    )
    record = F.expr(f"try_cast({_meta('transaction-record-id')} AS bigint)")
    loaded = F.lower(F.col(_meta("operation"))).eqNullSafe("load")
    parts = {"commit_ts": _commit_time(), "position": F.array_join(numbers, "."), "record": record}
    sequence = F.struct(*[F.when(~loaded, part).alias(name) for name, part in parts.items()])
    return F.when(loaded | _commit_time().isNotNull(), sequence)


def _commit_time() -> Column:
    return F.expr(f"try_cast({_meta('commit-timestamp')} AS timestamp)")


def _unordered(op: Column, job: Job) -> Column:
    """Without transaction details messages have no order but their place: `timestamp` is when they were built."""
    asked = F.lit(job.keyed and not job.changes.sequence) & op.isin("I", "U", "D", "T")
    return F.when(
        asked & _commit_time().isNull(),
        F.lit("no commit-timestamp in metadata (IncludeTransactionDetails), and changes.sequence is not set"),
    )


def _empty(op: Column) -> Column:
    return F.when(
        op.isin("I", "U", "D", "R") & F.col(f"{MESSAGE}.data").isNull(), F.lit("message has no data")
    )


def _moved(
    job: Job, fields: Sequence[Field], old: Sequence[Field], row: Image, before: Image, op: Column
) -> Column | None:
    """The key before: columns with a prefix (rule add-before-image-columns), or an image of its own."""
    own = key_fields(job, fields)
    after = {field.name: value_of(field, row)[0] for field in own}
    earlier = {
        field.name: F.coalesce(value_of(prefixed, row)[0], value_of(field, before)[0], after[field.name])
        for field, prefixed in zip(own, old, strict=True)
    }
    return moved_from(job.changes.keys, earlier, after, op == "U")


def _meta(name: str) -> str:
    return f"{MESSAGE}.metadata.{quote(name)}"
