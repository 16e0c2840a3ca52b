"""XML, a record per element `rowTag`: built into Spark 4, the package spark-xml on Spark 3.5."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW, SRC
from framework.errors import ConfigError, ReadError
from framework.readers.declared import Field, as_text, parsed, schema_text, shared_formats, try_cast, unfit
from framework.readers.paths import shown_path
from framework.readers.scan import Scan
from framework.readers.transport import WHOLE_FILE, file_source, joined, marked
from framework.sql import literal, quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader

_PACKAGE = "com.databricks.spark.xml"


def scan(request: Scan) -> DataFrame:
    """The files' records: declared or inferred columns, `_sluice_src`, `_sluice_bad`, `_sluice_raw`.

    Raises:
        ConfigError: the option `rowTag` isn't given.
        ReadError: Spark 3.5 without the package spark-xml.
    """
    if "rowtag" not in request.options:
        raise ConfigError("a source of format xml needs to know its records", fix="Set read.options.rowTag.")
    fields = infer(request) if request.fields is None else list(request.fields)
    if built_in(request):
        # the parser of Spark 4.1 gives a bad record's whole file as its text; on older ones the name means nothing
        request.spark.conf.set("spark.sql.legacy.useLegacyXMLParser", "true")
        return _finish(
            request,
            _typed(request, fields, list(request.files)),
            fields,
            file_source(positions=request.positions),
        )
    frames = [_one_file(request, fields, file) for file in request.files]
    return reduce(lambda left, right: left.unionByName(right), frames)


def built_in(request: Scan) -> bool:
    """Whether this Spark reads XML by itself."""
    return int(request.spark.version.split(".")[0]) >= 4


def infer(request: Scan) -> list[Field]:
    """Columns nobody declared, read off the files of the batch."""
    reader = _reader(request)
    schemas = (
        [reader.load(list(request.files)).schema]
        if built_in(request)
        else [_load(reader, f).schema for f in request.files]
    )
    found: dict[str, T.DataType] = {}
    for schema in schemas:
        for field in schema.fields:
            if field.name != RAW:
                kind = T.StringType() if isinstance(field.dataType, T.NullType) else field.dataType
                found[field.name] = kind if found.get(field.name, kind) == kind else T.StringType()
    return [Field(name, name, kind) for name, kind in found.items()]


def _one_file(request: Scan, fields: list[Field], file: str) -> DataFrame:
    """spark-xml knows no file names, so that each file is a scan of its own; in one split, to count records."""
    conf = request.spark._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
    conf.set("mapreduce.input.fileinputformat.split.minsize", str(WHOLE_FILE))
    position = F.monotonically_increasing_id().bitwiseAND(F.lit(0x1FFFFFFFF)) + F.lit(1)
    source = F.struct(
        F.lit(shown_path(file)).alias("name"),
        F.lit(None).cast("int").alias("partition"),
        (position if request.positions else F.lit(None).cast("bigint")).alias("position"),
    ).alias(SRC)
    return _finish(request, _typed(request, fields, [file]), fields, source)


def _typed(request: Scan, fields: list[Field], files: list[str]) -> DataFrame:
    texts = as_text(fields)
    typed = [(f.source, T.StringType() if f.source in texts else f.type) for f in fields]
    reader = (
        _reader(request)
        .options(**shared_formats(fields))
        .schema(schema_text([*typed, (RAW, T.StringType())]))
    )
    return reader.load(files) if built_in(request) else _load(reader, files[0])


def _finish(request: Scan, df: DataFrame, fields: list[Field], source: Column) -> DataFrame:
    texts = as_text(fields)
    bad = _reason(fields, texts)
    values = []
    for field in fields:
        column = F.col(quote(field.source))
        values.append((parsed(column, field) if field.source in texts else column).alias(field.name))
    return df.select(*values, source, bad.alias(BAD), F.when(bad.isNotNull(), F.col(RAW)).alias(RAW))


def _reason(fields: list[Field], texts: frozenset[str]) -> Column:
    reasons, own = [], []
    for field in fields:
        column = F.col(quote(field.source))
        if field.source in texts:
            own.append(F.when(column.isNotNull() & parsed(column, field).isNull(), unfit(column, field)))
        else:
            pattern = f"<{re.escape(field.source)}(?:\\s[^>]*)?>([^<]*)<"
            text = f"regexp_extract({quote(RAW)}, {literal(pattern)}, 1)"
            given = F.expr(text)
            # Spark 4 makes every column of a bad record NULL: to blame is what its own text doesn't fit
            misfit = column.isNull() & (given != "") & try_cast(text, field.type).isNull()
            reasons.append(F.when(misfit, unfit(given, field)))
    detailed, found = joined([*reasons, *own]), joined(own)
    told = F.when(marked(detailed), F.when(detailed != "", detailed).otherwise(F.lit("malformed record")))
    return told.when(found != "", found) if own else told


def _reader(request: Scan) -> DataFrameReader:
    options = {**request.options, "mode": "PERMISSIVE", "columnNameOfCorruptRecord": RAW}
    options["rowTag"] = options.pop("rowtag")
    return request.spark.read.format("xml" if built_in(request) else _PACKAGE).options(**options)


def _load(reader: DataFrameReader, file: str) -> DataFrame:
    try:
        return reader.load(file)
    except (Py4JJavaError, PySparkException) as error:
        if "ClassNotFound" in str(error) or "DATA_SOURCE_NOT_FOUND" in str(error):
            raise ReadError(
                "this session can't read xml",
                found="Spark 3.5 without spark-xml",
                fix="Add com.databricks:spark-xml_2.12 to its jars.",
            ) from error
        raise
