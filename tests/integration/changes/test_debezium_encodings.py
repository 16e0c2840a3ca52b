"""Every way in which Debezium writes a value, with the schema in the message and without: a table of both."""

from __future__ import annotations

import base64
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tests.integration.changes.debezium_feeds import change, decoded, wrapped
from tests.integration.changes.decoding import job_of

UTC_END, UTC_START = datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1, 1, 1)
CONNECT, TIME, DATA = "org.apache.kafka.connect.data.", "io.debezium.time.", "io.debezium.data."


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def unscaled(number: int, length: int | None = None) -> str:
    size = length or (number.bit_length() // 8 + 1)
    return b64(number.to_bytes(size, "big", signed=True))


def exactly(number: int, scale: int) -> Decimal:
    """Not by arithmetic, which would round to 28 digits."""
    return Decimal((int(number < 0), tuple(int(digit) for digit in str(abs(number))), -scale))


def decimal(scale: int, precision: int | None = None) -> dict[str, Any]:
    parameters = {"scale": str(scale)}
    if precision:
        parameters["connect.decimal.precision"] = str(precision)
    return {"type": "bytes", "name": f"{CONNECT}Decimal", "version": 1, "parameters": parameters}


def of(name: str, kind: str) -> dict[str, Any]:
    return {"type": kind, "name": name, "version": 1}


def parts(**values: Any) -> dict[str, Any]:
    names = ("year", "month", "day", "hour", "minute", "second", "nanos", "offsetSeconds", "specialValue")
    return {name: values.get(name) for name in names}


VARIABLE = {"type": "struct", "name": f"{DATA}VariableScaleDecimal", "fields": []}
LARGE = 12345678901234567890123456789

# title: (schema of the field, value in the message, value in the row)
WITH_SCHEMA: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "int16": ({"type": "int16"}, -7, -7),
    "int64 beyond doubles": ({"type": "int64"}, 9007199254740993, 9007199254740993),
    "double": ({"type": "double"}, 0.1, 0.1),
    "double infinite": ({"type": "double"}, "Infinity", float("inf")),
    "boolean": ({"type": "boolean"}, False, False),
    "empty text": ({"type": "string"}, "", ""),
    "decimal": (decimal(2, 10), "AfQ=", Decimal("5.00")),
    "decimal negative": (decimal(2, 10), "/gw=", Decimal("-5.00")),
    "decimal of a byte": (decimal(0, 3), "/w==", Decimal("-1")),
    "decimal zero": (decimal(4, 9), "AA==", Decimal("0.0000")),
    "decimal with spare sign bytes": (decimal(2, 10), unscaled(-500, 7), Decimal("-5.00")),
    "decimal of 8 bytes, smallest": (decimal(0, 19), unscaled(-(2**63)), Decimal(-(2**63))),
    "decimal of 8 bytes, largest": (decimal(0, 19), unscaled(2**63 - 1), Decimal(2**63 - 1)),
    "decimal of 9 bytes": (decimal(0), unscaled(2**63), Decimal(2**63)),
    "decimal of 9 bytes negative": (decimal(0), unscaled(-(2**63) - 1), Decimal(-(2**63) - 1)),
    "decimal at 64 bits": (decimal(0), unscaled(2**64), Decimal(2**64)),
    "decimal at 64 bits negative": (decimal(0), unscaled(-(2**64)), Decimal(-(2**64))),
    "decimal of 13 bytes": (decimal(9), unscaled(LARGE), exactly(LARGE, 9)),
    "decimal of 13 bytes negative": (decimal(9), unscaled(-LARGE), exactly(-LARGE, 9)),
    "decimal of 38 nines": (decimal(38), unscaled(10**38 - 1), exactly(10**38 - 1, 38)),
    "decimal of 38 nines negative": (decimal(0), unscaled(1 - 10**38), Decimal(1 - 10**38)),
    "decimal long and padded": (decimal(3), unscaled(-1234, 24), Decimal("-1.234")),
    "unsigned bigint": (decimal(0), unscaled(2**64 - 1), Decimal(2**64 - 1)),
    "variable": (
        VARIABLE,
        {"scale": 9, "value": "J+QbMka+ybFuOYEV"},
        Decimal("12345678901234567890.123456789"),
    ),
    "variable whole": (VARIABLE, {"scale": 0, "value": unscaled(-42)}, Decimal(-42)),
    "variable small": (VARIABLE, {"scale": 5, "value": unscaled(-1)}, Decimal("-0.00001")),
    "variable of tens": (VARIABLE, {"scale": -3, "value": unscaled(12)}, Decimal(12000)),
    "date": (of(f"{TIME}Date", "int32"), 19782, date(2024, 2, 29)),
    "date before 1970": (of(f"{TIME}Date", "int32"), -1, date(1969, 12, 31)),
    "date infinite, streamed": (of(f"{TIME}Date", "int32"), 2146033979, date(9999, 12, 31)),
    "date infinite, snapshot": (of(f"{TIME}Date", "int32"), -622191234, date(9999, 12, 31)),
    "date of connect": (of(f"{CONNECT}Date", "int32"), 0, date(1970, 1, 1)),
    "timestamp": (of(f"{TIME}Timestamp", "int64"), 1709210096789, datetime(2024, 2, 29, 12, 34, 56, 789000)),
    "timestamp of connect": (
        of(f"{CONNECT}Timestamp", "int64"),
        -1,
        datetime(1969, 12, 31, 23, 59, 59, 999000),
    ),
    "timestamp infinite": (of(f"{CONNECT}Timestamp", "int64"), -9223372036832400000, UTC_START),
    "micro": (
        of(f"{TIME}MicroTimestamp", "int64"),
        1709210096789012,
        datetime(2024, 2, 29, 12, 34, 56, 789012),
    ),
    "micro infinite": (of(f"{TIME}MicroTimestamp", "int64"), 9223372036825200000, UTC_END),
    "micro least": (of(f"{TIME}MicroTimestamp", "int64"), -(2**63), UTC_START),
    "nano": (
        of(f"{TIME}NanoTimestamp", "int64"),
        1709210096789012345,
        datetime(2024, 2, 29, 12, 34, 56, 789012),
    ),
    "nano before 1970": (of(f"{TIME}NanoTimestamp", "int64"), -1, datetime(1969, 12, 31, 23, 59, 59, 999999)),
    "nano infinite": (of(f"{TIME}NanoTimestamp", "int64"), 2**63 - 1, UTC_END),
    "zoned": (
        of(f"{TIME}ZonedTimestamp", "string"),
        "2024-02-29T07:04:56.789012Z",
        datetime(2024, 2, 29, 7, 4, 56, 789012),
    ),
    "zoned with offset": (
        of(f"{TIME}ZonedTimestamp", "string"),
        "2024-02-29T07:04:56+02:00",
        datetime(2024, 2, 29, 5, 4, 56),
    ),
    "zoned infinite": (of(f"{TIME}ZonedTimestamp", "string"), "-infinity", UTC_START),
    "time": (of(f"{TIME}Time", "int32"), 45296789, "12:34:56.789"),
    "time of connect": (of(f"{CONNECT}Time", "int32"), 0, "00:00:00"),
    "micro time": (of(f"{TIME}MicroTime", "int64"), 45296789012, "12:34:56.789012"),
    "micro time of a whole day": (of(f"{TIME}MicroTime", "int64"), 86400000000, "24:00:00"),
    "micro time of MySQL": (of(f"{TIME}MicroTime", "int64"), -3020399000000, "-838:59:59"),
    "nano time": (of(f"{TIME}NanoTime", "int64"), 45296500000000, "12:34:56.5"),
    "iso date": (of(f"{TIME}IsoDate", "string"), "2024-02-29Z", date(2024, 2, 29)),
    "iso date infinite": (of(f"{TIME}IsoDate", "string"), "+5877611-06-21Z", date(9999, 12, 31)),
    "iso time": (of(f"{TIME}IsoTime", "string"), "12:34:56.789012Z", "12:34:56.789012"),
    "iso timestamp": (
        of(f"{TIME}IsoTimestamp", "string"),
        "2024-02-29T12:34:56.789012Z",
        datetime(2024, 2, 29, 12, 34, 56, 789012),
    ),
    "iso timestamp infinite": (of(f"{TIME}IsoTimestamp", "string"), "-292275055-05-16T23:00:00Z", UTC_START),
    "structured date": (
        of(f"{TIME}StructuredDate", "struct"),
        parts(year=2024, month=2, day=29),
        date(2024, 2, 29),
    ),
    "structured date infinite": (
        of(f"{TIME}StructuredDate", "struct"),
        parts(specialValue="NEGATIVE_INFINITY"),
        date(1, 1, 1),
    ),
    "structured time": (
        of(f"{TIME}StructuredTime", "struct"),
        parts(hour=7, minute=4, second=5, nanos=120000000),
        "07:04:05.12",
    ),
    "structured timestamp": (
        of(f"{TIME}StructuredTimestamp", "struct"),
        parts(year=2024, month=2, day=29, hour=12, minute=34, second=56, nanos=789012345),
        datetime(2024, 2, 29, 12, 34, 56, 789012),
    ),
    "structured zoned": (
        of(f"{TIME}StructuredZonedTimestamp", "struct"),
        parts(year=2024, month=2, day=29, hour=12, minute=0, second=0, offsetSeconds=3600),
        datetime(2024, 2, 29, 11),
    ),
    "interval, approximate": (of(f"{TIME}MicroDuration", "int64"), 37091106789000, 37091106789000),
    "interval": (of(f"{TIME}Interval", "string"), "P1Y2M3DT4H5M6.789S", "P1Y2M3DT4H5M6.789S"),
    "year": (of(f"{TIME}Year", "int32"), 2024, 2024),
    "bytes": ({"type": "bytes"}, "AP8Q", b"\x00\xff\x10"),
    "bits": (of(f"{DATA}Bits", "bytes"), b64(b"\x01\x80"), b"\x80\x01"),
    "json": (of(f"{DATA}Json", "string"), '{"a": [1, null]}', '{"a": [1, null]}'),
    "enum": (of(f"{DATA}Enum", "string"), "ok", "ok"),
    "list": ({"type": "array", "items": {"type": "int32"}}, [1, None], [1, None]),
    "list of dates": (
        {"type": "array", "items": of(f"{TIME}Date", "int32")},
        [0, None],
        [date(1970, 1, 1), None],
    ),
    "map": (
        {"type": "map", "keys": {"type": "string"}, "values": {"type": "string"}},
        {"a": "1"},
        {"a": "1"},
    ),
    "point": (
        {"type": "struct", "fields": [{"type": "double", "field": "x"}, {"type": "bytes", "field": "wkb"}]},
        {"x": 1.5, "wkb": "AQI="},
        {"x": 1.5, "wkb": b"\x01\x02"},
    ),
}

# title: (declared column, value in the message, value in the row)
WITHOUT_SCHEMA: dict[str, tuple[Any, Any, Any]] = {
    "int": ("int", 7, 7),
    "double": ("double", 0.1, 0.1),
    "text of a number": ("string", 17, "17"),
    "decimal": ("decimal(10,2)", "AfQ=", Decimal("5.00")),
    "decimal long": ("decimal(38,9)", unscaled(-LARGE), exactly(-LARGE, 9)),
    "variable": (
        "decimal(38,9)",
        {"scale": 9, "value": "J+QbMka+ybFuOYEV"},
        Decimal("12345678901234567890.123456789"),
    ),
    "date": ("date", 19782, date(2024, 2, 29)),
    "date iso": ("date", "2024-02-29Z", date(2024, 2, 29)),
    "micros": ("timestamp_ntz", 1709210096789012, datetime(2024, 2, 29, 12, 34, 56, 789012)),
    "millis": ("timestamp_ntz", 1709210096789, datetime(2024, 2, 29, 12, 34, 56, 789000)),
    "nanos": ("timestamp", 1709210096789012345, datetime(2024, 2, 29, 12, 34, 56, 789012)),
    "micros of 1970 by format": (
        {"type": "timestamp_ntz", "format": "micros"},
        1000000,
        datetime(1970, 1, 1, 0, 0, 1),
    ),
    "infinite": ("timestamp", 9223372036825200000, UTC_END),
    "zoned": ("timestamp", "2024-02-29T07:04:56.789012Z", datetime(2024, 2, 29, 7, 4, 56, 789012)),
    "zoned infinite": ("timestamp", "infinity", UTC_END),
    "bytes": ("binary", "AP8Q", b"\x00\xff\x10"),
    "list": ("array<int>", [1, None], [1, None]),
    "map": ("map<string,string>", {"a": "1"}, {"a": "1"}),
    "map as JSON": ("map<string,string>", '{"a":"1"}', {"a": "1"}),
    "big": ("bigint", 9007199254740993, 9007199254740993),
}


def name_of(title: str) -> str:
    return title.replace(" ", "_").replace(",", "")


def test_values_of_messages_with_schema_are_what_the_database_had(spark: SparkSession) -> None:
    fields = [{**schema, "optional": True, "field": name_of(t)} for t, (schema, _, _) in WITH_SCHEMA.items()]
    row = {name_of(title): value for title, (_, value, _) in WITH_SCHEMA.items()}
    message = wrapped([{"type": "int32", "field": "id"}, *fields], change(after={"id": 1, **row}))

    (event,) = decoded(spark, job_of("debezium", None), [{"value": message}])

    assert event.get("bad") is None
    for title, (_, _, expected) in WITH_SCHEMA.items():
        assert event.get(name_of(title)) == expected, title


def test_values_of_messages_without_schema_are_read_by_their_declared_types(spark: SparkSession) -> None:
    columns = {name_of(title): column for title, (column, _, _) in WITHOUT_SCHEMA.items()}
    row = {name_of(title): value for title, (_, value, _) in WITHOUT_SCHEMA.items()}
    unlike = dict.fromkeys(row)
    job = job_of("debezium", {"id": "int", **columns})

    (event,) = decoded(spark, job, [{"value": change(after={"id": 1, **row})}])
    # the first messages have nothing but NULL: how the column is written shows too late
    late = decoded(
        spark, job, [{"value": change(after={"id": 1, **each})} for each in (*[unlike] * 20, row)]
    )[-1]

    for found in (event, late):
        assert found.get("bad") is None
        for title, (_, _, expected) in WITHOUT_SCHEMA.items():
            assert found.get(name_of(title)) == expected, title


@pytest.mark.parametrize(
    ("options", "column", "value", "expected"),
    [
        ({"decimal_mode": "string"}, "decimal(12,4)", "6.1250", Decimal("6.1250")),
        ({"decimal_mode": "string"}, "decimal(12,4)", "1234", Decimal("1234.0000")),
        ({"decimal_mode": "string"}, "double", "NaN", None),
        ({"decimal_mode": "double"}, "decimal(38,9)", 99.95, Decimal("99.950000000")),
        ({"binary_mode": "hex"}, "binary", "00ff10", b"\x00\xff\x10"),
        ({"binary_mode": "base64-url-safe"}, "binary", "-_8", b"\xfb\xff"),
    ],
)
def test_the_connectors_modes_are_options(
    spark: SparkSession, options: dict[str, str], column: str, value: Any, expected: Any
) -> None:
    job = job_of("debezium", {"id": "int", "v": column}, read={"options": options})

    (event,) = decoded(spark, job, [{"value": change(after={"id": 1, "v": value})}])

    assert event.get("bad") is None
    if expected is None:
        assert event["v"] != event["v"]  # NaN
    else:
        assert event["v"] == expected


def test_a_value_that_does_not_fit_is_told_and_never_rounded(spark: SparkSession) -> None:
    fields = [
        {"type": "int32", "field": "id"},
        {**decimal(4), "field": "price"},
        {**VARIABLE, "field": "n"},
        {**of(f"{TIME}MicroTimestamp", "int64"), "field": "at"},
        {"type": "int32", "field": "age"},
    ]
    columns = {
        "id": "int",
        "price": "decimal(12,2)",
        "n": "decimal(38,2)",
        "at": "timestamp_ntz",
        "age": "int",
    }
    cases = {
        "value 'zag=' of column price is not decimal(12,2)": {"price": "zag="},
        'value \'{"scale":3,"value":"AQ=="}\' of column n is not decimal(38,2)': {
            "n": {"scale": 3, "value": "AQ=="}
        },
        "value '300000000000000000' of column at is not timestamp_ntz": {"at": 300000000000000000},
        "value 'x' of column age is not int": {"age": "x"},
        "value '2.5' of column age is not int": {"age": 2.5},
    }
    messages = [wrapped(fields, change(after={"id": 1, **row})) for row in cases.values()]

    found = decoded(spark, job_of("debezium", columns), [{"value": each} for each in messages])

    assert [event["bad"] for event in found] == list(cases)
    assert all('"schema"' in event["raw"] for event in found)
