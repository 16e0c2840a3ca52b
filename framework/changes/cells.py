"""Values one by one: a row for each column that an event carried, and for each that an end of its key reset.

    owner  name  stamp  value
    1      big   5      {"v": "X"}
    1      big   6      NULL          key 1 ended at 6

What key changes take over is worked out on these (`framework.changes.taken_over`): a plan over them doesn't grow with
the table's columns. Values are JSON, because they have one type here.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, MapType, StructField, StructType

from framework.changes.columns import ABSENT
from framework.sql import exact_json, quote

OWNER, NAME, STAMP, VALUE = "_sluice_owner", "_sluice_name", "_sluice_cell_stamp", "_sluice_value"
"""The key (struct), the column, the path (`framework.changes.stamp`), the value as JSON; NULL where an end reset it."""
BY_COLUMN = "_sluice_cells"
"""Map from column to struct<stamp, value>."""
_CELL = "_sluice_one"


def cells_of(
    rows: DataFrame, keys: Sequence[str], columns: Sequence[StructField], written: str, ended: str
) -> DataFrame:
    """Cells of rows that write at the path in column `written`, and end their key at that in `ended`; NULL: they don't.

    Columns that a row has not, or lists in ABSENT, it doesn't write.
    """
    absent = F.coalesce(F.col(ABSENT), F.array()) if ABSENT in rows.columns else F.array()
    names = [field.name for field in columns]
    carried = [
        F.when(
            F.col(written).isNotNull() & ~F.array_contains(absent.cast("array<string>"), field.name),
            one_cell(F.lit(field.name), F.col(written), as_value(rows.schema[field.name])),
        )
        for field in columns
        if field.name in rows.columns
    ]
    resets = _resets(names, ended)
    return each_cell(rows, owner(keys), F.concat(F.array(*carried), resets) if carried else resets)


def ends_of(owners: DataFrame, names: Sequence[str], ended: str) -> DataFrame:
    """Cells of keys, in a column OWNER, that end at the path in column `ended`."""
    return each_cell(owners, F.col(OWNER), _resets(names, ended))


def owner(keys: Sequence[str]) -> Column:
    """The key of a row as one value."""
    return F.struct(*[F.col(quote(key)).alias(key) for key in keys])


def as_value(field: StructField) -> Column:
    """A column's value as VALUE has it; the JSON of NULL is not NULL."""
    column = F.col(quote(field.name))
    if isinstance(field.dataType, MapType):
        column = F.map_entries(column)  # JSON's maps have texts for keys
    return F.to_json(F.struct(column.alias("v")), exact_json())


def of_value(value: Column, field: StructField) -> Column:
    """A value of a column from its JSON."""
    kind = field.dataType
    if not isinstance(kind, MapType):
        return _parsed(value, kind)
    entry = StructType([StructField("key", kind.keyType), StructField("value", kind.valueType)])
    return F.map_from_entries(_parsed(value, ArrayType(entry)))


def _parsed(value: Column, kind: DataType) -> Column:
    return F.from_json(value, StructType([StructField("v", kind)]), exact_json()).getField("v")


def by_column(cells: DataFrame) -> DataFrame:
    """A row per owner with BY_COLUMN, the newest of each column."""
    newest = cells.groupBy(OWNER, NAME).agg(F.max(F.struct(STAMP, VALUE)).alias(_CELL))
    each = newest.select(OWNER, NAME, *[F.col(_CELL)[name].alias(name) for name in (STAMP, VALUE)])
    return each.groupBy(OWNER).agg(as_map())


def as_map() -> Column:
    """Aggregate: cells of different columns as BY_COLUMN."""
    entry = F.struct(F.col(NAME), F.struct(F.col(STAMP).alias("stamp"), F.col(VALUE).alias("value")))
    return F.map_from_entries(F.collect_list(entry)).alias(BY_COLUMN)


def one_cell(name: Column, stamp: Column, value: Column) -> Column:
    """A cell, for `each_cell`."""
    return F.struct(name.alias(NAME), stamp.alias(STAMP), value.alias(VALUE))


def each_cell(rows: DataFrame, its: Column, cells: Column) -> DataFrame:
    """OWNER, NAME, STAMP and VALUE of every cell in an array of them, but for those that are NULL."""
    one = rows.select(its.alias(OWNER), F.explode(cells).alias(_CELL)).filter(F.col(_CELL).isNotNull())
    return one.select(OWNER, *[F.col(_CELL)[name].alias(name) for name in (NAME, STAMP, VALUE)])


def _resets(names: Sequence[str], ended: str) -> Column:
    every = F.transform(
        F.array(*[F.lit(name) for name in names]),
        lambda name: one_cell(name, F.col(ended), F.lit(None).cast("string")),
    )
    return F.when(F.col(ended).isNotNull(), every).otherwise(F.slice(every, 1, 0))
