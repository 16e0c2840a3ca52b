"""Statements whose Iceberg commit carries properties of ours.

Writers take them as options. MERGE has no options: from Spark 4 on a session setting does it; before,
Iceberg's `CommitMetadata.withCommitProperties` runs a `Callable` and gives its properties to the commits made
meanwhile. The Callable is made inside the JVM (`java.beans.EventHandler` calls a method of an object that is
there already), so no callback server into Python is needed: that one would keep a port open, and hang when it
is stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.session.temporary import settings
from framework.tables.jvm import active, java_session, jvm
from framework.tables.marks import KEY

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OPTION = f"snapshot-property.{KEY}"
_SETTING = f"spark.sql.iceberg.snapshot-property.{KEY}"


def run_with_text(spark: SparkSession, sql: str, text: str | None, *, by_setting: bool) -> None:
    """Run the statement; its commit carries the text."""
    if text is None:
        spark.sql(sql)
    elif by_setting:
        with settings(spark, {_SETTING: text}):
            spark.sql(sql)
    else:
        _run_in_callable(spark, sql, text)


def _run_in_callable(spark: SparkSession, sql: str, text: str) -> None:
    from py4j.protocol import Py4JJavaError

    java, session = jvm(spark), java_session(spark)
    try:
        with active(spark):
            query = _planned(java, session, sql)
            query.assertAnalyzed()
            action = java.java.beans.EventHandler.create(
                _class(java, "java.util.concurrent.Callable"), query, "commandExecuted"
            )
            properties = java.java.util.HashMap()
            properties.put(KEY, text)
            java.org.apache.iceberg.spark.CommitMetadata.withCommitProperties(
                properties, action, _class(java, "java.lang.RuntimeException")
            )
    except Py4JJavaError as error:
        raise _unwrapped(error) from error


def _planned(java: Any, session: Any, sql: str) -> Any:
    """The statement parsed; it runs when its `commandExecuted` is asked for."""
    plan = session.sessionState().sqlParser().parsePlan(sql)
    mode = getattr(getattr(java.org.apache.spark.sql.execution, "CommandExecutionMode$"), "MODULE$").ALL()
    return session.sessionState().executePlan(plan, mode)


def _class(java: Any, name: str) -> Any:
    return java.java.lang.Class.forName(name)


def _unwrapped(error: Any) -> BaseException:
    """The error itself: checked ones come wrapped out of the handler."""
    from pyspark.errors.exceptions.captured import convert_exception

    thrown = error.java_exception
    wrapped = thrown.getClass().getName() == "java.lang.RuntimeException" and thrown.getCause() is not None
    converted: BaseException = convert_exception(thrown.getCause() if wrapped else thrown)
    return converted
