"""The one place where tables reach into the JVM behind a session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from framework.session.gateway import java_class

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def jvm(spark: SparkSession) -> Any:
    """Java's packages, as py4j shows them."""
    return spark._jvm


def java_session(spark: SparkSession) -> Any:
    """Java's session; its own settings and views, like the Python one's."""
    return spark._jsparkSession


@contextmanager
def active(spark: SparkSession) -> Iterator[None]:
    """The session as this thread's active one, as Iceberg wants it; Spark's commands do this themselves.

    In a thread that has none, Iceberg can't load its catalog, and says that `spark_catalog` lacks the table.
    """
    sessions = java_class(spark, "org.apache.spark.sql.SparkSession")
    before = sessions.getActiveSession()
    sessions.setActiveSession(java_session(spark))
    try:
        yield
    finally:
        if before.isDefined():
            sessions.setActiveSession(before.get())
        else:
            sessions.clearActiveSession()
