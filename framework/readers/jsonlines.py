"""JSON, a record a line or (`multiLine`) a file: typed in one pass; only records that don't fit are looked at twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW
from framework.readers.decimals import excess, narrowed, roomy_types
from framework.readers.declared import Field, as_text, parsed, schema_text, shared_formats, unfit
from framework.readers.scan import Scan
from framework.readers.transport import file_source, joined, marked
from framework.sql import literal, quote
from framework.tables.settings import settings

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
    texts = as_text(fields)
    roomy = roomy_types(fields, exact=request.choice("decimals", "exact", "round") == "exact")
    typed = [(f.source, T.StringType() if f.source in texts else roomy.get(f.source, f.type)) for f in fields]
    reader = _reader(request).options(**shared_formats(fields))
    df = reader.schema(schema_text([*typed, (RAW, T.StringType())])).json(list(request.files))
    bad = _reason(fields, texts, roomy)
    values = [_value(field, texts, roomy).alias(field.name) for field in fields]
    if texts or roomy:
        rewritten = F.to_json(F.struct(*[F.col(quote(field.source)) for field in fields]))
        raw = F.when(bad.isNotNull(), F.coalesce(F.col(RAW), rewritten))
    else:
        raw = F.when(bad.isNotNull(), F.col(RAW))
    return df.select(*values, file_source(positions=request.positions), bad.alias(BAD), raw.alias(RAW))


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


def _value(field: Field, texts: frozenset[str], roomy: Mapping[str, T.DataType]) -> Column:
    column = F.col(quote(field.source))
    if field.source in roomy:
        return narrowed(field)
    return parsed(column, field) if field.source in texts else column


def _reason(fields: list[Field], texts: frozenset[str], roomy: Mapping[str, T.DataType]) -> Column:
    """What is wrong with a record, NULL for a good one; what it says is worked out for bad ones only."""
    values = F.expr(f"from_json({quote(RAW)}, 'map<string,string>')")
    reasons, own = [], []
    for field in fields:
        column = F.col(quote(field.source))
        if field.source in texts:
            unparsed = F.when(column.isNotNull() & parsed(column, field).isNull(), unfit(column, field))
            own.append(unparsed)
            reasons.append(unparsed)
        else:
            if field.source in roomy:
                own.append(excess(field))
                reasons.append(own[-1])
            given = F.expr(f"from_json({quote(RAW)}, 'map<string,string>')[{literal(field.source)}]")
            reasons.append(F.when(column.isNull() & given.isNotNull(), unfit(given, field)))
    detailed, found = joined(reasons), joined(own)
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
