"""How a column's values are written in JSON, and what they are: from the message's own schema.

A field of Kafka Connect's schema, as JsonConverter writes it            becomes
{"type": "int32", "name": "io.debezium.time.Date", "field": "d"}   ->   days since 1970, a date
{"type": "bytes", "name": "...Decimal", "parameters": {"scale": "2"}}   base64 of an unscaled number, a decimal(38,2)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pyspark.sql import types as T

WIDEST = 38
"""Digits of the widest decimal."""
VARIABLE = T.DecimalType(WIDEST, 18)
"""What a number without a scale of its own becomes, unless the job declares the column."""


@dataclass(frozen=True)
class Encoding:
    """How values are written (`kind`), what they are (`type`), and what a parser of JSON should take them for."""

    kind: str
    type: T.DataType
    raw: T.DataType
    scale: int = 0
    parts: tuple[tuple[str, Encoding], ...] = ()
    """Fields of a struct; the element of an array or the value of a map, under an empty name."""


PLAIN: Mapping[str, T.DataType] = MappingProxyType(
    {
        # one width for the small ones: a column that grows from 2 to 4 bytes is no change of its table
        "int8": T.IntegerType(),
        "int16": T.IntegerType(),
        "int32": T.IntegerType(),
        "int64": T.LongType(),
        "float": T.FloatType(),
        "float32": T.FloatType(),
        "double": T.DoubleType(),
        "float64": T.DoubleType(),
        "boolean": T.BooleanType(),
        "string": T.StringType(),
    }
)

_NTZ, _TEXT = T.TimestampNTZType(), T.StringType()
_SEMANTIC: Mapping[str, tuple[str, T.DataType]] = MappingProxyType(
    {
        "io.debezium.time.Date": ("days", T.DateType()),
        "org.apache.kafka.connect.data.Date": ("days", T.DateType()),
        "io.debezium.time.Timestamp": ("millis", _NTZ),
        "org.apache.kafka.connect.data.Timestamp": ("millis", _NTZ),
        "io.debezium.time.MicroTimestamp": ("micros", _NTZ),
        "io.debezium.time.NanoTimestamp": ("nanos", _NTZ),
        "io.debezium.time.Time": ("time_millis", _TEXT),
        "org.apache.kafka.connect.data.Time": ("time_millis", _TEXT),
        "io.debezium.time.MicroTime": ("time_micros", _TEXT),
        "io.debezium.time.NanoTime": ("time_nanos", _TEXT),
        "io.debezium.time.ZonedTimestamp": ("zoned", T.TimestampType()),
        "io.debezium.time.IsoDate": ("iso_date", T.DateType()),
        "io.debezium.time.IsoTime": ("iso_time", _TEXT),
        "io.debezium.time.IsoTimestamp": ("iso_timestamp", _NTZ),
    }
)
_CLOCK = ("hour", "minute", "second", "nanos", "picoseconds")
_CALENDAR = ("year", "month", "day")
_STRUCTURED: Mapping[str, tuple[str, T.DataType]] = MappingProxyType(
    {
        "io.debezium.time.StructuredDate": ("structured_date", T.DateType()),
        "io.debezium.time.StructuredTime": ("structured_time", _TEXT),
        "io.debezium.time.StructuredTimestamp": ("structured_timestamp", _NTZ),
        "io.debezium.time.StructuredZonedTimestamp": ("structured_zoned", T.TimestampType()),
    }
)
STRUCTURED_RAW = T.StructType(
    [
        *[T.StructField(name, T.LongType()) for name in (*_CALENDAR, *_CLOCK, "offsetSeconds")],
        T.StructField("specialValue", T.StringType()),
    ]
)
VARIABLE_RAW = T.StructType([T.StructField("scale", T.IntegerType()), T.StructField("value", T.BinaryType())])


def encoding_of(field: Mapping[str, Any], *, numeric: bool = False) -> Encoding:
    """The encoding of a field of a message's schema. `numeric`: decimals are plain numbers (decimal.format).

    >>> encoding_of({"type": "int64", "name": "io.debezium.time.MicroTimestamp"}).kind
    'micros'
    """
    name, kind = str(field.get("name") or ""), str(field["type"])
    if name in _SEMANTIC:
        semantic, type_ = _SEMANTIC[name]
        return Encoding(semantic, type_, PLAIN[kind])
    if name in _STRUCTURED:
        semantic, type_ = _STRUCTURED[name]
        return Encoding(semantic, type_, STRUCTURED_RAW)
    if name == "org.apache.kafka.connect.data.Decimal":
        return _decimal(field.get("parameters") or {}, numeric)
    if name == "io.debezium.data.VariableScaleDecimal":
        return Encoding("variable", VARIABLE, VARIABLE_RAW)
    if name == "io.debezium.data.Bits":
        return Encoding("bits", T.BinaryType(), T.BinaryType())
    if kind == "bytes":
        return Encoding("plain", T.BinaryType(), T.BinaryType())
    return (
        _nested(field, kind, numeric) if kind in ("array", "map", "struct") else plain(PLAIN.get(kind, _TEXT))
    )


def plain(kind: T.DataType) -> Encoding:
    """Values that JSON's own types hold."""
    return Encoding("plain", kind, kind)


def _decimal(parameters: Mapping[str, Any], numeric: bool) -> Encoding:
    scale = min(max(int(parameters.get("scale") or 0), 0), WIDEST)
    precision = int(parameters.get("connect.decimal.precision") or WIDEST)
    type_ = T.DecimalType(min(max(precision, scale, 1), WIDEST), scale)
    return Encoding("plain", type_, type_) if numeric else Encoding("decimal", type_, T.BinaryType(), scale)


def _nested(field: Mapping[str, Any], kind: str, numeric: bool) -> Encoding:
    if kind == "array":
        element = encoding_of(field["items"], numeric=numeric)
        return Encoding("array", T.ArrayType(element.type), T.ArrayType(element.raw), parts=(("", element),))
    if kind == "map":
        if field.get("keys", {}).get("type") != "string":
            return plain(_TEXT)  # a list of pairs: kept as its JSON
        value = encoding_of(field["values"], numeric=numeric)
        return Encoding(
            "map", T.MapType(_TEXT, value.type), T.MapType(_TEXT, value.raw), parts=(("", value),)
        )
    parts = tuple((str(each["field"]), encoding_of(each, numeric=numeric)) for each in field["fields"])
    return Encoding(
        "struct",
        T.StructType([T.StructField(name, each.type) for name, each in parts]),
        T.StructType([T.StructField(name, each.raw) for name, each in parts]),
        parts=parts,
    )


def common_type(types: list[T.DataType]) -> T.DataType:
    """The type that holds the values of all: for a column whose type changed within a batch.

    >>> common_type([T.DecimalType(10, 2), T.DecimalType(12, 4)])
    DecimalType(12,4)
    >>> common_type([T.IntegerType(), T.StringType()])
    StringType()
    """
    found = types[0]
    for each in types[1:]:
        found = _wider(found, each)
    return found


def _wider(left: T.DataType, right: T.DataType) -> T.DataType:
    if left == right:
        return left
    whole, floating = (T.IntegerType, T.LongType), (T.FloatType, T.DoubleType)
    numbers = (*whole, *floating, T.DecimalType)
    if not isinstance(left, numbers) or not isinstance(right, numbers):
        return T.StringType()
    if isinstance(left, whole) and isinstance(right, whole):
        return T.LongType()
    if isinstance(left, floating) or isinstance(right, floating):
        return T.DoubleType()
    (p1, s1), (p2, s2) = _digits(left), _digits(right)
    scale = max(s1, s2)
    return T.DecimalType(min(max(p1 - s1, p2 - s2) + scale, WIDEST), scale)


def _digits(kind: T.DataType) -> tuple[int, int]:
    if isinstance(kind, T.DecimalType):
        return kind.precision, kind.scale
    return (10, 0) if isinstance(kind, T.IntegerType) else (19, 0)
