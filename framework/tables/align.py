"""Rows in the shape of their table: its columns, in its order, by name at every level of nesting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.errors import TableError
from framework.sql import quote
from framework.tables.types import comment_of, fits, same, type_sql

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def align(df: DataFrame, schema: T.StructType, table: str) -> DataFrame:
    """The frame with exactly the table's columns; those it lacks are NULL, values keep their meaning.

    Raises:
        TableError: the frame has a column the table hasn't, or one of a type that doesn't fit into the
        table's.
    """
    have = {field.name.lower(): field for field in df.schema.fields}
    extra = set(have) - {field.name.lower() for field in schema.fields}
    if extra:
        raise TableError(
            f"rows for {table} have columns the table doesn't have",
            found=", ".join(have[name].name for name in sorted(extra)),
            expected=", ".join(schema.names),
            fix="Evolve the table first (`write.evolution: add_columns`).",
        )
    if [f.name for f in df.schema.fields] == schema.names and all(
        same(a.dataType, b.dataType) for a, b in zip(df.schema.fields, schema.fields, strict=True)
    ):
        return df
    return df.select(*[_column(have.get(field.name.lower()), field, table) for field in schema.fields])


def commented(df: DataFrame, fields: Sequence[T.StructField]) -> DataFrame:
    """The frame, whose columns are these fields, with the comments that the fields carry."""
    if not any(comment_of(field) for field in fields):
        return df
    return df.select(*[F.col(quote(f.name)).alias(f.name, metadata=_metadata(f)) for f in fields])


def fitted(column: Column, got: T.DataType, want: T.DataType) -> Column:
    """The value as the wanted type; structs by the names of their fields, not by position.

    A struct that is NULL stays NULL; fields that it lacks are NULL, fields that aren't wanted are left out.
    """
    if got == want:
        return column
    if isinstance(got, T.StructType) and isinstance(want, T.StructType):
        have = {field.name.lower(): field for field in got.fields}
        parts = [_part(column, have.get(field.name.lower()), field) for field in want.fields]
        return F.when(column.isNotNull(), F.struct(*parts)).cast(want)
    if isinstance(got, T.ArrayType) and isinstance(want, T.ArrayType) and not same(got, want):
        inner, outer = got.elementType, want.elementType
        return F.transform(column, lambda item: fitted(item, inner, outer))
    return column.cast(want)


def _metadata(field: T.StructField) -> dict[str, str]:
    comment = comment_of(field)
    return {"comment": comment} if comment else {}


def _part(column: Column, got: T.StructField | None, want: T.StructField) -> Column:
    if got is None:
        return F.lit(None).cast(want.dataType).alias(want.name)
    return fitted(column.getField(got.name), got.dataType, want.dataType).alias(want.name)


def _column(got: T.StructField | None, want: T.StructField, table: str) -> Column:
    if got is None:
        return F.lit(None).cast(want.dataType).alias(want.name)
    if not _goes_in(got.dataType, want.dataType):
        raise TableError(
            f"column {want.name} of {table} doesn't take what arrives",
            found=type_sql(got.dataType),
            expected=type_sql(want.dataType),
            fix="Cast it in the transform, declare it in `read.schema`, or set `write.evolution: widen`.",
        )
    return fitted(F.col(quote(got.name)), got.dataType, want.dataType).alias(want.name)


def _goes_in(got: T.DataType, want: T.DataType) -> bool:
    if isinstance(got, T.StructType) and isinstance(want, T.StructType):
        known = {field.name.lower(): field for field in want.fields}
        return all(
            field.name.lower() in known and _goes_in(field.dataType, known[field.name.lower()].dataType)
            for field in got.fields
        )
    if isinstance(got, T.ArrayType) and isinstance(want, T.ArrayType):
        return _goes_in(got.elementType, want.elementType)
    return fits(got, want)
