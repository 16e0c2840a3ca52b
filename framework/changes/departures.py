"""scd1: the records of keys that changed, kept in the table of tombstones.

A row of the table is what its key is now. What the key had as of a change is gone from there, and what comes later of
before the change must still reach the new key. So the tombstone of a changed key is a record of its departure:

    key  seq  left
    1    6    {"to": {"id": 2}, "enters": 7, "takes": ["big"], "cells": {"a": (5, 1), "big": (5, "X")}}

A late event of key 1 at 5.5 gives it another `big`, and key 2 takes that over. Records join by maxima, as rows do; the
newest one of a change has everything, so that older ones may be forgotten. A key that is written by a change has a
record of what it was before, too: that row's own departure may come later, as in a swap.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    DataType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
)

from framework.changes import stamp
from framework.changes.cells import BY_COLUMN, NAME, OWNER, STAMP, VALUE, as_map, owner
from framework.changes.columns import LEFT, MOVE, SEQ
from framework.changes.taken_over import ENTERS, LEAVES, NEW, OLD, TAKES, connected, each_once
from framework.materialized import materialized
from framework.sql import exact_json

_RECORD = "_sluice_record"


def records_of(tombstones: DataFrame, keys: Sequence[StructField]) -> DataFrame:
    """OLD, LEAVES, NEW, ENTERS, TAKES and BY_COLUMN of every record."""
    kind = _record_type(keys, tombstones.schema[SEQ].dataType)
    parsed = tombstones.filter(F.col(LEFT).isNotNull()).select(
        owner([key.name for key in keys]).alias(OLD),
        *[SEQ, MOVE],
        F.from_json(F.col(LEFT), kind, exact_json()).alias(_RECORD),
    )
    record, moved = F.col(_RECORD), F.lit(stamp.MOVED)
    enters = stamp.alone(stamp.make(F.col(SEQ), moved, record["enters"]))
    return parsed.filter(record["cells"].isNotNull()).select(
        OLD,
        stamp.alone(stamp.make(F.col(SEQ), moved, F.col(MOVE))).alias(LEAVES),
        record["to"].alias(NEW),
        F.when(record["enters"].isNotNull(), enters).alias(ENTERS),
        record["takes"].alias(TAKES),
        record["cells"].alias(BY_COLUMN),
    )


def cells_of_records(records: DataFrame) -> DataFrame:
    """OWNER, LEAVES, NAME, STAMP and VALUE of what records tell."""
    each = records.select(F.col(OLD).alias(OWNER), LEAVES, F.explode(BY_COLUMN).alias(NAME, "it"))
    return each.select(
        *[OWNER, LEAVES, NAME], F.col("it")["stamp"].alias(STAMP), F.col("it")["value"].alias(VALUE)
    )


def reachable(records: DataFrame, owners: DataFrame) -> DataFrame:
    """The records of these owners, and of all keys that those became, and so on; materialised."""
    steps = materialized(records.filter(F.col(NEW).isNotNull()).select(OLD, NEW))
    its = connected(owners, steps, OLD, NEW)
    return materialized(records.join(its.select(F.col(OWNER).alias(OLD)), OLD, "left_semi"))


def changed_records(
    rows: DataFrame, told: DataFrame, records: DataFrame | None, keys: Sequence[str]
) -> DataFrame:
    """Rows of the table of tombstones that it lacks: keys, SEQ, MOVE, LEFT.

    `rows` are the old keys' as of their changes (`framework.changes.taken_over.as_of`), `told` the batch's own changes.
    """
    whole = rows.groupBy(OLD, LEAVES).agg(as_map())
    known = rows.select(OLD, LEAVES, NEW, ENTERS, TAKES)
    needed = each_once(told.unionByName(known)).join(whole, [OLD, LEAVES], "left")
    if records is not None:
        needed = _without(needed, rows, records)
    nothing = F.map_from_arrays(F.array(), F.array()).cast(whole.schema[BY_COLUMN].dataType)
    record = F.struct(
        F.col(NEW).alias("to"),
        F.col(ENTERS)["rank"].alias("enters"),
        F.col(TAKES).alias("takes"),
        F.coalesce(F.col(BY_COLUMN), nothing).alias("cells"),
    )
    return needed.select(
        *[F.col(OLD).getField(key).alias(key) for key in keys],
        F.col(LEAVES)["seq"].alias(SEQ),
        F.col(LEAVES)["rank"].alias(MOVE),
        F.to_json(record, exact_json()).alias(LEFT),
    )


def _without(found: DataFrame, rows: DataFrame, records: DataFrame) -> DataFrame:
    """Those that the records don't tell yet, or not all of."""
    was = cells_of_records(records).withColumnRenamed(OWNER, OLD)
    news = rows.join(was, [OLD, LEAVES, NAME, STAMP], "left_anti").select(OLD, LEAVES).distinct()
    there = records.select(OLD, LEAVES, F.col(ENTERS).isNotNull().alias("_sluice_whole"))
    known = there.groupBy(OLD, LEAVES).agg(F.max("_sluice_whole").alias("_sluice_whole"))
    marked = found.join(known, [OLD, LEAVES], "left").join(
        news.withColumn("_sluice_news", F.lit(True)), [OLD, LEAVES], "left"
    )
    # one of the two events of a change, delivered again, tells less than the record of both
    lacks = F.col("_sluice_whole").isNull() | (F.col(ENTERS).isNotNull() & ~F.col("_sluice_whole"))
    return marked.filter(lacks | F.col("_sluice_news").isNotNull())


def _record_type(keys: Sequence[StructField], sequence: DataType) -> StructType:
    cell = StructType([StructField("stamp", stamp.path_type(sequence)), StructField("value", StringType())])
    return StructType(
        [
            StructField("to", StructType([StructField(key.name, key.dataType) for key in keys])),
            StructField("enters", LongType()),
            StructField("takes", ArrayType(StringType())),
            StructField("cells", MapType(StringType(), cell)),
        ]
    )
