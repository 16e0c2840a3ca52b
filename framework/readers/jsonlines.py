"""JSON, a record a line or (`multiLine`) a file: typed in one pass; only records that don't fit are looked at twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW
from framework.readers.declared import Field, as_text, parsed, schema_text, shared_formats, unfit
from framework.readers.scan import Scan
from framework.readers.transport import file_source, joined, marked
from framework.sql import literal, quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader

_MALFORMED = "malformed record"
_NESTED = "a value inside a column does not fit its type"


def scan(request: Scan) -> DataFrame:
    """The files' records: declared or inferred columns, `_sluice_src`, `_sluice_bad`, `_sluice_raw`.

    A declared column that a record lacks is NULL; a key that nobody declared is not read.
    """
    fields = infer(request) if request.fields is None else list(request.fields)
    if not fields:
        return _unreadable(request)
    texts = as_text(fields)
    typed = [(f.source, T.StringType() if f.source in texts else f.type) for f in fields]
    reader = _reader(request).options(**shared_formats(fields))
    df = reader.schema(schema_text([*typed, (RAW, T.StringType())])).json(list(request.files))
    bad = _reason(fields, texts)
    values = [_value(field, texts).alias(field.name) for field in fields]
    if texts:
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


def _value(field: Field, texts: frozenset[str]) -> Column:
    column = F.col(quote(field.source))
    return parsed(column, field) if field.source in texts else column


def _reason(fields: list[Field], texts: frozenset[str]) -> Column:
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
