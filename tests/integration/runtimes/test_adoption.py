"""A session that is live already is adopted, and stays when the run ends."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from framework.config.lake import Catalog, Lake
from framework.config.project import Project
from framework.errors import ReadError, SessionError
from framework.runtimes import open_runtime
from tests.clusters.submitting import ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SUBMITTED = ["local", "spark-submit", "emr", "emr-serverless"]


@pytest.fixture
def project(lake_root: Path) -> Project:
    return Project(Lake(root=str(lake_root), spark={"spark.sql.shuffle.partitions": "3"}), {})


@pytest.fixture
def events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The stand-in of awsglue can be imported, and writes here."""
    monkeypatch.setenv("GLUE_STAND_IN_EVENTS", str(tmp_path / "events"))
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "stand_ins"))
    yield tmp_path / "events"
    for name in [name for name in sys.modules if name.split(".")[0] == "awsglue"]:
        del sys.modules[name]


@pytest.mark.parametrize("name", SUBMITTED)
def test_a_live_session_is_adopted_with_the_lakes_settings_and_outlives_the_run(
    spark: SparkSession, project: Project, name: str
) -> None:
    runtime = open_runtime(name, project, argv=["main.py"], environ={})
    session = runtime.start()
    assert session.sparkContext is spark.sparkContext
    assert session.conf.get("spark.sql.shuffle.partitions") == "3"
    assert spark.conf.get("spark.sql.shuffle.partitions") == "2"
    runtime.succeed()
    assert spark.sql("SELECT 1").count() == 1
    with pytest.raises(SystemExit) as left:
        runtime.fail(ReadError("the folder is missing"))
    assert left.value.code == ReadError.exit_code
    assert spark.sql("SELECT 1").count() == 1


def test_a_live_session_that_names_the_catalog_otherwise_is_refused(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # as if the platform had made this session, not Sluice
    monkeypatch.setattr("framework.session.adopt.MADE_BY_SLUICE", "spark.made.by.nobody")
    elsewhere = Project(Lake(root=str(tmp_path), catalog=Catalog(type="hadoop")), {})
    with pytest.raises(SessionError) as refused:
        open_runtime("spark-submit", elsewhere, argv=["main.py"], environ={}).start()
    assert "spark.sql.catalog.lake" in str(refused.value)
    assert "sparkSubmitParameters" in str(refused.value)


def test_glue_is_told_in_order_and_its_session_is_never_stopped(
    spark: SparkSession, project: Project, events: Path
) -> None:
    arguments = ["main.py", "--JOB_NAME", "nightly", "--job-bookmark-option", "job-bookmark-enable"]
    runtime = open_runtime("glue", project, argv=arguments, environ={})
    session = runtime.start()
    assert session.sparkContext is spark.sparkContext
    assert events.read_text() == "init nightly job-bookmark-enable\n"
    error = ReadError("the folder is missing")
    with pytest.raises(ReadError) as left:
        runtime.fail(error)
    assert left.value is error
    assert events.read_text() == "init nightly job-bookmark-enable\n"
    runtime.succeed()
    assert events.read_text() == "init nightly job-bookmark-enable\ncommit\n"
    assert spark.sql("SELECT 1").count() == 1


def test_glue_elsewhere_is_refused_with_what_to_do(spark: SparkSession, project: Project) -> None:
    runtime = open_runtime("glue", project, argv=["main.py"], environ={})
    with pytest.raises(SessionError, match="but this isn't Glue.*Leave --runtime out"):
        runtime.start()
