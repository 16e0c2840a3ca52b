"""A session that somebody else made is checked as a whole; each thing that is wrong is named with its remedy."""

from collections.abc import Mapping

import pytest

from framework.errors import SessionError
from framework.session.adopt import Live, check, merged_extensions
from framework.session.conf import lake_conf
from framework.session.settings import CatalogSettings, SessionSettings

SETTINGS = SessionSettings("a", "/lake", catalogs=(CatalogSettings("ice", "hadoop"),))
WANTED = lake_conf(SETTINGS)
GOOD = {key: WANTED[key] for key in ("spark.sql.extensions", "spark.sql.catalog.spark_catalog")}


def live(settings: Mapping[str, str], missing: str = "nothing") -> Live:
    return Live(settings.get, lambda name: missing not in name)


def refusal(settings: Mapping[str, str], missing: str = "nothing", wanted: Mapping[str, str] = WANTED) -> str:
    with pytest.raises(SessionError) as caught:
        check(live(settings, missing), SETTINGS, wanted)
    return str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"spark.sql.ansi.enabled": "false", "spark.sql.session.timeZone": "Europe/Berlin"},
        {"spark.sql.extensions": "x.Lineage," + ",".join(reversed(GOOD["spark.sql.extensions"].split(",")))},
        {"spark.sql.catalog.ice.type": "hadoop"},
        {"spark.sql.catalog.ice.cache-enabled": "true"},
        {"spark.sql.catalog.ice.type": "glue", "spark.sluice.session": "true"},
    ],
    ids=["as wanted", "own settings differ", "more extensions", "same catalog", "cached", "made by Sluice"],
)
def test_a_session_that_can_be_used_is_used(more: dict[str, str]) -> None:
    check(live({**GOOD, **more}), SETTINGS, WANTED)


def test_a_bare_session_is_told_both_extensions_and_every_platforms_way_to_set_them() -> None:
    text = refusal({})
    assert f"spark.sql.extensions: got nothing, expected {GOOD['spark.sql.extensions']}" in text
    for platform in ("spark-submit", "EMR Serverless", "Glue", "SparkSession.builder.config"):
        assert platform in text


def test_an_extension_that_is_there_is_kept_in_the_advice() -> None:
    text = refusal({**GOOD, "spark.sql.extensions": "x.Lineage"})
    assert f"got x.Lineage, expected x.Lineage,{GOOD['spark.sql.extensions']}" in text


def test_icebergs_session_catalog_in_deltas_place_is_refused() -> None:
    wrong = "org.apache.iceberg.spark.SparkSessionCatalog"
    assert f"spark.sql.catalog.spark_catalog: got {wrong}" in refusal(
        {**GOOD, "spark.sql.catalog.spark_catalog": wrong}
    )


def test_a_catalog_of_the_same_name_that_lies_elsewhere_is_refused() -> None:
    text = refusal({**GOOD, "spark.sql.catalog.ice.warehouse": "s3://other"})
    assert "spark.sql.catalog.ice.warehouse: got s3://other, expected /lake" in text


def test_a_missing_jar_is_named_by_product_with_the_way_to_add_it() -> None:
    text = refusal(GOOD, missing="iceberg")
    assert "class org.apache.iceberg.spark.SparkCatalog" in text
    assert "a jar of Iceberg is missing" in text
    assert "--datalake-formats with the value iceberg,delta" in text
    assert "How to set it" not in text


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = refusal(
        {"spark.sql.catalog.spark_catalog": "x.Y", "spark.sql.catalog.ice.type": "hive"}, missing="delta"
    )
    for key in ("extensions", "spark_catalog", "ice.type", "class io.delta"):
        assert key in text


def test_a_password_is_not_printed() -> None:
    key = "spark.sql.catalog.ice.jdbc.password"
    text = refusal({**GOOD, key: "theirs"}, wanted={**WANTED, key: "ours"})
    assert key in text
    assert "ours" not in text and "theirs" not in text


def test_extensions_are_joined_without_repeats() -> None:
    assert merged_extensions(" a.A , b.B", "b.B,c.C", ["c.C"]) == "a.A,b.B,c.C"
