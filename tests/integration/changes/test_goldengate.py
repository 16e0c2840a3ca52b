"""Envelope `goldengate`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pyspark.sql import SparkSession

from tests.integration.changes.decoding import decoded, each, events, job_of, lines

COLUMNS = {"id": "bigint", "name": "string", "weight": "decimal(10,2)"}


def test_recorded_messages_are_the_rows_they_mean(spark: SparkSession) -> None:
    found = events(decoded(spark, job_of("goldengate", COLUMNS, read={"table": "OGG.EVENT"}), lines("ogg")))

    assert [(e["op"], e["id"], e["weight"], e["seq"]) for e in found] == [
        ("D", 103, Decimal("8.10"), 158),
        ("I", 101, Decimal("3.14"), 143),
        ("I", 102, Decimal("8.10"), 144),
        ("I", 103, Decimal("5.10"), 155),
        ("U", 103, Decimal("8.10"), 157),
    ]
    assert found[0]["name"] == "scooter", "a delete's row is its before image"
    assert found[4]["ts"] == datetime(2020, 5, 13, 17, 32, 10, 904000)
    assert not any({"bad", "absent", "moved_from"} & event.keys() for event in found)


def test_truncates_moves_and_compressed_updates(spark: SparkSession) -> None:
    cases = {
        "truncate": '{"op_type":"T","pos":"0099","table":"OGG.EVENT"}',
        "update": '{"op_type":"U","pos":"5","before":{"id":2,"name":"a"},"after":{"id":2,"name":null}}',
        "move": '{"op_type":"U","pos":"6","before":{"id":1,"name":"a"},"after":{"id":2,"weight":1.2}}',
        "move by a letter of its own": '{"op_type":"PK","pos":"7","before":{"id":2},"after":{"id":3}}',
        "no before image": '{"op_type":"U","pos":"8","after":{"id":3}}',
        "schema": '{"$schema":"http://json-schema.org/draft-04/schema#","title":"OGG.EVENT"}',
    }

    found = {title: event[0] for title, event in each(spark, job_of("goldengate", COLUMNS), cases).items()}

    assert (found["truncate"], found["schema"]) == ({"op": "T", "seq": 99}, {"op": "C"})
    assert found["update"] == {"op": "U", "seq": 5, "id": 2, "absent": ["weight"]}
    assert (found["move"]["moved_from"], found["move"]["absent"]) == ({"id": 1}, ["name"])
    assert (
        found["move by a letter of its own"]["op"],
        found["move by a letter of its own"]["moved_from"],
    ) == (
        "U",
        {"id": 2},
    )
    assert "moved_from" not in found["no before image"]


def test_what_lacks_is_null_where_the_formatter_leaves_null_out(spark: SparkSession) -> None:
    job = job_of("goldengate", COLUMNS, read={"options": {"omit_null_values": True}})

    (event,) = events(decoded(spark, job, ['{"op_type":"U","pos":"5","after":{"id":2,"weight":1}}']))

    assert (event["id"], "absent" in event) == (2, False)


def test_what_lacks_its_row_its_place_or_its_meaning_is_bad(spark: SparkSession) -> None:
    cases = {
        "no row": '{"op_type":"D","pos":"1","before":null}',
        "no after": '{"op_type":"I","pos":"1"}',
        "no number": '{"op_type":"I","pos":"x1","after":{"id":1}}',
        "no pos": '{"op_type":"I","after":{"id":1}}',
        "no operation": '{"pos":"1","after":{"id":1}}',
    }

    found = each(spark, job_of("goldengate", COLUMNS), cases)

    assert [event[0]["bad"] for event in found.values()] == [
        "message has no row in before",
        "message has no row in after",
        "pos 'x1' is no number",
        "pos NULL is no number",
        "operation NULL in op_type is unknown",
    ]
