"""What a session is told, by catalog type and place; nothing here needs Spark."""

from dataclasses import replace
from pathlib import Path

import pytest

from framework.errors import SessionError
from framework.session.catalogs import catalog_conf, sqlite_file
from framework.session.conf import (
    java_options_conf,
    joined,
    lake_conf,
    local_conf,
    s3_conf,
    split_groups,
)
from framework.session.settings import CatalogSettings, CatalogType, SessionSettings
from framework.session.versions import LANES

LAKE = SessionSettings(app_name="a", lake_root="/lake", master="local[2]")
CLOUD = SessionSettings(app_name="a", lake_root="s3://bank/lake")


def options(catalog: CatalogSettings, settings: SessionSettings = LAKE) -> dict[str, str]:
    prefix = f"spark.sql.catalog.{catalog.name}."
    return {key.removeprefix(prefix): value for key, value in catalog_conf(catalog, settings).items()}


@pytest.mark.parametrize(
    ("catalog", "settings", "expected"),
    [
        (
            CatalogSettings("ice", "jdbc"),
            LAKE,
            {
                "type": "jdbc",
                "uri": "jdbc:sqlite:file:/lake/_sluice/ice.db",
                "warehouse": "/lake",
                "jdbc.schema-version": "V1",
                "jdbc.busy_timeout": "60000",
            },
        ),
        (
            CatalogSettings("ice", "jdbc", uri="jdbc:postgresql://h/d", properties={"jdbc.user": "u"}),
            CLOUD,
            {
                "type": "jdbc",
                "uri": "jdbc:postgresql://h/d",
                "warehouse": "s3://bank/lake",
                "jdbc.schema-version": "V1",
                "jdbc.user": "u",
            },
        ),
        (CatalogSettings("ice", "hadoop", warehouse="/w"), LAKE, {"type": "hadoop", "warehouse": "/w"}),
        (
            CatalogSettings("ice", "glue"),
            CLOUD,
            {
                "catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
                "io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
                "warehouse": "s3://bank/lake",
            },
        ),
        (CatalogSettings("ice", "rest", uri="http://c"), LAKE, {"type": "rest", "uri": "http://c"}),
        (
            CatalogSettings("ice", "hive", uri="thrift://m:9083"),
            LAKE,
            {"type": "hive", "uri": "thrift://m:9083", "warehouse": "/lake"},
        ),
    ],
    ids=lambda value: value.type if isinstance(value, CatalogSettings) else "",
)
def test_each_type_of_catalog_gets_what_it_needs(
    catalog: CatalogSettings, settings: SessionSettings, expected: dict[str, str]
) -> None:
    found = options(catalog, settings)
    assert found.pop("spark.sql.catalog.ice") == "org.apache.iceberg.spark.SparkCatalog"
    assert found.pop("cache-enabled") == "false"
    assert found == expected


def test_properties_of_the_catalog_win_over_defaults() -> None:
    catalog = CatalogSettings("ice", "jdbc", properties={"cache-enabled": "true", "jdbc.busy_timeout": "5"})
    assert (options(catalog)["cache-enabled"], options(catalog)["jdbc.busy_timeout"]) == ("true", "5")


@pytest.mark.parametrize("name", ["spark_catalog", "a.b", "1x", ""])
def test_a_catalog_can_not_have_every_name(name: str) -> None:
    with pytest.raises(SessionError, match="and not spark_catalog, which is Delta's"):
        catalog_conf(CatalogSettings(name, "hadoop"), LAKE)


def test_sqlite_in_a_bucket_is_refused_with_the_way_out() -> None:
    with pytest.raises(SessionError, match=r"SQLite can't live in s3://bank/lake.*Set `uri:` of catalog ice"):
        catalog_conf(CatalogSettings("ice", "jdbc"), CLOUD)


def test_a_rest_catalog_without_an_address_is_refused() -> None:
    with pytest.raises(SessionError, match="catalog ice of type rest has no address"):
        catalog_conf(CatalogSettings("ice", "rest"), LAKE)


@pytest.mark.parametrize(
    ("kind", "uri", "expected"),
    [
        ("jdbc", None, Path("/lake/_sluice/ice.db")),
        ("jdbc", "jdbc:sqlite:file:/a%20b/c.db?mode=rw", Path("/a b/c.db")),
        ("jdbc", "jdbc:sqlite::memory:", None),
        ("jdbc", "jdbc:postgresql://h/d", None),
        ("hadoop", None, None),
    ],
)
def test_the_file_of_a_sqlite_catalog_is_known(
    kind: CatalogType, uri: str | None, expected: Path | None
) -> None:
    assert sqlite_file(CatalogSettings("ice", kind, uri=uri), LAKE) == expected


def test_delta_and_iceberg_are_both_there_and_delta_has_the_session_catalog() -> None:
    conf = lake_conf(LAKE)
    assert conf["spark.sql.extensions"].split(",") == [
        "io.delta.sql.DeltaSparkSessionExtension",
        "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    ]
    assert conf["spark.sql.catalog.spark_catalog"] == "org.apache.spark.sql.delta.catalog.DeltaCatalog"
    assert (conf["spark.sql.ansi.enabled"], conf["spark.sql.session.timeZone"]) == ("true", "UTC")


def test_a_relative_root_is_made_absolute_for_spark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = SessionSettings(app_name="a", lake_root=".lake")
    assert local_conf(settings)["spark.sql.warehouse.dir"] == f"{tmp_path}/.lake/_warehouse"


@pytest.mark.parametrize(
    ("master", "expected"),
    [
        ("local[2]", (("core", "aws"), ("quality",))),
        ("local", (("core", "aws"), ("quality",))),
        ("local-cluster[2,1,1024]", ((), ("core", "quality", "aws"))),
        ("spark://h:7077", ((), ("core", "quality", "aws"))),
    ],
)
def test_jars_go_to_the_class_path_only_where_the_driver_is_also_the_executor(
    master: str, expected: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    settings = SessionSettings("a", "/lake", master=master, jars=("core", "quality", "aws"))
    assert split_groups(settings) == expected


def test_s3_addresses_go_through_s3a_only_when_its_jars_are_asked_for() -> None:
    assert s3_conf(LANES["3.5"], ("core",)) == {}
    assert "spark.hadoop.fs.s3.impl" in s3_conf(LANES["3.5"], ("core", "aws"))


def test_the_last_layer_wins_but_java_options_add_up() -> None:
    key = "spark.driver.extraJavaOptions"
    assert joined([{key: "-Da=1", "x": "1"}, {"x": "2"}, {key: "-Db=2"}]) == {key: "-Da=1 -Db=2", "x": "2"}


def test_only_a_local_session_changes_how_java_logs_and_compiles(tmp_path: Path) -> None:
    key, config = "spark.driver.extraJavaOptions", tmp_path / "log4j2.properties"
    there = java_options_conf(replace(LAKE, master="spark://h:7077"), config, ["-Dx=y"])
    assert there == {key: "-Duser.timezone=UTC -Dx=y"}
    here = java_options_conf(LAKE, config, [])[key]
    assert "-Dsluice.log.level=ERROR" in here
    assert f"-Dlog4j2.configurationFile={config.as_uri()}" in here
