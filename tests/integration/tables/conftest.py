"""One lake for the tests of table formats; every test takes tables of its own from it, in both formats."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from framework.config.lake import Catalog, Lake
from framework.tables import BatchMark, TableFormat, TableRef, table_format, table_ref

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return Lake(root=str(tmp_path_factory.mktemp("a lake")), catalog=Catalog(name="lake"))


@pytest.fixture
def batch(spark: SparkSession) -> SparkSession:
    """A session of the batch's own, as every batch of ours has."""
    return spark.newSession()


@pytest.fixture(params=["iceberg", "delta"])
def fmt(request: pytest.FixtureRequest, batch: SparkSession) -> TableFormat:
    return table_format(batch, request.param)


@pytest.fixture
def table(lake: Lake, fmt: TableFormat) -> TableRef:
    return table_ref(lake, f"standardized.tables.t{next(_numbers)}", fmt.name)


@pytest.fixture
def mark() -> Callable[[int], BatchMark]:
    return lambda n: BatchMark("crm.leads", "0001", n, f"hash{n}")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
