"""Formats whose files bring types of their own: parquet, avro, orc. Declared columns are found by name and cast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException
from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW
from framework.errors import ReadError
from framework.readers.declared import Field, missing_column, parsed, try_cast, unfit
from framework.readers.failures import SPARK_ERRORS, told
from framework.readers.paths import shown_path
from framework.readers.scan import Scan
from framework.readers.transport import file_source, joined, union_by_name
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType


def scan(request: Scan) -> DataFrame:
    """The files' records: declared columns (or all), then the others, `_sluice_src`, `_sluice_bad`, `_sluice_raw`.

    Raises:
        ReadError: a file is none of the format, or a declared column is in no file.
    """
    try:
        df = _load(request, request.files)
    except SPARK_ERRORS as error:
        if request.fields is None or len(request.files) < 2:
            raise unreadable(request, error) from error
        # files whose schemas contradict each other: each by itself, all cast to what is declared
        return union_by_name([_scan(request, _load_one(request, file), [file]) for file in request.files])
    return _scan(request, df, request.files)


def unreadable(request: Scan, error: Exception) -> ReadError:
    """A file's own description of itself can't be read."""
    return ReadError(
        f"cannot read {_named(request.files)} as {request.format}",
        found=told(error),
        fix="Remove or restore the damaged file; where the files' schemas differ, declare read.schema.",
    )


def fit(df: DataFrame, fields: Sequence[Field], where: str) -> tuple[list[Column], Column | None]:
    """Declared columns out of a frame, then its others; and what is wrong with a row (None: nothing can be).

    Raises:
        ReadError: a declared column is missing, or its type can't become the declared one.
    """
    by_name = {name.lower(): name for name in df.columns}
    missing = [field for field in fields if field.source.lower() not in by_name]
    if missing:
        raise missing_column(where, missing[0], df.columns, fields)
    values: list[Column] = []
    reasons: list[Column] = []
    used = set()
    for field in fields:
        actual = field.source if field.source in df.columns else by_name[field.source.lower()]
        used.add(actual)
        value, reason = _fitted(df.schema[actual].dataType, F.col(quote(actual)), quote(actual), field)
        values.append(value.alias(field.name))
        reasons += [reason] if reason is not None else []
    values += [F.col(quote(name)) for name in df.columns if name not in used]
    found = joined(reasons)
    return values, F.when(found != "", found) if reasons else None


def _scan(request: Scan, df: DataFrame, files: Sequence[str]) -> DataFrame:
    values, bad = fit(df, request.fields or [], _named(files))
    source = file_source(positions=request.positions, row_index=request.format == "parquet")
    if bad is None:
        none = F.lit(None).cast("string")
        return df.select(*values, source, none.alias(BAD), none.alias(RAW))
    raw = F.when(bad.isNotNull(), F.to_json(F.struct(*[F.col(quote(name)) for name in df.columns])))
    try:
        return df.select(*values, source, bad.alias(BAD), raw.alias(RAW))
    except AnalysisException as error:
        raise ReadError(
            f"columns of {_named(files)} can't become what is declared",
            found=told(error),
            fix="Correct the types in read.schema.",
        ) from error


def _fitted(found: DataType, column: Column, name: str, field: Field) -> tuple[Column, Column | None]:
    """A column as its declared type, and the reason if a value doesn't fit (None where every value does)."""
    if found == field.type or found.simpleString() == field.type.simpleString():
        return column, None
    in_format = field.format and isinstance(found, T.StringType)
    value = parsed(column, field) if in_format else try_cast(name, field.type)
    lost = value.isNull()
    if (
        isinstance(found, T.NumericType)
        and isinstance(field.type, T.NumericType)
        and not isinstance(field.type, T.FractionalType)
    ):
        # 3.7 as bigint would be 3
        lost = lost | (value != column)
    shown = (
        column.cast("string")
        if not isinstance(found, T.StructType | T.ArrayType | T.MapType)
        else F.lit("...")
    )
    return value, F.when(column.isNotNull() & lost, unfit(shown, field))


def _load(request: Scan, files: Sequence[str]) -> DataFrame:
    options = dict(request.options)
    if len(files) > 1 and request.format in ("parquet", "orc"):
        options.setdefault("mergeschema", "true")
    return request.spark.read.format(request.format).options(**options).load(list(files))


def _load_one(request: Scan, file: str) -> DataFrame:
    try:
        return _load(request, [file])
    except SPARK_ERRORS as error:
        raise unreadable(replace(request, files=[file]), error) from error


def _named(files: Sequence[str]) -> str:
    return shown_path(files[0]) if len(files) == 1 else f"{shown_path(files[0])} and {len(files) - 1} more"
