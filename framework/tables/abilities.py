"""What the libraries of a session can do, as far as tables care."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def _major(spark: SparkSession) -> int:
    return int(spark.version.split(".", 1)[0])


def iceberg_marks_by_setting(spark: SparkSession) -> bool:
    """Iceberg takes snapshot properties of a MERGE from a session setting."""
    return _major(spark) >= 4


def delta_widens_types(spark: SparkSession) -> bool:
    """Delta changes a column's type without touching data."""
    return _major(spark) >= 4
