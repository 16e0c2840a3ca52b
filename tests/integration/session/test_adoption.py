"""What runs already is adopted: checked, left as it was, and given a child session with Sluice's settings."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from framework.config.lake import Lake
from framework.context import RunContext
from framework.errors import SessionError
from framework.session.builder import adopt_session, build_session
from framework.session.settings import CatalogSettings, SessionSettings
from framework.state import LocalStorage

BARE = """
from pyspark.sql import SparkSession
from framework.errors import SluiceError
from framework.session import SessionSettings, CatalogSettings
from framework.session.builder import build_session

live = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.sql.extensions", "x.Lineage").getOrCreate())
try:
    build_session(SessionSettings("a", lake_root={root!r}, catalogs=(CatalogSettings("lake", "jdbc"),)))
except SluiceError as error:
    print("REFUSED", error.exit_code, error)
print("ALIVE", live.range(3).count())
"""


def settings(root: Path, **more: str) -> SessionSettings:
    catalog = CatalogSettings("lake", "jdbc")
    return SessionSettings("a", lake_root=str(root), master="local[2]", catalogs=(catalog,), spark_conf=more)


def test_a_second_lake_in_one_application_has_its_own_catalog(spark: SparkSession, tmp_path: Path) -> None:
    second = build_session(settings(tmp_path))
    second.sql("CREATE DATABASE lake.only_here")
    assert (tmp_path / "_sluice" / "lake.db").is_file()
    names = [row[0] for row in spark.sql("SHOW DATABASES IN lake").collect()]
    assert "only_here" not in names
    assert second.sparkContext is spark.sparkContext


def test_settings_of_the_adopted_session_stay_what_they_were(spark: SparkSession, tmp_path: Path) -> None:
    theirs = spark.newSession()
    theirs.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    theirs.conf.set("spark.sql.ansi.enabled", "false")
    ours = adopt_session(theirs, settings(tmp_path, **{"spark.sql.shuffle.partitions": "7"}))
    assert [ours.conf.get(f"spark.sql.{key}") for key in ("session.timeZone", "ansi.enabled")] == [
        "UTC",
        "true",
    ]
    assert ours.conf.get("spark.sql.shuffle.partitions") == "7"
    assert theirs.conf.get("spark.sql.session.timeZone") == "Asia/Tokyo"


def test_jobs_of_an_adopted_session_have_its_settings_each_for_itself(
    spark: SparkSession, tmp_path: Path
) -> None:
    adopted = build_session(settings(tmp_path, **{"spark.sql.shuffle.partitions": "7"}))
    ctx = RunContext(adopted, Lake(root=str(tmp_path)), LocalStorage(), "r")
    one, other = ctx.in_new_session().spark, ctx.in_new_session().spark
    assert one.conf.get("spark.sql.catalog.lake.warehouse") == str(tmp_path)
    one.conf.set("spark.sql.shuffle.partitions", "3")
    one.range(1).createOrReplaceTempView("of_one")
    assert [each.conf.get("spark.sql.shuffle.partitions") for each in (adopted, other)] == ["7", "7"]
    assert not other.catalog.tableExists("of_one")


def test_a_session_made_in_another_thread_is_found(spark: SparkSession, tmp_path: Path) -> None:
    found: list[SparkSession] = []
    thread = threading.Thread(target=lambda: found.append(build_session(settings(tmp_path))))
    thread.start()
    thread.join()
    assert found[0].sparkContext is spark.sparkContext
    assert found[0].conf.get("spark.sql.catalog.lake.warehouse") == str(tmp_path)


def test_a_setting_that_comes_too_late_is_said_not_swallowed(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build_session(settings(tmp_path, **{"spark.sql.warehouse.dir": "/elsewhere"}))
    assert "can't be changed: spark.sql.warehouse.dir" in caplog.text


def test_a_catalog_in_a_folder_that_can_not_be_made_names_the_key(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SessionError, match="Set `root:` of the lake to a folder that you may write"):
        build_session(settings(tmp_path / "file" / "lake"))


@pytest.mark.slow
def test_a_bare_session_is_refused_with_every_remedy_and_goes_on_living(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BARE.format(root=str(tmp_path))],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert "REFUSED 4 the running Spark session can't be used" in done.stdout
    assert "a jar of Delta is missing" in done.stdout
    assert "a jar of Iceberg is missing" in done.stdout
    assert "spark.sql.extensions: got x.Lineage, expected x.Lineage,io.delta.sql" in done.stdout
    assert "ALIVE 3" in done.stdout
