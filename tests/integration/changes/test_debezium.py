"""Debezium's envelopes: what was recorded of Debezium 3.7 decodes to the history that its README tells."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from framework.changes.columns import MOVED_FROM, MOVED_TO
from framework.errors import ConfigError
from tests.integration.changes.debezium_feeds import change, decoded, recorded, topic, wrapped
from tests.integration.changes.decoding import FIXTURES, job_of

ITEM = {
    "id": "int",
    "n": "decimal(38,9)",
    "n2": "decimal(12,2)",
    "f8": "double",
    "i8": "bigint",
    "flag": "boolean",
    "d": "date",
    "t": "string",
    "ts": "timestamp_ntz",
    "ts3": "timestamp_ntz",
    "tz": "timestamp",
    "j": "string",
    "u": "string",
    "b": "binary",
    "arr": "array<int>",
    "m": "string",
    "iv": "string",
    "big": "string",
    "c": "string",
    "extra": "int",
    "f8r": "double",
}
FULL = {
    "id": 1,
    "n": Decimal("12345678901234567890.123456789"),
    "n2": Decimal("99.95"),
    "f8": 1.5,
    "i8": 9007199254740993,
    "flag": True,
    "d": date(2024, 2, 29),
    "t": "12:34:56.789012",
    "ts": datetime(2024, 2, 29, 12, 34, 56, 789012),
    "ts3": datetime(2024, 2, 29, 12, 34, 56, 789000),
    "tz": datetime(2024, 2, 29, 7, 4, 56, 789012),
    "j": '{"a": [1, null]}',
    "u": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "b": b"\x00\xff\x10",
    "arr": [1, 2, None],
    "m": "ok",
    "iv": "P1Y2M3DT4H5M6.789S",
    "big": "<T*9000>",
    "c": "ab  ",
}
HISTORY = "R R I I U U D C I D C I U U U U"
"""Operations on `item`, with a tombstone after each delete."""
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)


def operations(found: list[dict[str, Any]]) -> str:
    return " ".join(event["op"] for event in found)


def row(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name in ITEM}


def check_item(found: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    """The history of `item`, whatever the connector's settings made of its values."""
    assert [event.get("bad") for event in found] == [None] * 16
    assert operations(found) == HISTORY
    inserted, changed, big, left, entered = found[0], found[4], found[5], found[6], found[8]
    assert row(inserted) == expected
    assert row(changed) == {**{k: v for k, v in expected.items() if k != "big"}, "f8": 2.5}
    assert row(big) == {**expected, "f8": 2.5, "big": "<U*9000>"}
    assert "big" in changed["absent"] and "big" not in (big.get("absent") or [])
    # the key change: one place in the order, the delete knows where it went, the create where it comes from
    assert (row(left), left["moved_to"]) == ({"id": 4}, {"id": 10})
    assert (entered["id"], entered["moved_from"]) == (10, {"id": 4})
    assert left["seq"] == entered["seq"] and "big" in entered["absent"]
    assert (row(found[9]), "moved_to" in found[9]) == ({"id": 3}, False)
    assert row(found[11]) == {"id": 5, "extra": 8}
    # renamed, then dropped columns are absent from then on, not NULL
    assert [("f8" in (e.get("absent") or []), "arr" in (e.get("absent") or [])) for e in found[12:]] == [
        (False, False),
        (True, False),
        (True, False),
        (True, True),
    ]
    assert all("extra" in event["absent"] for event in found[:6])


def test_defaults_without_schema_take_types_from_the_job(spark: SparkSession) -> None:
    found = decoded(
        spark, job_of("debezium", {**ITEM, "t": "bigint", "iv": "bigint"}), recorded("s1.public.item")
    )

    # lost: the unit of times, and what is behind an approximate interval
    check_item(found, {**FULL, "t": 45296789012, "iv": 37091106789000})
    assert found[1]["d"] == date(9999, 12, 31) and found[1]["ts"] == FIRST and found[1]["tz"] == LAST
    assert "n" not in found[1], "NaN is lost before it comes: precise decimals have none"
    # snapshot rows come before what is streamed at their place
    assert found[0]["seq"] == {"lsn": 22120408, "phase": 0} and found[2]["seq"] == {
        "lsn": 22124496,
        "phase": 1,
    }
    assert found[2]["committed"] == datetime(2026, 11, 21, 2, 44, 28, 246615)


def test_without_schema_the_scale_of_decimals_is_the_declared_one(spark: SparkSession) -> None:
    """Known loss: base64 has no scale, so that a numeric(12,4) is read at the scale of the column."""
    found = decoded(spark, job_of("debezium", ITEM), recorded("s1.public.item"))

    assert [event["n2"] for event in found[12:]] == [Decimal(n) for n in ("5.00", "6.00", "612.50", "625.00")]


def test_types_come_from_the_table_where_the_job_declares_none(spark: SparkSession) -> None:
    target = T._parse_datatype_string(", ".join(f"{name} {kind}" for name, kind in ITEM.items()))
    assert isinstance(target, T.StructType)
    declared = decoded(spark, job_of("debezium", ITEM), recorded("s1.public.item"))

    assert decoded(spark, job_of("debezium", None), recorded("s1.public.item"), target) == declared


def test_nothing_that_tells_the_types_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ConfigError, match=r"read\.schema"):
        decoded(spark, job_of("debezium", None), recorded("s1.public.item"))


def test_texts_for_decimals_and_times(spark: SparkSession) -> None:
    job = job_of(
        "debezium",
        {**ITEM, "n": "string", "n2": "decimal(12,4)"},
        read={"options": {"decimal_mode": "string"}},
    )

    found = decoded(spark, job, recorded("s2.public.item"))

    check_item(found, {**FULL, "n": "12345678901234567890.123456789", "t": "12:34:56.789012Z"})
    assert found[1]["n"] == "NAN" and found[1]["d"] == date(9999, 12, 31) and found[1]["ts"] == FIRST
    assert [event["n2"] for event in found[12:]] == [Decimal(n) for n in ("5", "6", "6.125", "6.25")]


def test_messages_with_schemas_need_no_declared_columns(spark: SparkSession) -> None:
    found = decoded(spark, job_of("debezium", None), recorded("s3.public.item"))

    coarse = datetime(2024, 2, 29, 12, 34, 56, 789000)
    # lost: doubles for decimals, milliseconds of Connect's own types, text of the interval
    lossy = {"n": 1.2345678901234567e19, "n2": 99.95, "ts": coarse, "t": "12:34:56.789", "iv": 37091106789000}
    check_item(found, {**FULL, **lossy})
    assert found[1]["n"] != found[1]["n"], "NaN"
    assert (found[1]["ts"], found[1]["tz"]) == (FIRST, LAST)


def test_a_truncate_has_a_place_and_no_row(spark: SparkSession) -> None:
    for topic_name, columns in (
        ("s2.public.item_full", {"id": "int", "v": "string", "big": "string"}),
        ("s3.public.item_full", None),
    ):
        found = decoded(spark, job_of("debezium", columns), recorded(topic_name))

        assert operations(found) == "R U D C I D C I T I"
        assert (found[8]["seq"]["lsn"], "id" in found[8], found[8].get("bad")) == (22240392, False, None)
        assert [event.get("v") for event in found[7:]] == ["nine", None, "again"]
        assert "absent" not in found[1]


def test_rows_without_key_are_appended(spark: SparkSession) -> None:
    found = decoded(
        spark, job_of("debezium", {"a": "int", "b": "string"}, keys=()), recorded("s1.public.nopk")
    )

    assert [(event["op"], event["a"], event["b"]) for event in found] == [("R", 1, "x"), ("I", 2, "y")]


def test_marks_of_transactions_are_control(spark: SparkSession) -> None:
    found = decoded(spark, job_of("debezium", {"id": "int"}), recorded("s2.transaction"))

    assert {event["op"] for event in found} == {"C"}


def test_flattened_rows_with_added_fields(spark: SparkSession) -> None:
    job = job_of("debezium_flat", {**ITEM, "t": "bigint", "iv": "bigint"})

    found = decoded(spark, job, recorded("s4.public.item"))

    assert operations(found) == HISTORY.replace(" C", ""), "`rewrite` sends no tombstones"
    assert row(found[0]) == {**FULL, "t": 45296789012, "iv": 37091106789000}
    assert "big" in found[4]["absent"] and found[4]["ts"] == FULL["ts"]
    assert (found[6]["id"], found[6]["moved_to"], found[6]["op"]) == (4, {"id": 10}, "D")
    assert found[7]["moved_from"] == {"id": 4} and found[6]["seq"] == found[7]["seq"]
    assert found[0]["seq"] == {"lsn": 22124168, "phase": 0}


def test_flattened_truncates_are_lost(spark: SparkSession) -> None:
    columns = {"id": "int", "v": "string", "big": "string"}

    found = decoded(spark, job_of("debezium_flat", columns), recorded("s4.public.item_full"))

    assert operations(found) == "R U D I D I I"


def test_where_only_tombstones_tell_of_deletes_they_are_deletes_of_their_key(spark: SparkSession) -> None:
    heartbeat = {"key": {"serverName": "s"}, "value": {"ts_ms": 1}}
    records = [{"key": {"id": 1}, "value": {"id": 1, "v": "a"}}, {"key": {"id": 1}, "value": None}, heartbeat]

    found = decoded(
        spark, job_of("debezium_flat", {"id": "int", "v": "string"}, read={"format": "kafka"}), records
    )

    assert [(e["op"], e.get("id"), e.get("seq")) for e in found] == [("U", 1, 0), ("D", 1, 1), ("C", None, 2)]


def test_a_delete_without_a_row_takes_the_messages_key(spark: SparkSession) -> None:
    fields = [
        {"type": "int32", "field": "id", "name": "io.debezium.time.Date"},
        {"type": "string", "field": "v"},
    ]
    key = {"schema": {"type": "struct"}, "payload": {"id": 19782}}
    records = [
        {"key": key, "value": wrapped(fields, change("d"))},
        {"key": "19782", "value": wrapped(fields, change("d", before={"id": None, "v": ""}))},
        {"key": {"id": 19782}, "value": wrapped(fields, change("d"))},
    ]

    found = decoded(spark, job_of("debezium", None), records)

    assert [(event["op"], event["id"], event.get("bad")) for event in found] == [
        ("D", date(2024, 2, 29), None)
    ] * 3


@pytest.mark.parametrize("name", ["__debezium_unavailable_value", "hex:6e6f7065"])
def test_placeholders_in_all_their_forms_are_absent(spark: SparkSession, name: str) -> None:
    from framework.changes.debezium.placeholders import Placeholder

    one = Placeholder(name)
    text, listed = one.text, list(one.data)
    values: dict[str, tuple[dict[str, Any], Any, str]] = {
        "txt": ({"type": "string"}, text, "string"),
        "bytea": ({"type": "bytes"}, base64.b64encode(one.data).decode(), "binary"),
        "texts": ({"type": "array", "items": {"type": "string"}}, [text], "array<string>"),
        "ints": ({"type": "array", "items": {"type": "int32"}}, listed, "array<int>"),
        "longs": ({"type": "array", "items": {"type": "int64"}}, listed, "array<bigint>"),
        "uuids": ({"type": "array", "items": {"type": "string"}}, [str(one.uuid)], "array<string>"),
        "hmap": (
            {"type": "map", "keys": {"type": "string"}, "values": {"type": "string"}},
            {text: text},
            "map<string,string>",
        ),
        "hjson": ({"type": "string"}, json.dumps({text: text}, separators=(",", ":")), "string"),
    }
    fields = [{"type": "int32", "field": "id"}, *[{**s, "field": n} for n, (s, _, _) in values.items()]]
    after = {"id": 1, **{n: v for n, (_, v, _) in values.items()}}
    options = {} if name.startswith("__") else {"unavailable_value": name}
    columns = {"id": "int", **{n: kind for n, (_, _, kind) in values.items()}}

    with_schema = decoded(
        spark,
        job_of("debezium", None, read={"options": options}),
        [{"value": wrapped(fields, change("u", after=after))}],
    )
    without = decoded(
        spark, job_of("debezium", columns, read={"options": options}), [{"value": change("u", after=after)}]
    )

    for (event,) in (with_schema, without):
        assert event["absent"] == list(values), event
        assert set(values) & set(event) == set() and event.get("bad") is None


def test_what_cannot_be_read_is_bad_with_its_text_and_never_an_exception(spark: SparkSession) -> None:
    good = change(after={"id": 1})
    cases: dict[str, Any] = {
        "message is no JSON object": '{"before":null,"aft',
        "operation 'x' in op is unknown": change("x", after={"id": 1}),
        "operation NULL in op is unknown": {"id": 1, "name": "no envelope"},
        "the message has no row: after is NULL": change("u"),
        "value 'seven' of column id is not int": change("u", after={"id": "seven"}),
    }

    found = decoded(
        spark, job_of("debezium", {"id": "int"}), [{"value": each} for each in (good, *cases.values(), "[1]")]
    )

    assert [event.get("bad") for event in found] == [None, *cases, "message is no JSON object"]
    assert found[1]["raw"] == cases["message is no JSON object"]


def test_heartbeats_logical_messages_and_schema_changes_are_control(spark: SparkSession) -> None:
    records = [
        {"value": {"ts_ms": 1}},
        {"value": change("m", message={"prefix": "p", "content": "AA=="})},
        {"value": {"source": {}, "databaseName": "d", "ddl": "CREATE TABLE t(id int)", "tableChanges": []}},
        {"value": "null"},
        {"value": None},
    ]

    found = decoded(spark, job_of("debezium", {"id": "int"}), records)

    assert [(event["op"], event.get("bad")) for event in found] == [("C", None)] * 5


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            {"connector": "mysql", "file": "bin.1000000", "pos": 4, "row": 1},
            {"log": 1000000, "pos": 4, "phase": 1, "row": 1},
        ),
        (
            {
                "connector": "sqlserver",
                "commit_lsn": "00000027:00000758:0005",
                "change_lsn": "00000027:00000758:0003",
                "event_serial_no": 2,
            },
            {
                "commit_lsn": "00000027:00000758:0005",
                "phase": 1,
                "change_lsn": "00000027:00000758:0003",
                "serial": 2,
            },
        ),
        (
            {"connector": "oracle", "scn": "999", "commit_scn": "1000", "rs_id": "0x1", "ssn": 3},
            {"commit_scn": Decimal(1000), "phase": 1, "scn": Decimal(999), "rs_id": "0x1", "ssn": 3},
        ),
        ({"connector": "mysql", "file": "", "pos": 0, "row": 0}, {"file": "topic", "row": 0}),
        ({"connector": "vitess"}, {"file": "topic", "row": 0}),
    ],
)
def test_the_sequence_is_the_connectors(
    spark: SparkSession, source: dict[str, Any], expected: dict[str, Any]
) -> None:
    message = {**change(after={"id": 1}), "source": source}

    (event,) = decoded(spark, job_of("debezium", {"id": "int"}), [{"value": message}])

    assert event["seq"] == expected


def test_a_streamed_event_without_its_place_has_no_sequence_and_a_jobs_own_sequence_wins(
    spark: SparkSession,
) -> None:
    records = [
        {"value": change(after={"id": 1, "v": 7})},
        {"value": change(lsn=None, after={"id": 1, "v": 8})},
    ]

    own = decoded(spark, job_of("debezium", {"id": "int", "v": "int"}, changes={"sequence": ["v"]}), records)
    found = decoded(spark, job_of("debezium", {"id": "int", "v": "int"}), records)

    assert [event.get("seq") for event in found] == [{"lsn": 10, "phase": 1}, None]
    assert [event["seq"] for event in own] == [7, 8]


def test_one_batch_may_hold_several_schemas_and_messages_without(spark: SparkSession) -> None:
    days = {"type": "int32", "name": "io.debezium.time.Date", "field": "d"}
    text = {"type": "string", "name": "io.debezium.time.IsoDate", "field": "d"}
    key = {"type": "int32", "field": "id"}
    records = [
        {"value": wrapped([key, days], change(after={"id": 1, "d": 19782}))},
        {
            "value": wrapped(
                [key, text, {"type": "int16", "field": "x"}],
                change(after={"id": 2, "d": "2024-02-29Z", "x": 5}),
            )
        },
        {"value": {"schema": None, "payload": change("d", before={"id": 3})}},
        {"value": wrapped([key], change("d", before={"id": 4}))},
    ]

    found = decoded(spark, job_of("debezium", None), records)

    assert [event.get("bad") for event in found] == [None] * 4
    assert [(e["id"], e.get("d"), e.get("x"), e.get("absent")) for e in found] == [
        (1, date(2024, 2, 29), None, ["x"]),
        (2, date(2024, 2, 29), 5, None),
        (3, None, None, None),
        (4, None, None, None),
    ]


def test_schemas_of_any_letters_are_cut_where_they_end_whichever_of_them_the_batch_begins_with(
    spark: SparkSession,
) -> None:
    key = {"type": "int32", "field": "id"}
    # more schemas than the first messages are remembered for, and some that come after those that were looked at
    names = [f"größe{n}\U0001f41f" for n in range(7)]
    records = [
        {"value": wrapped([key, {"type": "string", "field": name}], change(after={"id": n, name: f"ß{n}"}))}
        for n, name in [*[(0, names[0])] * 25, *enumerate(names)]
    ]

    found = decoded(spark, job_of("debezium", None), records)

    assert [event.get("bad") for event in found] == [None] * len(records)
    last = found[-7:]
    assert [[e["id"], e[names[e["id"]]]] for e in last] == [[n, f"ß{n}"] for n in range(7)]
    assert [sorted(e["absent"]) for e in last] == [[o for o in names if o != name] for name in names]


def test_a_payload_before_its_schema_is_found_too(spark: SparkSession) -> None:
    whole = wrapped([{"type": "int32", "field": "id"}], change(after={"id": 1}))
    records = [{"value": {"payload": whole["payload"], "schema": whole["schema"]}}]

    assert decoded(spark, job_of("debezium", None), records)[0]["id"] == 1


def test_without_headers_or_keys_there_are_no_moves(spark: SparkSession) -> None:
    from framework.changes.envelopes import find_decoder

    job = job_of("debezium", {"id": "int"})
    df = topic(spark, [{"value": change(after={"id": 1})}]).drop("headers", "key")

    names = find_decoder("debezium")(df, job, job.sources["source"]).columns

    assert MOVED_FROM not in names and MOVED_TO not in names


@pytest.mark.parametrize(
    "folder", ["schemaevolution", "schema/schemaevolution", "schema/include", "schema/alltype"]
)
def test_what_other_projects_recorded_decodes_to_rows(spark: SparkSession, folder: str) -> None:
    files = sorted((FIXTURES / "debezium" / "table" / folder).glob("*.txt"))
    lines = [line for file in files for line in file.read_text().splitlines() if line.strip()]
    evolving = {"id": "int", "name": "string", "description": "string", "weight": "double"}
    columns = {**evolving, "age": "int", "address": "string"} if folder == "schemaevolution" else None
    keys = ("_id",) if folder == "schema/alltype" else ("id",)

    found = decoded(spark, job_of("debezium", columns, keys), [{"value": line} for line in lines])

    assert [event.get("bad") for event in found] == [None] * len(lines)
    assert len(found) == len(lines)
    if folder == "schemaevolution":
        assert [(e["op"], e["id"], e.get("weight"), e.get("age"), e.get("address")) for e in found] == [
            ("I", 101, 3.14, None, None),
            ("I", 102, 8.1, None, None),
            ("I", 103, 0.8, 18, None),
            ("I", 104, 0.75, 24, None),
            ("I", 105, 0.875, None, "Shanghai"),
            ("D", 101, None, None, None),
            ("U", 105, 0.875, None, "Beijing"),
            ("I", 107, 5.3, None, None),
        ]
