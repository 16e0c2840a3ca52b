"""Deleting rejected rows that nobody needs any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException, ParseException

from framework.config import Project
from framework.errors import ConfigError, TableError
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
    if not fmt.exists(ref):
        raise TableError(
            f"{table} has no quarantine", fix="No row was ever rejected for it: nothing is wrong."
        )
    rows = fmt.read(ref)
    try:
        found = rows.where(where or "true").count()
    except (AnalysisException, ParseException) as error:
        raise ConfigError(
            "--where is no condition on the quarantine's columns",
            found=where,
            expected=str(error).splitlines()[0],
            fix=f"Its columns: {', '.join(rows.columns)}.",
        ) from error
    if found:
        fmt.replace_where(rows.limit(0), ref, where or "true", None)
    return found
