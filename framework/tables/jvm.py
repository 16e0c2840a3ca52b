"""The one place where tables reach into the JVM behind a session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def jvm(spark: SparkSession) -> Any:
    """Java's packages, as py4j shows them."""
    return spark._jvm


def java_session(spark: SparkSession) -> Any:
    """Java's session; its own settings and views, like the Python one's."""
    return spark._jsparkSession
