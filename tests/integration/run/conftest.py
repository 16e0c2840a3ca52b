from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from pyspark.sql import SparkSession

from framework.run import job, narrowing, tuning
from framework.run.jobrun import JobRun
from framework.session.temporary import settings
from framework.state.intents import Intent
from tests.conftest import SPARKS_OWN
from tests.integration.run.lakes import LANE, TestLake


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Most of what a job does is the same for both formats, so not every test runs on both of them in both lanes.

    Spark 3.5 runs tests on both, or, if they are marked `either_format`, on one. 4.1 runs tests on the other one, or,
    if they are marked `both_formats`, on both. Those marked `lane35` run there alone: the protocol that they are about
    knows nothing of Spark, and its other tests run on 4.1, too.
    """
    formats: dict[tuple[str, str], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and "lake" in item.callspec.params:
            others = {name: value for name, value in item.callspec.params.items() if name != "lake"}
            formats[item.nodeid.partition("[")[0], str(others)].append(item)
    first = LANE == "3.5"
    spared = [
        each[(crc32(str(name).encode()) + first) % 2]
        for name, each in formats.items()
        if len(each) == 2
        and not each[0].get_closest_marker("both_formats")
        and (not first or each[0].get_closest_marker("either_format"))
    ]
    spared += [
        item for item in items if item.get_closest_marker("lane35") and not first and item not in spared
    ]
    config.hook.pytest_deselected(items=spared)
    items[:] = [item for item in items if item not in spared]


@pytest.fixture(params=["iceberg", "delta"])
def lake(request: pytest.FixtureRequest, spark: SparkSession, lake_root: Path, tmp_path: Path) -> TestLake:
    """A lake with one job, on each table format."""
    return TestLake(spark, Path(lake_root), tmp_path, request.param)


@pytest.fixture
def as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large tables: keys bounded and broadcast, rows filtered by them, plans compiled and adapted."""

    @contextmanager
    def tuned(run: JobRun, intent: Intent) -> Iterator[None]:
        with settings(run.ctx.spark, SPARKS_OWN), tuning.tuned(run, intent):
            yield

    monkeypatch.setattr(job, "tuned", tuned)
    monkeypatch.setattr(tuning, "SMALL_TABLE", -1)
    monkeypatch.setattr(narrowing, "WORTH", 0)
    # else a table of some rows is sent to the batch
    monkeypatch.setattr(narrowing, "most_broadcast", lambda source, size: -1)
