"""Envelope `dms_json`: data and control records of AWS DMS."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from pyspark.sql import SparkSession

from tests.integration.changes.decoding import decoded, each, events, job_of, lines

COLUMNS = {"id": "bigint", "name": "string", "weight": "decimal(10,3)"}


def record(
    operation: str, data: dict[str, Any] | None, before: dict[str, Any] | None = None, **meta: Any
) -> str:
    metadata = {
        "record-type": "data",
        "operation": operation,
        "schema-name": "test",
        "table-name": "product",
        "commit-timestamp": "2024-10-27T12:39:03.210671Z",
        "stream-position": "bin.000009:10:-1",
        **{name.replace("_", "-"): value for name, value in meta.items()},
    }
    return json.dumps({"data": data, **({"before-image": before} if before else {}), "metadata": metadata})


def test_recorded_messages_are_the_rows_they_mean(spark: SparkSession) -> None:
    job = job_of(
        "dms_json",
        {**COLUMNS, "age": "int", "address": "string"},
        read={"table": "test.product"},
        changes={"sequence": ["$file", "$row"]},
    )

    found = events(decoded(spark, job, lines("aws-dms")))

    assert [(event["op"], event["id"], event.get("weight")) for event in found] == [
        ("I", 101, Decimal("3.140")),
        ("I", 102, Decimal("8.100")),
        ("I", 103, Decimal("0.800")),
        ("I", 104, Decimal("0.750")),
        ("I", 105, Decimal("0.875")),
        ("D", 101, Decimal("3.140")),
        ("U", 105, Decimal("0.875")),
        ("I", 107, Decimal("5.300")),
        ("I", 103, None),
        ("I", 104, Decimal("0.750")),
    ]
    assert (found[2]["age"], found[6]["address"]) == (18, "Beijing")
    assert not any({"bad", "absent", "moved_from"} & event.keys() for event in found), "BI_id is the same id"


def test_operations_and_control_records(spark: SparkSession) -> None:
    control = '{"control":{"table-def":{"columns":{}}},"metadata":{"record-type":"control","operation":"%s"}}'
    cases = {name: record(name, {"id": 1}) for name in ("load", "insert", "update", "delete", "upsert")}
    cases |= {name: control % name for name in ("create-table", "drop-column", "truncate-table")}
    cases["empty"] = record("insert", None)

    found = each(spark, job_of("dms_json", COLUMNS), cases)

    assert [event[0].get("op") for event in found.values()] == [*"RIUD", None, *"CC", "T", "I"]
    assert found["upsert"][0]["bad"] == "operation 'upsert' in metadata.operation is unknown"
    assert found["empty"][0]["bad"] == "message has no data"


def test_a_missing_key_is_null_unless_nulls_are_sent(spark: SparkSession) -> None:
    cases = {"dropped": record("update", {"id": 1}), "sent": record("update", {"id": 1, "name": None})}
    sent = job_of("dms_json", COLUMNS, read={"options": {"include_null_and_empty": True}})

    by_default = each(spark, job_of("dms_json", COLUMNS), cases)
    with_nulls = each(spark, sent, cases)

    assert [event[0].get("absent") for event in by_default.values()] == [None, None]
    assert [event[0].get("absent") for event in with_nulls.values()] == [["name", "weight"], ["weight"]]


def test_long_integers_in_scientific_notation_are_whole_again(spark: SparkSession) -> None:
    text = record("insert", {"id": 1})
    numbers = ["1.234567890123456789E+18", "9.223372036854775807E18", "1E+3", "9.3E18", "1.5", '"12"']
    cases = {number: text.replace('"id": 1', f'"id": {number}') for number in numbers}

    found = [event[0] for event in each(spark, job_of("dms_json", COLUMNS), cases).values()]

    assert [event.get("id") for event in found[:3]] == [1234567890123456789, 9223372036854775807, 1000]
    assert [event["bad"] for event in found[3:5]] == [
        "value '9.3E18' of column id is not bigint",
        "value '1.5' of column id is not bigint",
    ]
    assert found[5]["id"] == 12


def test_a_key_that_differs_before_is_a_move(spark: SparkSession) -> None:
    cases = {
        "column with a prefix": record("update", {"id": 2, "BI_id": 1}),
        "image of its own": record("update", {"id": 2}, before={"id": 3}),
        "same key": record("update", {"id": 2, "BI_id": 2}, before={"id": 2}),
        "no update": record("insert", {"id": 2, "BI_id": 1}),
    }

    found = each(spark, job_of("dms_json", COLUMNS), cases)

    assert [event[0].get("moved_from") for event in found.values()] == [{"id": 1}, {"id": 3}, None, None]


def test_the_order_is_commit_time_position_and_record(spark: SparkSession) -> None:
    cases = {
        "load": record("load", {"id": 1}),
        "file 9": record("insert", {"id": 1}, transaction_record_id=9),
        "file 9, record 10": record("insert", {"id": 1}, transaction_record_id=10),
        "file 9, later": record("insert", {"id": 1}, stream_position="bin.000009:100:-1"),
        "file 1000000": record("insert", {"id": 1}, stream_position="bin.1000000:4:-1"),
        "later commit": record("insert", {"id": 1}, commit_timestamp="2024-10-27T12:39:04Z"),
    }
    df = decoded(spark, job_of("dms_json", COLUMNS), list(cases.values()))

    positions = [row["_sluice_src"]["position"] for row in df.orderBy("_sluice_seq").collect()]

    assert positions == [1, 2, 3, 4, 5, 6]


def test_without_transaction_details_a_keyed_job_must_name_its_sequence(spark: SparkSession) -> None:
    text = record("insert", {"id": 1}, commit_timestamp=None)

    (refused,) = events(decoded(spark, job_of("dms_json", COLUMNS), [text]))
    (named,) = events(decoded(spark, job_of("dms_json", COLUMNS, changes={"sequence": ["$row"]}), [text]))

    assert refused["bad"].startswith("no commit-timestamp in metadata (IncludeTransactionDetails)")
    assert (named["seq"], "bad" in named) == (1, False)
