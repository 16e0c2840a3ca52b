"""Rows that are computed once and read often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.session.temporary import settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_UNINFERRED = {"spark.sql.constraintPropagation.enabled": "false"}


def materialized(df: DataFrame) -> DataFrame:
    """The same rows, computed now and kept by the executors; what is read of them doesn't know how they came about.

    Nor what is known of their values: Spark would keep that by columns which it may name otherwise where the rows are
    used twice in a plan, and then fail with `key not found` (the constraints of a LogicalRDD, Spark 3.5 to 4.1).
    """
    with settings(df.sparkSession, _UNINFERRED):
        return df.localCheckpoint()
