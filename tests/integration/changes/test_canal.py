"""Envelope `canal`: many rows a message, every value a text, DDL between them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pyspark.sql import SparkSession

from tests.integration.changes.decoding import decoded, each, events, job_of, lines

COLUMNS = {"id": "bigint", "name": "string"}


def test_recorded_messages_are_the_rows_they_mean(spark: SparkSession) -> None:
    columns = {
        "pt": "int",
        "_id": "int",
        "v1": "varchar(20)",
        "v2": "bigint",
        "v3": "decimal(8,3)",
        "v4": "binary",
        "v5": "float",
    }

    found = events(decoded(spark, job_of("canal", columns, keys=["pt", "_id"]), lines("canal")))

    assert [(event["op"], event["pt"], event["_id"], event["v1"]) for event in found] == [
        ("D", 1, 1, "one"),
        ("I", 1, 1, "one"),
        ("I", 1, 2, "two"),
        ("I", 2, 4, "four"),
        ("I", 1, 9, "nine"),
        ("U", 1, 2, "second"),
    ]
    assert [tuple(event["seq"].values()) for event in found[2:4]] == [
        (1683006724000, 94, 0),
        (1683006724000, 94, 1),
    ]
    nine = found[4]
    assert (nine["v2"], nine["v3"]) == (90000000000, Decimal("99999.999"))
    assert bytes(nine["v4"]) == b"nine.bin"
    assert nine["ts"] == datetime(2023, 5, 4, 2, 42, 35)
    assert found[5]["absent"] == ["v3", "v4", "v5"]
    assert "v2" not in found[5], "an explicit null"
    assert not any("bad" in event or "moved_from" in event for event in found)


def test_each_row_is_an_event_with_its_own_old_values(spark: SparkSession) -> None:
    text = (
        '{"type":"UPDATE","es":1,"id":2,"data":[{"id":"5","name":"e"},{"id":"x","name":"f"},{"id":"7","name":"g"}],'
        '"old":[{"id":"4"},{"name":"q"},{"name":"h"}]}'
    )

    first, second, third = events(decoded(spark, job_of("canal", COLUMNS), [text]))

    assert (first["moved_from"], "moved_from" in third) == ({"id": 4}, False)
    assert (second["bad"], second["raw"]) == ("value 'x' of column id is not bigint", text)
    assert "bad" not in first
    assert "bad" not in third
    assert [event["seq"]["index"] for event in (first, second, third)] == [0, 1, 2]


def test_a_decimal_that_is_none_is_bad_in_its_row_alone(spark: SparkSession) -> None:
    job = job_of("canal", {"id": "bigint", "w": "decimal(6,2)"})
    text = (
        '{"type":"INSERT","es":1,"id":2,"data":[{"id":"1","w":"x"},{"id":"2","w":"1.5"},{"id":"3","w":null}]}'
    )

    first, second, third = events(decoded(spark, job, [text]))

    assert first["bad"] == "value 'x' of column w is not decimal(6,2)"
    assert (str(second["w"]), "bad" in second) == ("1.50", False)
    assert not {"bad", "absent", "w"} & third.keys()


def test_the_jobs_own_sequence_ends_with_the_row_in_the_message(spark: SparkSession) -> None:
    job = job_of("canal", COLUMNS, changes={"sequence": ["$file", "$row"]})
    text = '{"type":"INSERT","data":[{"id":"1","name":"a"},{"id":"1","name":"b"}]}'

    found = events(decoded(spark, job, [text]))

    assert [tuple(event["seq"].values()) for event in found] == [("feed", 1, 0), ("feed", 1, 1)]


def test_ddl_is_control_and_a_truncate_is_one(spark: SparkSession) -> None:
    cases = {
        "alter": '{"type":"ALTER","isDdl":true,"es":1,"id":1,"data":null,"sql":"ALTER TABLE t ADD c INT"}',
        "create": '{"type":"CREATE","isDdl":true,"data":null}',
        "drop": '{"type":"ERASE","isDdl":true,"data":null}',
        "query": '{"type":"QUERY","isDdl":false,"data":null}',
        "truncate": '{"type":"TRUNCATE","isDdl":true,"es":9,"id":4,"data":null}',
        "no rows": '{"type":"INSERT","es":9,"id":4,"data":[]}',
        "unknown": '{"type":"MERGE","data":[{"id":"1","name":"a"}]}',
    }

    found = each(spark, job_of("canal", COLUMNS), cases)

    assert [found[title][0].get("op") for title in ("alter", "create", "drop", "query")] == [*"CCCC"]
    assert (found["truncate"][0]["op"], found["truncate"][0]["seq"]["es"]) == ("T", 9)
    assert "bad" not in found["truncate"][0]
    assert found["no rows"][0]["bad"] == "message has no row in data"
    assert found["unknown"][0]["bad"] == "operation 'MERGE' in type is unknown"
