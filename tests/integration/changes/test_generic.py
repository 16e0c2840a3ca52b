"""Envelope `generic`: operations by the names that a job gives them, the job's sequence, a commit time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from framework.changes.envelopes.generic import decode
from framework.errors import ConfigError
from tests.integration.changes.decoding import events, job_of


def feed(spark: SparkSession, operations: list[Any]) -> DataFrame:
    rows = [
        (n, op, n * 10, "2024-03-01 10:00:00", ("f", None, n), None, None)
        for n, op in enumerate(operations, 1)
    ]
    return spark.createDataFrame(
        rows,
        "id int, Op string, at int, committed string, "
        "_sluice_src struct<name:string,partition:int,position:bigint>, _sluice_bad string, _sluice_raw string",
    ).coalesce(1)


def decoded(spark: SparkSession, given: list[Any], **changes: Any) -> list[dict[str, Any]]:
    job = job_of("generic", None, changes={"operation": "op", "sequence": ["at"], **changes})
    return events(decode(feed(spark, given), job, job.sources["source"]))


def test_operations_by_their_usual_names(spark: SparkSession) -> None:
    names = ["I", "insert", " c ", "Create", "U", "update", "upsert", "D", "DELETE", "R", "read", "snapshot"]

    found = decoded(spark, [*names, "t", "truncate", "x", None])

    assert [event.get("op") for event in found] == [*"IIIIUUUDDRRRTT", None, None]
    assert [event["bad"] for event in found[-2:]] == [
        "operation in column Op is x",
        "operation in column Op is NULL",
    ]
    assert [event["seq"] for event in found[:2]] == [10, 20]
    assert "Op" not in found[0]


def test_a_job_names_the_operations_of_its_source(spark: SparkSession) -> None:
    found = decoded(
        spark,
        ["ins", "PUT", "del", "3", "wipe", "beat", "I"],
        operations={"I": "ins", "U": ["put"], "D": ["del", 3], "T": "wipe", "C": "beat"},
    )

    assert [event.get("op") for event in found] == ["I", "U", "D", "D", "T", "C", None]
    assert found[-1]["bad"] == "operation in column Op is I", "a mapping replaces the usual names"


def test_the_commit_time_is_a_column_and_stays_one(spark: SparkSession) -> None:
    (event,) = decoded(spark, ["I"], commit_time="COMMITTED")

    assert (event["ts"], event["committed"]) == (datetime(2024, 3, 1, 10), "2024-03-01 10:00:00")


def test_a_commit_time_that_is_none_is_told(spark: SparkSession) -> None:
    job = job_of("generic", None, changes={"operation": "op", "sequence": ["at"], "commit_time": "committed"})
    df = feed(spark, ["I", "D"]).selectExpr("*", "if(id = 1, 'soon', null) c").drop("committed")

    first, second = events(decode(df.withColumnRenamed("c", "committed"), job, job.sources["source"]))

    assert first["bad"] == "value 'soon' of column committed is no time"
    assert "bad" not in second


@pytest.mark.parametrize(
    ("key", "says"), [("operation", "the operation"), ("commit_time", "the commit time")]
)
def test_a_column_that_is_not_there_is_refused(spark: SparkSession, key: str, says: str) -> None:
    with pytest.raises(
        ConfigError, match=f"needs the column that holds {says}: got nope, expected one of id, Op"
    ):
        decoded(spark, ["I"], **{key: "nope"})
