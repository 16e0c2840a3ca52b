"""What envelopes of JSON messages share: the message's text, parsed once, row images by their declared types.

    value                                                        what a decoder sees
    {"type": "insert", "data": {"id": 7, "name": "Ada"}}    ->   _sluice_message.type, _sluice_message.data.id, ...
    {"type": "ins                                           ->   _sluice_bad: message is no JSON object
    NULL (tombstone of a broker)                            ->   _sluice_message NULL, nothing bad

Row images in it: `images`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import (
    ABSENT,
    BAD,
    MOVED_FROM,
    OP,
    PREFIX,
    RAW,
    SEQ,
    SRC,
    TIME,
)
from framework.changes.envelopes.images import MESSAGE, TEXT, Image, value_of
from framework.changes.sequence import sequence_of
from framework.errors import ConfigError
from framework.readers.declared import Field, fields_of
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job, Read

INDEX = "$index"
"""The place of a row in a message of many; in a sequence it is called `index`."""
_VALIDITY = ("valid_from", "valid_to", "is_current")


def fields_for(job: Job, source: Read, target: T.StructType | None) -> list[Field]:
    """The table's columns: as the job declares them, else as the table has them.

    Raises:
        ConfigError: neither is there.
    """
    if source.columns:
        return fields_of(source.columns)
    if target is None:
        raise ConfigError(
            f"job {job.job}: messages don't tell the types of their columns, and {job.write.table} isn't there yet",
            fix="Declare read.schema: the table's columns with their types.",
        )
    own = _VALIDITY if str(job.changes.history) == "scd2" else ()
    return [
        Field(field.name, field.name, field.dataType)
        for field in target.fields
        if not field.name.startswith(PREFIX) and field.name not in own
    ]


def payload_of(texts: str, numbers: str = "", /, **images: T.DataType) -> T.StructType:
    """What a message is parsed as: names of text fields, names of whole numbers, and its row images.

    >>> payload_of("type", "ts", data=T.StringType()).simpleString()
    'struct<type:string,ts:bigint,data:string>'
    """
    kinds: list[tuple[str, T.DataType]] = [(name, T.StringType()) for name in texts.split()]
    kinds += [(name, T.LongType()) for name in numbers.split()]
    return T.StructType([T.StructField(name, kind) for name, kind in [*kinds, *images.items()]])


def opened(df: DataFrame, payload: T.StructType) -> DataFrame:
    """`_sluice_text`, `_sluice_message`, `_sluice_src` and `_sluice_bad`, with `key` and `headers` if they came.

    Bad is what the reader says, or a text that is no JSON object.
    """
    kept = [F.col(quote(name)) for name in df.columns if name.lower() in ("key", "headers")]
    schema = T.StructType([*payload.fields, T.StructField(RAW, T.StringType())])
    # a list of objects would pass as its first
    is_object = F.col(TEXT).startswith("{") | F.col(TEXT).rlike(r"^\s*\{")
    message = F.when(is_object, F.from_json(TEXT, schema, {"columnNameOfCorruptRecord": RAW}))
    # a blank line is no message
    text = F.when(text_of(df).startswith("{") | (F.trim(text_of(df)) != ""), text_of(df))
    read = df.select(text.alias(TEXT), *kept, F.col(SRC), F.col(BAD)).withColumn(MESSAGE, message)
    nothing = reduce(and_, [F.col(f"{MESSAGE}.{quote(field.name)}").isNull() for field in payload.fields])
    lost = F.col(MESSAGE).isNull() | (F.col(f"{MESSAGE}.{RAW}").isNotNull() & nothing)
    broken = F.when(F.col(TEXT).isNotNull() & lost, F.lit("message is no JSON object"))
    return read.withColumn(BAD, F.coalesce(F.col(BAD), broken, _several()))


def _several() -> Column:
    """Objects one after the other (Firehose writes them so, without a line end): only the first would be read.

    Outside of its strings JSON never has `}{`, so that it is looked at closely only where that is found.
    """
    text = F.col(TEXT)
    parted = F.regexp_replace(text, r"\}\s*\{", "},{")
    count = F.size(F.from_json(F.concat(F.lit("["), parted, F.lit("]")), "array<map<string,string>>"))
    told = F.concat(
        F.lit("message holds "), count.cast("string"), F.lit(" JSON objects, and one is read a line")
    )
    return F.when(text.contains("}{") | text.contains("} {"), F.when(count > 1, told))


def text_of(df: DataFrame) -> Column:
    """The message's text: the column `value`, else the only one there is.

    Raises:
        ConfigError: there is no such column.
    """
    names = [name for name in df.columns if not name.startswith(PREFIX)]
    found = [name for name in names if name.lower() == "value"] or (names if len(names) == 1 else [])
    if not found or not isinstance(df.schema[found[0]].dataType, T.StringType | T.BinaryType):
        raise ConfigError(
            "the source has no column that holds messages",
            found=f"columns {', '.join(names)}",
            expected="a column value, text or binary",
            fix="Read messages with `format: text`, a message a line.",
        )
    return F.col(quote(found[0])).cast("string")


def of_table(df: DataFrame, source: Read, *path: str) -> DataFrame:
    """Messages of the table that `read.table` names, all of them if it names none; `path` is where they tell it.

    What tells no table stays: control records, and what can't be read.
    """
    if not source.table:
        return df
    told = F.concat_ws(".", *[F.col(name) for name in path]) if "." in source.table else F.col(path[-1])
    return df.filter(F.col(path[-1]).isNull() | (told == source.table))


def is_tombstone() -> Column:
    """A message without a value: a broker's mark that the key is gone."""
    return F.col(TEXT).isNull()


def moved_from(
    keys: Sequence[str], before: Mapping[str, Column], after: Mapping[str, Column], where: Column
) -> Column | None:
    """`_sluice_moved_from`: the key before, where it differs from the key now; None if the job has no keys."""
    names = {name.lower(): name for name in after}
    if not keys or any(key.lower() not in names for key in keys):
        return None
    own = [names[key.lower()] for key in keys]
    changed = reduce(or_, [~before[name].eqNullSafe(after[name]) for name in own])
    known = reduce(and_, [before[name].isNotNull() for name in own])
    return F.when(where & changed & known, F.struct(*[before[name].alias(name) for name in own]))


def ordered(*parts: tuple[str, Column]) -> Column:
    """A sequence of several parts; NULL as a whole where the first is missing: no place in the order."""
    return F.when(parts[0][1].isNotNull(), F.struct(*[part.alias(name) for name, part in parts]))


def normal(
    df: DataFrame,
    job: Job,
    *,
    values: Sequence[Column],
    op: Column,
    problem: Column,
    sequence: Column,
    absent: Column | None = None,
    moved: Column | None = None,
    time: Column | None = None,
    index: Column | None = None,
) -> DataFrame:
    """The normal form. `changes.sequence`, where the job has it, wins over the envelope's.

    A control record is never bad; a bad record keeps the message's text. `index` is the place of a row in a message of
    many, the last part of a sequence that the job names.
    """
    optional = ((ABSENT, absent), (MOVED_FROM, moved), (TIME, time), (INDEX, index))
    extras = [column.alias(name) for name, column in optional if column is not None]
    decoded = df.select(
        *values,
        op.alias(OP),
        sequence.alias(SEQ),
        F.col(SRC),
        F.coalesce(F.col(BAD), problem).alias(BAD),
        F.col(TEXT),
        *extras,
    )
    decoded = decoded.withColumn(BAD, F.when(~F.col(OP).eqNullSafe("C"), F.col(BAD)))
    if job.changes.sequence:
        parts = [*job.changes.sequence, *([INDEX] if index is not None else [])]
        decoded = decoded.withColumn(SEQ, sequence_of(decoded.drop(TEXT), parts, job.job))
    raw = F.when(F.col(BAD).isNotNull(), F.col(TEXT))
    return decoded.withColumn(RAW, raw).drop(TEXT, INDEX)


def moved_by_old(job: Job, fields: Sequence[Field], row: Image, old: Image, where: Column) -> Column | None:
    """`_sluice_moved_from` by an image `old` of the columns that changed: a key column in it is the key before."""
    own = key_fields(job, fields)
    after = {field.name: value_of(field, row)[0] for field in own}
    before = {field.name: F.coalesce(value_of(field, old)[0], after[field.name]) for field in own}
    return moved_from(job.changes.keys, before, after, where)


def key_fields(job: Job, fields: Sequence[Field]) -> list[Field]:
    """The fields that are the job's keys, in the order of the keys."""
    by_name = {field.name.lower(): field for field in fields}
    return [by_name[key.lower()] for key in job.changes.keys if key.lower() in by_name]


def unknown_operation(op: Column, given: Column, where: str) -> Column:
    """`operation 'x' in type is unknown`, where the operation could not be told."""
    shown = F.coalesce(F.concat(F.lit("'"), given, F.lit("'")), F.lit("NULL"))
    return F.when(op.isNull(), F.concat(F.lit("operation "), shown, F.lit(f" in {where} is unknown")))
