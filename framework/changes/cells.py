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
            _cell(F.lit(field.name), F.col(written), as_value(rows.schema[field.name])),
        )
        for field in columns
        if field.name in rows.columns
    ]
    return _narrow(
        rows, keys, F.concat(F.array(*carried), _resets(names, ended)) if carried else _resets(names, ended)
    )


def ends_of(owners: DataFrame, names: Sequence[str], ended: str) -> DataFrame:
    """Cells of keys, in a column OWNER, that end at the path in column `ended`."""
    return _narrow(owners, None, _resets(names, ended))


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
    entry = F.struct(
        F.col(NAME), F.struct(F.col(_CELL)[STAMP].alias("stamp"), F.col(_CELL)[VALUE].alias("value"))
    )
    return newest.groupBy(OWNER).agg(F.map_from_entries(F.collect_list(entry)).alias(BY_COLUMN))


def _resets(names: Sequence[str], ended: str) -> Column:
    every = F.transform(
        F.array(*[F.lit(name) for name in names]),
        lambda name: _cell(name, F.col(ended), F.lit(None).cast("string")),
    )
    return F.when(F.col(ended).isNotNull(), every).otherwise(F.slice(every, 1, 0))


def _cell(name: Column, stamp: Column, value: Column) -> Column:
    return F.struct(name.alias(NAME), stamp.alias(STAMP), value.alias(VALUE))


def _narrow(rows: DataFrame, keys: Sequence[str] | None, cells: Column) -> DataFrame:
    its = F.col(OWNER) if keys is None else owner(keys).alias(OWNER)
    one = rows.select(its, F.explode(cells).alias(_CELL)).filter(F.col(_CELL).isNotNull())
    return one.select(OWNER, *[F.col(_CELL)[name].alias(name) for name in (NAME, STAMP, VALUE)])
