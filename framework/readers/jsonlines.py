"""JSON, a record a line or (`multiLine`) a file: typed in one pass; only records that don't fit are looked at twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW
from framework.readers.declared import Field, schema_text, shared_formats, unfit
from framework.readers.parsing import Parsing, parsing_of
from framework.readers.scan import Scan
from framework.readers.transport import file_source, joined, marked
from framework.session.temporary import settings
from framework.sql import literal, quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader

_MALFORMED = "malformed record"
_NESTED = "a value inside a column does not fit its type"


def scan(request: Scan) -> DataFrame:
    """The files' records: declared or inferred columns, `_sluice_src`, `_sluice_bad`, `_sluice_raw`.

    A declared column that a record lacks is NULL; a key that nobody declared is not read, or with the option
    `undeclared: read` is a string.
    """
    fields = infer(request) if request.fields is None else [*request.fields, *_undeclared(request)]
    if not fields:
        return _unreadable(request)
    parsing = parsing_of(request, fields)
    reader = _reader(request).options(**shared_formats(fields))
    df = reader.schema(schema_text([*parsing.types(), (RAW, T.StringType())])).json(list(request.files))
    bad = _reason(parsing)
    text = F.col(RAW)
    if parsing.problems():
        # the scan keeps no text of a record in which it found nothing wrong
        text = F.coalesce(text, F.to_json(F.struct(*[F.col(quote(field.source)) for field in fields])))
    source = file_source(positions=request.positions)
    return df.select(*parsing.values(), source, bad.alias(BAD), F.when(bad.isNotNull(), text).alias(RAW))


def infer(request: Scan) -> list[Field]:
    """Columns nobody declared, read off the files of the batch; empty if no record can be read."""
    found = _reader(request).json(list(request.files)).schema
    return [
        Field(
            field.name,
            field.name,
            T.StringType() if isinstance(field.dataType, T.NullType) else field.dataType,
        )
        for field in found.fields
        if field.name != RAW
    ]


def _undeclared(request: Scan) -> list[Field]:
    """Keys of the batch's records that nobody declared, if they are asked for: that takes a pass to find them.

    They are strings, as columns of csv files are that nobody declared: a type that is guessed changes with the batch.
    """
    if request.choice("undeclared", "ignore", "read") == "ignore":
        return []
    taken = {field.source.lower() for field in request.fields or []}
    found = []
    # keys may differ in case alone; columns may not
    with settings(request.spark, {"spark.sql.caseSensitive": "true"}):
        inferred = infer(request)
    for each in inferred:
        if each.source.lower() not in taken:
            taken.add(each.source.lower())
            found.append(replace(each, type=T.StringType()))
    return found


def _reason(parsing: Parsing) -> Column:
    """What is wrong with a record, NULL for a good one; what it says is worked out for bad ones only."""
    values = F.expr(f"from_json({quote(RAW)}, 'map<string,string>')")
    own = parsing.problems()
    reasons = list(own.values())
    for field in parsing.fields:
        if field.source not in parsing.texts:
            given = F.expr(f"from_json({quote(RAW)}, 'map<string,string>')[{literal(field.source)}]")
            reasons.append(
                F.when(F.col(quote(field.source)).isNull() & given.isNotNull(), unfit(given, field))
            )
    detailed, found = joined(reasons), joined(list(own.values()))
    unread = (
        F.when(values.isNull(), F.lit(_MALFORMED)).when(detailed != "", detailed).otherwise(F.lit(_NESTED))
    )
    told = F.when(marked(detailed), unread)
    return told.when(found != "", found) if own else told


def _unreadable(request: Scan) -> DataFrame:
    """No record of the files can be read, so that there are no columns: every line is bad."""
    df = request.spark.read.text(list(request.files)).filter(F.trim("value") != "")
    return df.select(
        file_source(positions=request.positions), F.lit(_MALFORMED).alias(BAD), F.col("value").alias(RAW)
    )


def _reader(request: Scan) -> DataFrameReader:
    options = {**request.options, "mode": "PERMISSIVE", "columnNameOfCorruptRecord": RAW}
    return request.spark.read.options(**options)
