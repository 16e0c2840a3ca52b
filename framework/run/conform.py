"""Fitting events to the table's columns: names as the table spells them, values of its types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StringType, StructField, StructType

from framework.changes.columns import ABSENT, BAD, DELETED_AT, EXTRA, HISTORY_COLUMNS, MARK, PREFIX, STATE
from framework.sql import quote
from framework.tables.align import fitted


def data_fields(schema: StructType) -> list[StructField]:
    """The columns that are the user's."""
    return [field for field in schema.fields if not field.name.startswith(PREFIX)]


def event_fields(schema: StructType) -> list[StructField]:
    """The columns that events carry: without those that a history or soft deletes add."""
    added = HISTORY_COLUMNS if _versioned(schema) else (DELETED_AT,) if MARK in schema.names else ()
    return [field for field in data_fields(schema) if field.name not in added]


def value_fields(schema: StructType, keys: Sequence[str]) -> list[StructField]:
    """What a row has beside its key, as far as events tell it: extra columns as JSON among them."""
    extra = [field for field in schema.fields if field.name == EXTRA]
    return [field for field in [*event_fields(schema), *extra] if field.name not in keys]


def _versioned(schema: StructType) -> bool:
    return STATE in schema.names and isinstance(schema[STATE].dataType, StructType)


def conform(events: DataFrame, table: StructType, *, keep_extra: bool) -> DataFrame:
    """Events with the table's spelling and types; a value that doesn't fit makes its event unreadable.

    Columns that the table lacks are left out, or kept as JSON in `_sluice_extra` if `keep_extra`. Columns that the
    events lack stay absent: a merge leaves them as they are.
    """
    wanted = {field.name.lower(): field for field in event_fields(table)}
    known = [
        (field, wanted[field.name.lower()])
        for field in data_fields(events.schema)
        if field.name.lower() in wanted
    ]
    extra = [field.name for field in data_fields(events.schema) if field.name.lower() not in wanted]
    columns = [_named(_fitted(got, want.dataType), got, want) for got, want in known]
    misfits = [
        _misfit(got, want)
        for got, want in known
        if got.dataType != want.dataType and not _lossless(got, want)
    ]
    framework = [
        F.col(name) for name in events.columns if name.startswith(PREFIX) and name not in (BAD, ABSENT)
    ]
    if ABSENT in events.columns:
        framework.append(_respelled({got.name: want.name for got, want in known}).alias(ABSENT))
    if keep_extra:
        framework.append(_as_json(extra).alias(EXTRA))
    return events.select(*columns, *framework, F.coalesce(F.col(BAD), *misfits).alias(BAD))


def _respelled(spelling: dict[str, str]) -> Column:
    """The names of absent columns as the table spells them."""
    other = {got: want for got, want in spelling.items() if got != want}
    if not other:
        return F.col(ABSENT)
    table = F.create_map(*[F.lit(text) for pair in other.items() for text in pair])
    return F.transform(F.col(ABSENT), lambda name: F.coalesce(table.getItem(name), name))


def with_missing(df: DataFrame, fields: Iterable[StructField]) -> DataFrame:
    """The frame with NULL for fields it lacks, in the order of the fields; other columns are left out."""
    have = set(df.columns)
    return df.select(
        *[
            (F.col(quote(f.name)) if f.name in have else F.lit(None).cast(f.dataType)).alias(f.name)
            for f in fields
        ]
    )


def _lossless(got: StructField, want: StructField) -> bool:
    order = ["tinyint", "smallint", "int", "bigint"]
    have, need = got.dataType.simpleString(), want.dataType.simpleString()
    widened = have in order and need in order and order.index(have) <= order.index(need)
    return widened or (have == "float" and need == "double") or need == have


def _fitted(got: StructField, want: DataType) -> Column:
    column = F.col(quote(got.name))
    if got.dataType == want:
        return column
    if isinstance(want, StringType) and got.dataType.typeName() in ("struct", "array", "map"):
        return F.to_json(column)
    if isinstance(want, StructType) and isinstance(got.dataType, StructType):
        return fitted(column, got.dataType, want)  # by name; evolution let in only what fits
    # Column.try_cast came with Spark 4; the expression is there in both
    return F.expr(f"try_cast({quote(got.name)} AS {want.simpleString()})")


def _named(column: Column, got: StructField, want: StructField) -> Column:
    """A column that has its name already takes no call to name it."""
    return column if got == want else column.alias(want.name)


def _misfit(got: StructField, want: StructField) -> Column:
    value = F.col(quote(got.name))
    value_fitted = _fitted(got, want.dataType)
    text = F.substring(value.cast("string"), 1, 100) if got.dataType.typeName() != "binary" else F.hex(value)
    reason = F.concat(
        F.lit("value '"), text, F.lit(f"' of column {want.name} is no {want.dataType.simpleString()}")
    )
    return F.when(value.isNotNull() & value_fitted.isNull(), reason)


def _as_json(names: list[str]) -> Column:
    if not names:
        return F.lit(None).cast("string")
    packed = F.struct(*[F.col(quote(name)).alias(name) for name in names])
    return F.to_json(packed)
