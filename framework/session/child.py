"""Sessions for jobs: each has its own settings and views, and starts from those of the run's session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.session.gateway import remember_functions, send_lists_at_once

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def child_session(spark: SparkSession) -> SparkSession:
    """A session with the settings of this one, which may change without a change of this one.

    `newSession()` begins with the application's settings instead: a session that was adopted from a platform would
    lose what it was given then (catalogs, ANSI mode, the time zone).
    """
    from pyspark.sql import SparkSession

    # members that are looked up keep the converters that were there
    send_lists_at_once(spark)
    remember_functions(spark)
    return SparkSession(spark.sparkContext, spark._jsparkSession.cloneSession())
