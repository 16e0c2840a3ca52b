"""Messages and change feeds of tables through whole jobs: what a decoder says is what the table becomes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from framework.config import load_project
from framework.run.api import run_project
from framework.run.outcome import JobOutcome
from framework.tables import table_format, table_ref
from framework.tables.base import TableSpec
from tests.integration.run.lakes import TestLake


def message(kind: str, xid: int, data: dict[str, Any], **more: Any) -> str:
    return json.dumps(
        {"database": "shop", "table": "item", "type": kind, "xid": xid, "xoffset": 0, "data": data, **more}
    )


@pytest.mark.parametrize("lake", ["iceberg"], indirect=True)
def test_messages_become_rows_in_any_order_with_moves_and_partial_rows(lake: TestLake) -> None:
    lake.job(
        read={
            "format": "text",
            "table": "shop.item",
            "schema": {"id": "bigint", "name": "string", "price": "decimal(30,10)"},
        },
        changes={"envelope": "maxwell", "keys": ["id"]},
    )
    lake.file(
        "1.jsonl",
        message("update", 5, {"id": 1, "name": "Ada"}),
        message("insert", 2, {"id": 1, "name": "Ad", "price": 12345678901234567890.5}).replace(
            "1.2345678901234567e+19", "12345678901234567890.0123456789"
        ),
        message("insert", 2, {"id": 2, "name": "Bob", "price": 1}),
        message("insert", 2, {"id": 3, "name": "Cy", "price": "much"}),
        message("insert", 2, {"id": 9, "name": "Zoe"}).replace("item", "customer"),
        '{"type":"insert","da',
        '{"database":"shop","table":"item","type":"table-alter","xid":3}',
    )

    first = lake.applied()

    assert [(row[0], row[1], str(row[2])) for row in lake.rows()] == [
        (1, "Ada", "12345678901234567890.0123456789"),
        (2, "Bob", "1.0000000000"),
    ]
    assert (first.counts.read, first.counts.quarantined, first.counts.control) == (6, 2, 1)
    assert [row[0] for row in lake.rows("record", role="quarantine")][1] == '{"type":"insert","da'

    lake.file(
        "2.jsonl",
        message("delete", 7, {"id": 2, "name": "Bob", "price": 1}),
        message("update", 8, {"id": 4, "name": "Ada"}, old={"id": 1}),
    )
    lake.applied()

    assert [row[:2] for row in lake.rows()] == [(4, "Ada")]


@pytest.mark.parametrize("lake", ["delta"], indirect=True)
def test_a_truncate_of_canal_empties_the_table_of_what_is_older(lake: TestLake) -> None:
    lake.job(
        read={"format": "text", "schema": {"id": "bigint", "v": "string"}},
        changes={"envelope": "canal", "keys": ["id"]},
    )
    lake.file(
        "1.jsonl",
        '{"type":"INSERT","es":10,"id":1,"data":[{"id":"1","v":"a"},{"id":"2","v":"b"},{"id":"x","v":"c"}]}',
        '{"type":"TRUNCATE","isDdl":true,"es":20,"id":2,"data":null}',
        '{"type":"INSERT","es":30,"id":3,"data":[{"id":"2","v":"B"}]}',
    )

    outcome = lake.applied()

    assert lake.rows() == [(2, "B")]
    assert (outcome.counts.read, outcome.counts.quarantined) == (5, 1)


def test_a_table_follows_another_by_its_changes(lake: TestLake, spark: SparkSession) -> None:
    project = load_lake(lake)
    source = table_ref(project.lake, lake.table, lake.format)
    fmt = table_format(spark, lake.format)
    schema = spark.createDataFrame([], "id int, v string").schema
    properties = {"delta.enableChangeDataFeed": "true"} if lake.format == "delta" else {}
    fmt.create(source, TableSpec(schema, properties=properties))
    fmt.append(spark.createDataFrame([(1, "a"), (2, "b"), (3, "c")], schema), source, None)

    whole = follow(lake, spark)
    assert (whole.counts.read, copied(lake, spark)) == (3, [(1, "a"), (2, "b"), (3, "c")])

    for change in ("SET v = 'A' WHERE id = 1", "SET id = 9 WHERE id = 2"):
        spark.sql(f"UPDATE {source.identifier} {change}")
    spark.sql(f"DELETE FROM {source.identifier} WHERE id = 3")
    news = follow(lake, spark)

    assert copied(lake, spark) == [(1, "A"), (9, "b")]
    assert news.counts.read == 4, "the new value, the old key, the new key, the delete"
    assert follow(lake, spark).status == "nothing_new"


def load_lake(lake: TestLake) -> Any:
    envelope = {"delta": "delta_cdf", "iceberg": "iceberg_changelog"}[lake.format]
    job = {
        "job": f"{lake.domain}.copy",
        "read": {"format": envelope, "table": lake.table},
        "changes": {"keys": ["id"]},
        "write": {"table": f"conformed.{lake.domain}.copy", "format": lake.format},
    }
    Path(lake.folder / "conf/jobs/t.yaml").write_text(yaml.safe_dump(job))
    return load_project(str(lake.folder / "conf"))


def follow(lake: TestLake, spark: SparkSession) -> JobOutcome:
    (outcome,) = run_project(load_lake(lake), [], spark=spark).jobs
    assert outcome.error is None, outcome.error
    return outcome


def copied(lake: TestLake, spark: SparkSession) -> list[tuple[Any, ...]]:
    ref = table_ref(load_lake(lake).lake, f"conformed.{lake.domain}.copy", lake.format)
    return sorted(
        tuple(row) for row in table_format(spark, lake.format).read(ref).select("id", "v").collect()
    )
