"""Delta's change data feed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import TableError
from framework.tables.base import TableRef
from framework.tables.delta.log import DeltaLog

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

ENABLED = "delta.enableChangeDataFeed"


def check_feed(spark: SparkSession, table: TableRef, after: int | None, upto: int) -> None:
    """Refuse a table that writes no feed, or one whose history ends before the changes that are asked for."""
    if DeltaLog(spark, table).properties.get(ENABLED, "false").lower() != "true":
        raise TableError(
            f"table {table.name} keeps no change data feed",
            found=f"{ENABLED} is not true",
            fix=f"Set write.properties: {{{ENABLED}: 'true'}} where it is made; "
            f"or ALTER TABLE {table.identifier} SET TBLPROPERTIES ('{ENABLED}' = 'true').",
        )
    if after is None or after >= upto:
        return
    try:
        # Delta looks for the first version, and for the feed in all of them, as soon as it is asked for a plan
        read_feed(spark, table, after, upto)._jdf.queryExecution().executedPlan()
    except Exception as error:
        raise TableError(
            f"the changes of table {table.name} after version {after} are not all there any more",
            found=str(error).splitlines()[0] if str(error) else type(error).__name__,
            fix="Run with --replay to go on from the table's rows as they are now; "
            "rows deleted meanwhile stay in the target.",
        ) from error


def read_feed(spark: SparkSession, table: TableRef, after: int, upto: int) -> DataFrame:
    """Delta gives the columns as this framework has them."""
    options = {"readChangeFeed": "true", "startingVersion": str(after + 1), "endingVersion": str(upto)}
    return spark.read.format("delta").options(**options).load(str(table.location))


def commit_number(spark: SparkSession, table: TableRef, version: int) -> int:
    """A version is its commit's number."""
    return version
