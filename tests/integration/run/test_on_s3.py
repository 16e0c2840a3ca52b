"""A whole lake on S3: sources, raw files, intents, the ledger and tables of both formats."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from framework.config.job import Job
from framework.config.lake import Lake
from framework.context import RunContext
from framework.raw import land
from framework.runtimes import open_runtime
from framework.state import storage_for
from framework.testing.crashes import StopAt
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, feed_lines
from tests.s3 import S3

pytestmark = [pytest.mark.s3, pytest.mark.network]

INBOX = "in box/ä [1]"


class BucketLake(TestLake):
    """A lake whose root and source are in a bucket; only its configuration is on this machine."""

    def __init__(self, spark: SparkSession, s3: S3, folder: Path, table_format: str, catalog: str) -> None:
        self.s3, self.bucket = s3, s3.bucket()
        super().__init__(spark, folder, folder, table_format)
        self.configure(f"s3a://{self.bucket}/lake", catalog)
        self.spark = open_runtime("spark-submit", self.project, argv=["main.py"], environ={}).start()

    def configure(self, root: str, catalog: str) -> None:
        settings: dict[str, Any] = {"type": catalog}
        if catalog == "glue":
            settings["properties"] = dict(self.s3.iceberg_properties)
        lake = {"root": root, "catalog": settings, "spark": dict(self.s3.spark_conf)}
        (self.folder / "conf/lake.yaml").write_text(yaml.safe_dump(lake))

    def feed(self, scheme: str = "s3a") -> None:
        """A job that lands csv files and merges their changes."""
        self.job(
            land={"from": {"format": "csv", "path": f"{scheme}://{self.bucket}/{INBOX}/"}, "to": "raw/feed"},
            read={"format": "csv", "path": "raw/feed", "schema": FEED_SCHEMA},
            changes=FEED_CHANGES,
        )

    def deliver(self, name: str, *events: tuple[Any, ...]) -> None:
        self.s3.put(self.bucket, f"{INBOX}/{name}", "\n".join(feed_lines(events)) + "\n")

    def keys(self, part: str) -> list[str]:
        return [key for key in self.s3.keys(self.bucket) if part in key]


@pytest.fixture(params=["iceberg", "delta"])
def lake(request: pytest.FixtureRequest, spark: SparkSession, s3: S3, tmp_path: Path) -> BucketLake:
    return BucketLake(spark, s3, tmp_path, request.param, "hadoop")


def test_a_lake_in_a_bucket_lands_reads_and_merges_every_file_once(lake: BucketLake) -> None:
    lake.feed()
    lake.deliver("a b.csv", ("U", 1, 1, "a"), ("U", None, 1, "x"))
    lake.deliver("folder/a b.csv", ("U", 2, 1, "b"))
    first = lake.applied()
    assert (first.landed, first.counts.read, first.counts.quarantined) == (2, 3, 1)
    assert lake.rows("id", "v") == [(1, "a"), (2, "b")]
    names = sorted(key.rpartition("/")[2] for key in lake.keys("lake/raw/feed/2"))
    assert names == ["a b.csv", "a b~2.csv"]
    assert len(lake.keys("/_sluice/ledger/facts/")) == 1

    assert lake.applied().status == "nothing_new"

    lake.deliver("ü+%20{2}.csv", ("U", 1, 2, "a2"), ("D", 2, 2, None))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt("target", after=False))
    lake.deliver("c*?.csv", ("U", 2, 1, "late"), ("U", 3, 3, "c"))
    outcome = lake.applied()
    assert (outcome.landed, outcome.counts.read) == (1, 4)
    assert "batch 2 was found unfinished" in outcome.notes[0]
    assert lake.rows("id", "v") == [(1, "a2"), (3, "c")]

    # the source is cleared, and everything is spelled otherwise: nothing but the new file may be read
    for key in lake.keys(INBOX):
        lake.s3.client.delete_object(Bucket=lake.bucket, Key=key)
    lake.configure(f"s3://{lake.bucket}//lake/", "hadoop")
    lake.feed("s3")
    lake.deliver("d.csv", ("U", 4, 4, "d"))
    assert lake.applied().counts.read == 1
    assert lake.rows("id", "v") == [(1, "a2"), (3, "c"), (4, "d")]
    assert lake.keys(".tmp") == lake.keys("_temporary") == lake.keys("pending.json") == []


def test_a_run_killed_on_s3_is_finished_by_the_next_with_tables_in_glue(
    spark: SparkSession, s3: S3, tmp_path: Path
) -> None:
    """A process of its own, whose session Sluice makes with the jars that an address on S3 asks for."""
    lake = BucketLake(spark, s3, tmp_path, "iceberg", "glue")
    lake.feed()
    lake.deliver("a.csv", ("U", 1, 1, "a"), ("U", 2, 1, "b"))
    assert _run_killed(lake, "target") == -signal.SIGKILL
    lake.deliver("b.csv", ("U", 1, 2, "a2"))
    outcome = lake.applied()
    assert "batch 1 was found unfinished" in outcome.notes[0]
    assert lake.rows("id", "v") == [(1, "a2"), (2, "b")]
    assert lake.applied().status == "nothing_new"
    glue = lake.s3.glue.get_table(DatabaseName=f"standardized_{lake.domain}", Name="t")["Table"]
    assert glue["Parameters"]["metadata_location"].startswith(f"s3a://{lake.bucket}/lake/")


def test_what_is_new_in_a_database_lands_in_a_bucket(spark: SparkSession, s3: S3, tmp_path: Path) -> None:
    root = f"s3a://{s3.bucket()}/lake"
    database = sqlite3.connect(tmp_path / "shop.db")
    database.execute("CREATE TABLE orders (id INTEGER, v TEXT)")
    source = {"format": "jdbc", "url": f"jdbc:sqlite:{tmp_path}/shop.db", "query": "SELECT * FROM orders"}
    job = Job(
        job="shop.orders",
        land={"from": {**source, "incremental": "id"}, "to": "raw/orders"},
        read={"format": "parquet", "path": "raw/orders"},
        write={"table": "standardized.shop.orders"},
    )
    ctx = RunContext(spark.newSession(), Lake(root=root), storage_for(root, spark), "run-1")
    for number in (1, 2):
        database.execute("INSERT INTO orders VALUES (?, ?)", (number, "x"))
        database.commit()
        assert [file.path.rpartition("/")[2] for file in land(ctx, job)] == [
            f"extract-{number:08d}-00001.parquet"
        ]
    assert land(ctx, job) == []
    assert [row.id for row in spark.read.parquet(f"{root}/raw/orders/2*/*/*").sort("id").collect()] == [1, 2]
    assert not any("_staging" in key for key in s3.keys(root.split("/")[2]))


def _run_killed(lake: BucketLake, stage: str) -> int:
    command = [sys.executable, "-m", "tests.integration.run.killed_process", str(lake.folder)]
    done = subprocess.run(
        [*command, lake.domain, lake.format, stage, "0"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stdout[-2000:] + done.stderr[-4000:]
    return done.returncode
