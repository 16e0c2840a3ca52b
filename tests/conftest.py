"""One Spark session per run of pytest, and a lake in a folder of its own; tests below `integration` are marked `spark`.

The session is the one that users get: made by `build_session`, with the lane of the installed pyspark.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.s3 import S3, moto_s3

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HERE = Path(__file__).parent

# Programs that tests run, with modules that shadow the project's own.
collect_ignore = ["fixtures", "stand_ins"]

# Hundreds of tiny plans never pay for the optimising compiler: without it the suite takes less than half the time.
# Its absence also shrinks the code cache to 48 MB, which the code that Spark generates fills within two minutes; from
# then on Java would compile nothing at all.
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:ReservedCodeCacheSize=512m"
# Processes that tests start inherit them.
os.environ.setdefault("SPARK_SUBMIT_OPTS", JAVA_OPTIONS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark by folder, so that `-m 'not spark'` needs no JVM."""
    for item in items:
        if HERE / "integration" in item.path.parents:
            item.add_marker(pytest.mark.spark)


@pytest.fixture(scope="session")
def lake_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of the lake that the session's catalog `lake` lies in."""
    return tmp_path_factory.mktemp("lake")


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 of this run's own; only tests marked `s3` may ask for it, since the session has to know it beforehand."""
    with moto_s3() as server:
        yield server


@pytest.fixture(scope="session")
def spark(lake_root: Path, request: pytest.FixtureRequest) -> Iterator[SparkSession]:
    """The one session: Delta, an Iceberg catalog `lake` on SQLite, and S3 if some test of this run wants it."""
    from framework.run import tuning
    from framework.session.builder import build_session
    from framework.session.settings import CatalogSettings, SessionSettings

    on_s3 = any(item.get_closest_marker("s3") for item in request.session.items)
    settings = SessionSettings(
        app_name="sluice-tests",
        lake_root=str(lake_root),
        master="local[2]",
        catalogs=(CatalogSettings("lake", "jdbc"),),
        spark_conf={
            "spark.sql.shuffle.partitions": "2",
            "spark.driver.memory": "3g",
            # A suite is thousands of small queries: compiling each quickly beats compiling it well.
            "spark.driver.extraJavaOptions": JAVA_OPTIONS,
            # as small batches run in any case: a sixth less time. Fixture `as_large` has what large ones have.
            **{
                name: value
                for name, value in tuning.SETTINGS.items()
                if name != "spark.sql.shuffle.partitions"
            },
            **(request.getfixturevalue("s3").spark_conf if on_s3 else {}),
        },
        jars=("core", *_quality_if_there(), *(_fetched("aws") if on_s3 else ())),
    )
    session = build_session(settings)
    yield session
    session.stop()


# What settings of small batches turn off.
SPARKS_OWN = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
}


@pytest.fixture(scope="module")
def compiled(spark: SparkSession) -> SparkSession:
    """A session whose plans Spark compiles and adapts, as it does by default, and for large batches."""
    session = spark.newSession()
    for name, value in SPARKS_OWN.items():
        session.conf.set(name, value)
    return session


@pytest.fixture
def batch_session(spark: SparkSession) -> SparkSession:
    """A session of the test's own: settings and temporary views end with it."""
    return spark.newSession()


def _fetched(group: str) -> tuple[str, ...]:
    """A group of jars that set-up leaves out, fetched now; what needs it fails by itself if it can't be had."""
    import pyspark

    from framework.session.jar_cache import fetch_groups
    from framework.session.versions import lane_of

    failed = fetch_groups(lane_of(pyspark.__version__), [group], os.environ, print, quiet=True)
    return () if failed else (group,)


def _quality_if_there() -> tuple[str, ...]:
    """Deequ's jars are optional: what needs them skips itself, or tests the message."""
    import pyspark

    from framework.session.jar_cache import available_groups
    from framework.session.versions import lane_of

    return ("quality",) if "quality" in available_groups(lane_of(pyspark.__version__), os.environ) else ()
