"""The session that Sluice makes: quiet, in UTC, ANSI, with nothing dropped into the folder it was started in."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

MAKE = """
from framework.session import SessionSettings, CatalogSettings
from framework.session.builder import build_session

spark = build_session(SessionSettings("a", lake_root="lake", master="local[2]",
                                      catalogs=(CatalogSettings("ice", "jdbc"),)))
spark.sql("CREATE DATABASE ice.db")
spark.sql("CREATE TABLE ice.db.t USING iceberg AS SELECT 1 AS id")
spark.sql("CREATE DATABASE d")
spark.sql("CREATE TABLE d.t USING delta AS SELECT 1 AS id")
print("ROWS", spark.table("ice.db.t").union(spark.table("d.t")).count())
spark.stop()
"""

# Java itself says this on Spark 4, before anything could ask it not to.
UNAVOIDABLE = "WARNING: Using incubator modules: jdk.incubator.vector"


@pytest.mark.slow
def test_a_run_prints_only_what_it_prints_and_writes_only_into_the_lake(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAKE], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "ROWS 2\n"
    assert [line for line in done.stderr.splitlines() if line != UNAVOIDABLE] == []
    assert [path.name for path in tmp_path.iterdir()] == ["lake"]
    assert sorted(path.name for path in (tmp_path / "lake").iterdir()) == ["_sluice", "_warehouse", "db"]


def test_time_is_utc_and_a_bad_cast_is_an_error(spark: SparkSession) -> None:
    assert spark.sql("SELECT current_timezone()").collect()[0][0] == "UTC"
    with pytest.raises(PySparkException, match="CAST_INVALID_INPUT"):
        spark.sql("SELECT CAST('x' AS INT)").collect()


def test_parallel_commits_to_the_sqlite_catalog_all_arrive(spark: SparkSession) -> None:
    spark.sql("CREATE DATABASE IF NOT EXISTS lake.session_commits")
    tables = [f"lake.session_commits.t{number}" for number in range(4)]
    for table in tables:
        spark.sql(f"CREATE TABLE {table} (id INT) USING iceberg")

    def insert(number: int) -> None:
        spark.newSession().sql(f"INSERT INTO {tables[number % 4]} VALUES ({number})")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(insert, range(12)))
    rows = [row[0] for table in tables for row in spark.table(table).collect()]
    assert sorted(rows) == list(range(12))


def test_another_session_sees_a_commit_at_once(spark: SparkSession) -> None:
    spark.sql("CREATE DATABASE IF NOT EXISTS lake.session_fresh")
    spark.sql("CREATE TABLE lake.session_fresh.t (id INT) USING iceberg")
    assert spark.table("lake.session_fresh.t").count() == 0
    spark.newSession().sql("INSERT INTO lake.session_fresh.t VALUES (1)")
    assert spark.table("lake.session_fresh.t").count() == 1


def test_pyiceberg_reads_the_catalog(spark: SparkSession, lake_root: Path) -> None:
    catalogs = pytest.importorskip("pyiceberg.catalog.sql")
    spark.sql("CREATE DATABASE IF NOT EXISTS lake.session_read")
    spark.sql("CREATE TABLE lake.session_read.t USING iceberg AS SELECT 7 AS id")
    catalog = catalogs.SqlCatalog(
        "lake", uri=f"sqlite:///{lake_root}/_sluice/lake.db", warehouse=str(lake_root)
    )
    assert catalog.load_table("session_read.t").scan().to_arrow().to_pylist() == [{"id": 7}]
