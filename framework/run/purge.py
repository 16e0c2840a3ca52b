"""Deleting rejected rows that nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.config import Project
from framework.run.quarantine import read_quarantine
from framework.tables import side_table, table_format, table_ref

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def purge_quarantine(spark: SparkSession, project: Project, table: str, where: str | None) -> int:
    """Delete the rows of a table's quarantine that satisfy a condition, all of them if it is None; their number.

    Raises:
        TableError: nothing was ever rejected for the table.
        ConfigError: the condition is none on the quarantine's columns.
    """
    form = next((job.write.format for job in project.jobs.values() if job.write.table == table), None)
    ref = side_table(table_ref(project.lake, table, form), "quarantine")
    fmt = table_format(spark, ref.format)
    found = read_quarantine(fmt, ref, table, where).count()
    if found:
        fmt.replace_where(fmt.read(ref).limit(0), ref, where or "true", None)
    return found
