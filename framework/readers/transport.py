"""The columns that say where a record comes from and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from framework.changes.columns import BAD, RAW, SRC

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

SRC_TYPE = "struct<name:string,partition:int,position:bigint>"
WHOLE_FILE = 1 << 40
"""More bytes than any file has: no file is split, and none shares a partition with another."""


def keep_files_whole(spark: SparkSession) -> None:
    """Make every file one partition of a scan, so that records can be counted from the file's start.

    Changes settings of the session, which has to be the batch's own.
    """
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(WHOLE_FILE))
    spark.conf.set("spark.sql.files.openCostInBytes", str(WHOLE_FILE * 2))
    spark.conf.unset("spark.sql.files.maxPartitionNum")


def file_source(*, positions: bool, row_index: bool = False) -> Column:
    """`_sluice_src` of a scan of files: the file, and the 1-based number of the record in it.

    Parquet knows row numbers (`row_index`). Everywhere else the position is counted, which is true only while
    `keep_files_whole` holds: the lower 33 bits of Spark's increasing id count the rows of a partition.
    """
    if not positions:
        position = F.lit(None).cast("bigint")
    elif row_index:
        position = F.col("_metadata.row_index") + F.lit(1)
    else:
        position = F.monotonically_increasing_id().bitwiseAND(F.lit(0x1FFFFFFFF)) + F.lit(1)
    return F.struct(
        F.col("_metadata.file_path").alias("name"),
        F.lit(None).cast("int").alias("partition"),
        position.alias("position"),
    ).alias(SRC)


def named_source(name: str) -> Column:
    """`_sluice_src` of rows that have no position: a table's, a database's."""
    return F.struct(
        F.lit(name).alias("name"),
        F.lit(None).cast("int").alias("partition"),
        F.lit(None).cast("bigint").alias("position"),
    ).alias(SRC)


def never_bad() -> list[Column]:
    """`_sluice_bad` and `_sluice_raw` of rows that can't be bad."""
    return [F.lit(None).cast("string").alias(BAD), F.lit(None).cast("string").alias(RAW)]


def joined(reasons: list[Column]) -> Column:
    """The reasons that hold, as one text; '' if none does."""
    return F.concat_ws("; ", *reasons)


def marked(reason: Column) -> Column:
    """Whether Spark marked the record as one it can't parse, judged by all the columns that `reason` names.

    Spark marks by the columns that a query asks for, so that the verdict would depend on the query. The length is
    there for the optimizer, which drops what it can prove: it doesn't know that a length is never negative.
    """
    return F.col(RAW).isNotNull() & (F.length(reason) >= 0)


def union_by_name(frames: list[DataFrame]) -> DataFrame:
    """The frames one below the other; a column that one lacks is NULL there; data columns first, ours last."""
    if len(frames) == 1:
        return frames[0]
    result = frames[0]
    for frame in frames[1:]:
        result = result.unionByName(frame, allowMissingColumns=True)
    ours = (SRC, BAD, RAW)
    return result.select(*[F.col(quoted(name)) for name in result.columns if name not in ours], *ours)


def quoted(name: str) -> str:
    """A column's name as an expression."""
    from framework.sql import quote

    return quote(name)
