from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.integration.run.lakes import TestLake


@pytest.fixture(params=["iceberg", "delta"])
def lake(request: pytest.FixtureRequest, spark: SparkSession, lake_root: Path, tmp_path: Path) -> TestLake:
    """A lake with one job, on each table format."""
    return TestLake(spark, Path(lake_root), tmp_path, request.param)
