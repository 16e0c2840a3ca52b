"""A disk that is full stops the run with a message, and half a table is never there."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.integration.run.lakes import TestLake


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=False)


def test_a_full_disk_is_named_and_the_run_succeeds_once_there_is_space(
    spark: SparkSession, small_disk: Path, tmp_path: Path
) -> None:
    lake = TestLake(spark, small_disk / "lake", tmp_path / "project", "delta")
    lake.job(read={"format": "csv", "schema": {"id": "int", "v": "string"}})
    draw = random.Random(1)
    lake.file("a.csv", "id,v", *[f"{i},{draw.randbytes(60).hex()}" for i in range(100_000)])
    outcome = lake.run()
    assert (outcome.status, outcome.error_class, outcome.exit_code) == ("failed", "TableError", 8)
    assert (outcome.error or "").startswith(
        "there is no space left to write to: got No space left on device."
    )
    assert lake.rows("id") == []
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    assert lake.applied().counts.inserted == 100_000
    assert len(lake.rows("id")) == 100_000
    assert lake.applied().status == "nothing_new"
