"""From the lake to the session's settings, per runtime."""

from __future__ import annotations

import pytest

from framework.config.job import Job
from framework.config.lake import Catalog, Lake
from framework.errors import ConfigError
from framework.runtimes import settings_for

LAKE = Lake(root="/lake", spark={"spark.sql.shuffle.partitions": "7"})


def test_a_local_run_launches_spark_and_a_submitted_one_leaves_the_master_alone() -> None:
    assert settings_for(LAKE, "local").master == "local[*]"
    submitted = {
        name: settings_for(LAKE, name).master for name in ("spark-submit", "emr", "emr-serverless", "glue")
    }
    assert submitted == dict.fromkeys(submitted)


def test_the_master_of_the_lake_counts_only_where_python_launches_spark() -> None:
    lake = Lake(root="/lake", spark={"spark.master": "local[3]"})
    assert settings_for(lake, "local").master == "local[3]"
    assert "spark.master" not in settings_for(lake, "local").spark_conf
    assert settings_for(lake, "emr").master is None
    assert "spark.master" not in settings_for(lake, "emr").spark_conf


def test_the_lakes_own_settings_reach_every_runtime() -> None:
    for runtime in ("local", "spark-submit", "emr", "emr-serverless", "glue"):
        assert settings_for(LAKE, runtime).spark_conf["spark.sql.shuffle.partitions"] == "7"


def test_s3_goes_through_s3a_only_where_aws_has_not_its_own() -> None:
    mapped = {
        name: "spark.hadoop.fs.s3.impl" in settings_for(LAKE, name).spark_conf
        for name in ("spark-submit", "emr", "emr-serverless", "glue")
    }
    assert mapped == {"spark-submit": True, "emr": False, "emr-serverless": False, "glue": False}


def test_a_submission_leaves_no_warehouse_in_the_working_folder() -> None:
    key = "spark.sql.warehouse.dir"
    assert settings_for(LAKE, "spark-submit").spark_conf[key] == "/lake/_warehouse"
    own = Lake(root="/lake", spark={key: "/else"})
    assert settings_for(own, "spark-submit").spark_conf[key] == "/else"
    assert key not in settings_for(LAKE, "emr").spark_conf


def test_secrets_are_resolved_for_the_session() -> None:
    catalog = Catalog(type="jdbc", uri="env://URI", properties={"jdbc.password": "env://PASSWORD"})
    environ = {"URI": "jdbc:postgresql://db/x", "PASSWORD": "hunter2"}
    made = settings_for(Lake(root="/lake", catalog=catalog), "local", environ=environ).catalogs[0]
    assert (made.uri, made.properties) == ("jdbc:postgresql://db/x", {"jdbc.password": "hunter2"})


@pytest.mark.parametrize(
    ("lake", "path", "expected"),
    [
        (LAKE, "raw/x", ("core",)),
        (LAKE, "s3://inbox/x", ("core", "aws")),
        (Lake(root="s3a://b/lake"), "raw/x", ("core", "aws")),
        (Lake(root="/lake", catalog=Catalog(type="glue")), "raw/x", ("core", "aws")),
    ],
)
def test_the_jars_of_aws_are_loaded_only_where_something_is_there(
    lake: Lake, path: str, expected: tuple[str, ...]
) -> None:
    job = Job.model_validate(
        {"job": "a.b", "read": {"format": "csv", "path": path}, "write": {"table": "standardized.a.b"}}
    )
    assert settings_for(lake, "local", jobs={"a.b": job}).jars == expected


def test_more_jars_can_be_asked_for() -> None:
    assert settings_for(LAKE, "local", jars=["quality"]).jars == ("core", "quality")


def test_an_unknown_runtime_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(
        ConfigError, match="got 'databricks', expected auto or local or spark-submit or emr or"
    ):
        settings_for(LAKE, "databricks")
