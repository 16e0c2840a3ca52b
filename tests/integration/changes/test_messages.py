"""What all envelopes of JSON messages do alike; shown with Maxwell's, the plainest."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from framework.errors import ConfigError
from tests.integration.changes.decoding import decoded, each, events, job_of, messages


def message(**data: Any) -> str:
    return json.dumps({"type": "insert", "xid": 1, "xoffset": 0, "data": data})


def test_what_cannot_be_read_is_bad_with_its_text_and_never_an_exception(spark: SparkSession) -> None:
    cases = {
        "cut off": '{"type":"insert","da',
        "a list": '[{"type":"insert","xid":1,"data":{"id":1}},{"type":"insert","xid":1,"data":{"id":2}}]',
        "a text": '"insert"',
        "a number": "17",
        "null": "null",
        "not JSON": "id=1",
    }

    found = each(spark, job_of("maxwell", {"id": "bigint"}), cases)

    for title, text in cases.items():
        assert found[title] == [{"bad": "message is no JSON object", "raw": text}], title


def test_several_objects_on_a_line_are_told_and_a_text_that_looks_so_is_not(spark: SparkSession) -> None:
    cases = {
        "two": message(id=1) + message(id=2),
        "three, apart": message(id=1) + " " + message(id=2) + "  " + message(id=3),
        "a template": message(id=1, name="{a}{b} {c}"),
    }

    found = each(spark, job_of("maxwell", {"id": "bigint", "name": "string"}), cases)

    assert [events[0].get("bad") for events in found.values()] == [
        "message holds 2 JSON objects, and one is read a line",
        "message holds 3 JSON objects, and one is read a line",
        None,
    ]
    assert found["two"][0]["raw"] == cases["two"]
    assert found["a template"][0]["name"] == "{a}{b} {c}"


def test_a_message_without_value_is_control(spark: SparkSession) -> None:
    found = each(spark, job_of("maxwell", {"id": "bigint"}), {"tombstone": None, "blank": "  "})

    assert found == {"tombstone": [{"op": "C"}], "blank": [{"op": "C"}]}


def test_what_the_reader_could_not_read_stays_bad(spark: SparkSession) -> None:
    from framework.changes.envelopes import find_decoder

    df = messages(spark, [message(id=1)]).selectExpr(
        "value", "_sluice_src", "'torn' _sluice_bad", "_sluice_raw"
    )
    job = job_of("maxwell", {"id": "bigint"})

    (event,) = events(find_decoder("maxwell")(df, job, job.sources["source"]))

    assert event["bad"] == "torn"


def test_values_come_in_the_declared_types(spark: SparkSession) -> None:
    job = job_of(
        "maxwell",
        {
            "id": "bigint",
            "price": "decimal(38,10)",
            "small": "decimal(10,2)",
            "ratio": "double",
            "born": "date",
            "at": "timestamp",
            "yes": "boolean",
            "tags": "array<string>",
            "doc": "struct<a:int,b:string>",
            "text": "string",
            "bytes": "binary",
        },
    )
    text = (
        '{"type":"insert","xid":1,"data":{"id":"7","price":1234567890123456789012345678.1234567890,'
        '"small":"1.10","ratio":0.1,"born":"2024-02-29","at":"2024-02-29 10:00:00.123456","yes":1,'
        '"tags":["a","b"],"doc":{"a":1,"b":"x"},"text":{"k":1},"bytes":"AQI="}}'
    )

    (event,) = events(decoded(spark, job, [text]))

    assert "bad" not in event
    assert event["id"] == 7
    assert event["price"] == Decimal("1234567890123456789012345678.1234567890"), "more than a double holds"
    assert (event["small"], event["ratio"], event["yes"]) == (Decimal("1.10"), 0.1, True)
    assert (event["born"], event["at"]) == (date(2024, 2, 29), datetime(2024, 2, 29, 10, 0, 0, 123456))
    assert (event["tags"], event["doc"]) == (["a", "b"], {"a": 1, "b": "x"})
    assert (event["text"], bytes(event["bytes"])) == ('{"k":1}', b"\x01\x02")


def test_a_value_that_does_not_fit_makes_its_event_bad_with_the_reason(spark: SparkSession) -> None:
    columns = {"id": "bigint", "age": "tinyint", "w": "decimal(4,2)", "d": "date", "b": "binary", "n": "int"}
    cases = {
        "fits": message(id=1, age=2, w=12.34, d="2024-01-01", b="AQI=", n=None),
        "text as number": message(id="x"),
        "overflow": message(id=1, age=300),
        "fraction": message(id=1, n=3.5),
        "decimal overflow": message(id=1, w=123.4),
        "decimal would be rounded": message(id=1, w=1.234),
        "decimal no number": message(id=1, w="much"),
        "no date": message(id=1, d="2024-02-30"),
        "no base64": message(id=1, b="*"),
        "two": message(id="x", n="y"),
    }

    found = each(spark, job_of("maxwell", columns), cases)

    reasons = {title: found[title][0].get("bad") for title in cases}
    assert reasons == {
        "fits": None,
        "text as number": "value 'x' of column id is not bigint",
        "overflow": "value '300' of column age is not tinyint",
        "fraction": "value '3.5' of column n is not int",
        "decimal overflow": "value '123.4' of column w is not decimal(4,2)",
        "decimal would be rounded": "value '1.234' of column w is not decimal(4,2)",
        "decimal no number": "value 'much' of column w is not decimal(4,2)",
        "no date": "value '2024-02-30' of column d is not date",
        "no base64": "value '*' of column b is not binary",
        "two": "value 'x' of column id is not bigint; value 'y' of column n is not int",
    }
    assert found["two"][0]["raw"] == cases["two"]
    assert "raw" not in found["fits"][0]


def test_bytes_are_written_as_the_source_says(spark: SparkSession) -> None:
    def read(how: str, text: str) -> bytes:
        job = job_of("maxwell", {"id": "bigint", "b": "binary"}, read={"options": {"binary": how}})
        return bytes(events(decoded(spark, job, [message(id=1, b=text)]))[0]["b"])

    assert [read("base64", "AQI="), read("hex", "0102"), read("latin1", "é")] == [b"\1\2", b"\1\2", b"\xe9"]
    with pytest.raises(ConfigError, match="got octal, expected base64, hex, latin1"):
        read("octal", "1")


def test_null_and_absent_are_different(spark: SparkSession) -> None:
    columns = {"id": "bigint", "a": "string", "w": "decimal(4,2)"}

    found = each(
        spark, job_of("maxwell", columns), {"null": message(id=1, a=None, w=None), "absent": message(id=1)}
    )

    assert "absent" not in found["null"][0]
    assert found["absent"][0]["absent"] == ["a", "w"]


def test_columns_are_found_by_source_and_have_any_name(spark: SparkSession) -> None:
    job = job_of("maxwell", None, read={"schema": [
        {"name": "id", "type": "bigint", "source": "ID"},
        {"name": "a.b", "type": "int"},
        {"name": "select", "type": "decimal(4,1)"},
        {"name": "day", "type": "date", "source": "a b", "format": "d-MMM-yy"},
        {"name": "Ünï`x", "type": "string"},
    ]})  # fmt: skip

    found = each(
        spark,
        job,
        {
            "good": message(**{"ID": 1, "a.b": 2, "select": 1.5, "a b": "3-Feb-24", "Ünï`x": "u"}),
            "bad": message(**{"ID": 1, "a.b": "x", "a b": "2024-02-03"}),
        },
    )

    assert found["good"][0] == {
        "id": 1,
        "a.b": 2,
        "select": Decimal("1.5"),
        "day": date(2024, 2, 3),
        "Ünï`x": "u",
        "op": "I",
        "seq": {"log": None, "pos": None, "xid": 1, "xoffset": 0},
    }
    assert found["bad"][0]["bad"] == (
        "value 'x' of column a.b is not int; value '2024-02-03' of column day is not date (d-MMM-yy)"
    )
    assert found["bad"][0]["absent"] == ["select", "Ünï`x"]


def test_types_come_from_the_table_where_the_job_declares_none(spark: SparkSession) -> None:
    target = T._parse_datatype_string("id bigint, w decimal(4,2), _sluice_seq bigint, _sluice_state string")
    assert isinstance(target, T.StructType)

    df = decoded(spark, job_of("maxwell", None), [message(id=1, w="1.5")], target)

    assert [name for name in df.columns if not name.startswith("_sluice_")] == ["id", "w"]
    (event,) = events(df)
    assert (event["id"], event["w"]) == (1, Decimal("1.50"))


def test_without_declared_columns_and_without_a_table_the_job_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ConfigError, match=r"standardized\.test\.feed isn't there yet") as refused:
        decoded(spark, job_of("maxwell", None), [message(id=1)])
    assert "read.schema" in str(refused.value)


def test_messages_may_be_binary_and_a_source_without_them_is_refused(spark: SparkSession) -> None:
    from framework.changes.envelopes import find_decoder

    job = job_of("maxwell", {"id": "bigint"})
    df = messages(spark, [message(id=5)])
    decode = find_decoder("maxwell")

    (event,) = events(decode(df.withColumn("value", df["value"].cast("binary")), job, job.sources["source"]))
    assert event["id"] == 5
    with pytest.raises(ConfigError, match="no column that holds messages"):
        decode(df.selectExpr("1 a", "2 b", "_sluice_src", "_sluice_bad"), job, job.sources["source"])


def test_a_job_picks_its_table_out_of_many(spark: SparkSession) -> None:
    text = '{"database":"shop","table":"%s","type":"%s","xid":1,"data":{"id":%d}}'
    cases = {
        "own": text % ("orders", "insert", 1),
        "another": text % ("items", "insert", 2),
        "another's DDL": text % ("items", "table-alter", 3),
        "DDL of the database": '{"database":"shop","type":"database-create"}',
        "torn": '{"database":"sh',
    }

    for name in ("shop.orders", "orders"):
        found = each(spark, job_of("maxwell", {"id": "bigint"}, read={"table": name}), cases)
        assert [len(found[title]) for title in cases] == [1, 0, 0, 1, 1], name
        assert [event[0]["op"] for event in found.values() if event and "op" in event[0]] == ["I", "C"], name


def test_the_jobs_sequence_wins_over_the_envelopes(spark: SparkSession) -> None:
    job = job_of("maxwell", {"id": "bigint", "n": "int"}, changes={"sequence": ["n", "$row"]})

    (event,) = events(decoded(spark, job, [message(id=1, n=5)]))

    assert event["seq"] == {"n": 5, "row": 1}
