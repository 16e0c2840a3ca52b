"""A transform that takes as long as the environment says, inside of a Spark job that only its end ends."""

from __future__ import annotations

import os

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def sleepy(source: DataFrame) -> DataFrame:
    """The rows, each after a sleep of its task."""
    nap = int(os.environ.get("SLUICE_TEST_SLEEP_MS", "0"))
    if not nap:
        return source
    return source.filter(
        F.expr(f"java_method('java.lang.Thread', 'sleep', {nap}L) IS NOT NULL OR v IS NOT NULL")
    )
