"""Envelope `maxwell`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pyspark.sql import SparkSession

from tests.integration.changes.decoding import decoded, each, events, job_of, lines

COLUMNS = {"id": "bigint", "name": "string"}
LAST = 2**63 - 1


def test_recorded_messages_are_the_rows_they_mean(spark: SparkSession) -> None:
    columns = {"id": "bigint", "name": "string", "weight": "decimal(10,3)", "age": "int", "address": "string"}

    found = events(decoded(spark, job_of("maxwell", columns), lines("maxwell")))

    assert [(event["op"], event["id"], event["seq"]["xid"], event["seq"]["xoffset"]) for event in found] == [
        ("I", 101, 7125, 0),
        ("I", 102, 7125, 1),
        ("I", 103, 7125, 2),
        ("I", 104, 7125, 3),
        ("I", 105, 7125, 4),
        ("D", 101, 7125, 0),
        ("U", 105, 7216, LAST),
        ("I", 107, 7125, 6),
        ("I", 103, 7125, 2),
        ("I", 104, 7125, 3),
    ]
    assert found[0] == {
        "id": 101,
        "name": "scooter",
        "weight": Decimal("3.140"),
        "op": "I",
        "absent": ["age", "address"],
        "seq": found[0]["seq"],
        "ts": datetime(2020, 8, 6, 3, 34, 43),
    }
    assert (found[2]["age"], found[2]["absent"]) == (18, ["address"])
    assert (found[6]["address"], found[6]["absent"]) == ("Beijing", ["age"])
    assert "weight" not in found[8], "an explicit null"
    assert found[8]["absent"] == ["age", "address"]
    assert not any("bad" in event or "moved_from" in event for event in found)


def test_every_type_of_message_is_an_operation_control_or_bad(spark: SparkSession) -> None:
    kinds = ["insert", "update", "delete", "bootstrap-insert", "bootstrap-start", "bootstrap-complete"]
    kinds += ["table-create", "table-alter", "table-drop", "database-create", "database-drop", "explode"]
    cases = {kind: f'{{"type":"{kind}","xid":1,"data":{{"id":1,"name":"a"}}}}' for kind in kinds}

    found = each(spark, job_of("maxwell", COLUMNS), cases)

    assert [found[kind][0].get("op") for kind in kinds] == [*"IUDR", *"CC", *"CCC", *"CC", None]
    assert found["explode"][0]["bad"] == "operation 'explode' in type is unknown"


def test_the_order_is_the_binlogs(spark: SparkSession) -> None:
    text = '{"type":"insert","data":{"id":1,"name":"a"}%s}'
    cases = {
        "position": text % ',"xid":7,"xoffset":3,"position":"master.000006:800911"',
        "later file": text % ',"xid":1,"commit":true,"position":"master.1000000:4"',
        "no position": text % ',"xid":7,"xoffset":3',
        "last of its transaction": text % ',"xid":7,"commit":true',
        "nothing": text % "",
        "snapshot": text.replace("insert", "bootstrap-insert") % "",
    }

    found = each(spark, job_of("maxwell", COLUMNS), cases)

    parts = {title: tuple((event[0].get("seq") or {}).values()) for title, event in found.items()}
    assert parts == {
        "position": (6, 800911, 7, 3),
        "later file": (1000000, 4, 1, LAST),
        "no position": (None, None, 7, 3),
        "last of its transaction": (None, None, 7, LAST),
        "nothing": (),
        "snapshot": (None, None, None, None),
    }


def test_a_key_in_old_is_a_move(spark: SparkSession) -> None:
    text = '{"type":"update","xid":1,"data":{"id":2,"name":"b"},"old":%s}'
    cases = {
        "key": text % '{"id":1}',
        "key and more": text % '{"id":1,"name":"a"}',
        "no key": text % '{"name":"a"}',
        "same key": text % '{"id":2,"name":"a"}',
    }

    found = each(spark, job_of("maxwell", COLUMNS), cases)
    both = each(spark, job_of("maxwell", COLUMNS, keys=["id", "name"]), cases)

    assert [event[0].get("moved_from") for event in found.values()] == [{"id": 1}, {"id": 1}, None, None]
    assert [event[0].get("moved_from") for event in both.values()] == [
        {"id": 1, "name": "b"},
        {"id": 1, "name": "a"},
        {"id": 2, "name": "a"},
        {"id": 2, "name": "a"},
    ]
