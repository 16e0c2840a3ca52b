"""A session has Delta and Iceberg side by side, on both lanes."""

from pathlib import Path

from pyspark.sql import SparkSession


def test_iceberg_and_delta_merge_into_each_other(batch_session: SparkSession, lake_root: Path) -> None:
    spark = batch_session
    spark.sql("CREATE DATABASE IF NOT EXISTS lake.session_both")
    spark.sql("CREATE TABLE lake.session_both.t (id INT, v STRING) USING iceberg")
    spark.sql("INSERT INTO lake.session_both.t VALUES (1, 'a'), (2, 'b')")
    delta = f"delta.`{lake_root}/session_both/d`"
    spark.sql(f"CREATE TABLE {delta} (id INT, v STRING) USING delta")
    spark.sql(f"INSERT INTO {delta} VALUES (2, 'old'), (3, 'c')")
    merge = (
        "MERGE INTO {to} t USING {of} s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)"
    )
    spark.sql(merge.format(to=delta, of="lake.session_both.t"))
    # Spark 4.1 refuses a Delta path as the source of a MERGE into Iceberg ("does not support reads"); a view is fine.
    spark.table(delta).createOrReplaceTempView("session_both_d")
    spark.sql(merge.format(to="lake.session_both.t", of="session_both_d"))
    rows = [tuple(row) for row in spark.table("lake.session_both.t").orderBy("id").collect()]
    assert rows == [(1, "a"), (2, "b"), (3, "c")]
    assert spark.table(delta).exceptAll(spark.table("lake.session_both.t")).isEmpty()
