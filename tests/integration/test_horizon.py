"""Whether a batch is newer than all that tables are known to have, for every type that a sequence may have."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from framework.changes.columns import SEQ, VERDICT
from framework.changes.sequence import as_json
from framework.run.horizon import Horizon, is_ahead

NOON = dt.datetime(2026, 1, 1, 12, 0, 0, 1)
LATER = dt.datetime(2026, 1, 1, 12, 0, 0, 2)
# of each type three sequences in order, next to each other
SEQUENCES = {
    "bigint": (2**53, 2**53 + 1, 2**53 + 2),
    "decimal(38,0)": (Decimal(10**37), Decimal(10**37 + 1), Decimal(10**37 + 2)),
    "string": ("a", "aa", "b"),
    "timestamp": (NOON, LATER, LATER + dt.timedelta(microseconds=1)),
    "timestamp_ntz": (NOON, LATER, LATER + dt.timedelta(microseconds=1)),
    "struct<scn: bigint, file: string>": ((1, "b"), (2, None), (2, "a")),
}


def figures(spark: SparkSession, kind: str, told: list[Any], batch: list[tuple[Any, str]]) -> dict[str, Any]:
    frame = spark.createDataFrame(batch, f"{SEQ} {kind}, {VERDICT} string")
    horizon = Horizon(tuple(text(spark, kind, each) for each in told))
    return frame.agg(*horizon.figures(frame.schema[SEQ].dataType)).collect()[0].asDict()


def text(spark: SparkSession, kind: str, value: Any) -> str:
    frame = spark.createDataFrame([(value,)], f"{SEQ} {kind}")
    return str(frame.select(as_json(F.col(SEQ))).collect()[0][0])


@pytest.mark.parametrize("kind", SEQUENCES)
def test_a_batch_is_ahead_if_each_good_event_is_past_all_that_every_table_tells(
    spark: SparkSession, kind: str
) -> None:
    low, middle, high = SEQUENCES[kind]
    for told, batch, ahead, reach in [
        ([low], [middle, high], True, high),
        ([low], [low, high], False, high),
        ([middle], [low, high], False, high),
        ([middle], [middle], False, middle),
        ([low, middle], [high], True, high),
        ([high, low], [middle], False, high),
        ([], [low], True, low),
    ]:
        found = figures(spark, kind, told, [(each, "good") for each in batch])
        assert is_ahead(found) is ahead, (told, batch)
        assert found["reach"] == text(spark, kind, reach), (told, batch)
    rejected = figures(spark, kind, [middle], [(high, "good"), (low, "rejected"), (None, "rejected")])
    assert is_ahead(rejected)
    assert not is_ahead(figures(spark, kind, [low], [(high, "good"), (None, "good")])), "it has no place"


def test_a_horizon_that_cant_be_read_is_unknown(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(7, "good")], f"{SEQ} int, {VERDICT} string")
    found = frame.agg(*Horizon(('{"other": 1}',)).figures(frame.schema[SEQ].dataType)).collect()[0].asDict()
    assert not is_ahead(found)
    assert found["reach"] is None
