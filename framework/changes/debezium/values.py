"""The value of a column from what JSON holds, for every encoding; and whether it could fail to be one.

All functions take and give SQL text. A value that doesn't fit the wanted type is NULL, never rounded and never an
error: who asks compares with the raw value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pyspark.sql import types as T

from framework.changes.debezium import decimals, moments
from framework.changes.debezium.types import PLAIN, VARIABLE_RAW, Encoding, plain
from framework.sql import literal, quote
from framework.tables.types import same, type_sql

_NESTED = (T.ArrayType, T.MapType, T.StructType)
_TIMES: Mapping[str, str] = MappingProxyType(
    {"time_millis": "millis", "time_micros": "micros", "time_nanos": "nanos"}
)
_COUNTED = ("days", "millis", "micros", "nanos", *_TIMES)
"""Encodings that count from an epoch: whoever wants a whole number gets the count."""


def value(raw: str, encoding: Encoding, want: T.DataType | None = None) -> str:
    """The value of an encoding, in its own type or in the one that is wanted."""
    wanted = encoding.type if want is None else want
    if encoding.kind == "variable":
        return _number(decimals.variable_text(raw), wanted)
    if encoding.kind in _COUNTED and isinstance(wanted, T.IntegralType):
        return f"try_cast({raw} AS {type_sql(wanted)})"
    if encoding.kind == "bits" and not isinstance(wanted, T.BinaryType):
        return fitted(_bits_number(raw), T.DecimalType(20, 0), wanted)
    if encoding.kind == "decimal" and isinstance(wanted, T.StringType):
        widest = T.DecimalType(38, encoding.scale)
        return f"cast({decimals.scaled(raw, encoding.scale, widest)} AS string)"
    return fitted(_OWN[encoding.kind](raw, encoding), encoding.type, wanted)


def from_text(text: str, encoding: Encoding) -> str:
    """What a parser would have taken the text for: the raw value of an encoding."""
    if isinstance(encoding.raw, T.StringType):
        return text
    if isinstance(encoding.raw, T.BinaryType):
        return f"try_to_binary({text}, 'base64')"
    if isinstance(encoding.raw, _NESTED):
        return f"from_json({text}, {literal(type_sql(encoding.raw))})"
    return f"try_cast({text} AS {type_sql(encoding.raw)})"


def prepared(raw: str, encoding: Encoding) -> str | None:
    """What is worked out of a raw value before the value, because the value asks for it many times; None: nothing.

    A decimal whose writing is not known is {scale, value}, or base64 at the wanted scale.
    """
    if encoding.kind != "precise":
        return None
    assert isinstance(encoding.type, T.DecimalType)
    fixed = f"named_struct('scale', {encoding.type.scale}, 'value', try_to_binary({raw}, 'base64'))"
    return f"CASE WHEN {raw} LIKE '{{%' THEN from_json({raw}, 'scale int, value binary') ELSE {fixed} END"


def fitted(value: str, kind: T.DataType, want: T.DataType) -> str:
    """A value as another type; NULL if it would lose something."""
    if same(kind, want):
        return value
    if isinstance(want, T.StringType):
        if isinstance(kind, _NESTED):
            return f"to_json({value})"
        return f"base64({value})" if isinstance(kind, T.BinaryType) else f"cast({value} AS string)"
    if isinstance(kind, T.StringType):
        return _from_string(value, want)
    cast = f"try_cast({value} AS {type_sql(want)})"
    if isinstance(kind, T.DecimalType) and isinstance(want, T.DecimalType | T.IntegralType):
        return f"CASE WHEN {cast} = {value} THEN {cast} END"
    if isinstance(kind, T.FractionalType) and isinstance(want, T.IntegralType):
        return f"CASE WHEN {cast} = {value} THEN {cast} END"
    return cast


def fallible(encoding: Encoding, want: T.DataType) -> bool:
    """Whether a raw value may turn out to be no value."""
    return encoding.kind != "plain" or not same(encoding.type, want)


def _from_string(text: str, want: T.DataType) -> str:
    if isinstance(want, T.BinaryType):
        return f"try_to_binary({text}, 'base64')"
    if isinstance(want, _NESTED):
        return f"from_json({text}, {literal(type_sql(want))})"
    if isinstance(want, T.DecimalType):
        return f"coalesce({decimals.exact(text, want)}, {_scientific(text, want)})"
    if isinstance(want, T.TimestampType | T.TimestampNTZType | T.DateType):
        # a time of day alone would become a time of today
        dated = f"CASE WHEN instr({text}, '-') > 1 OR left({text}, 1) IN ('i', '-', '+') THEN {text} END"
        moment = moments.iso_date(dated) if isinstance(want, T.DateType) else moments.iso_moment(dated)
        return f"cast({moment} AS {type_sql(want)})"
    return f"try_cast({text} AS {type_sql(want)})"


def _scientific(text: str, want: T.DecimalType) -> str:
    """1.5E+3 as a decimal, where nothing is lost."""
    wide = f"try_cast({text} AS decimal(38,18))"
    return (
        f"CASE WHEN {text} RLIKE '[eE]' AND try_cast({wide} AS {type_sql(want)}) = {wide} "
        f"THEN try_cast({wide} AS {type_sql(want)}) END"
    )


def _number(text: str, want: T.DataType) -> str:
    if isinstance(want, T.StringType):
        return text
    return (
        decimals.exact(text, want)
        if isinstance(want, T.DecimalType)
        else f"try_cast({text} AS {type_sql(want)})"
    )


def _bits_big_end_first(raw: str) -> str:
    return f"array_join(reverse(regexp_extract_all(hex({raw}), '(..)', 1)), '')"


def _bits_number(raw: str) -> str:
    """Bits as an unsigned number, up to 64 of them."""
    digits = f"trim(LEADING '0' FROM {_bits_big_end_first(raw)})"
    return f"CASE WHEN length({digits}) <= 16 THEN cast(conv({digits}, 16, 10) AS decimal(20,0)) END"


def _array(raw: str, encoding: Encoding) -> str:
    element = encoding.parts[0][1]
    if element.kind == "plain":
        return raw
    # an element that is no value makes the whole no value
    made = f"transform({raw}, e -> {value('e', element)})"
    broken = f"exists({raw}, e -> e IS NOT NULL AND ({value('e', element)}) IS NULL)"
    return f"CASE WHEN NOT {broken} THEN {made} END"


def _map(raw: str, encoding: Encoding) -> str:
    element = encoding.parts[0][1]
    return raw if element.kind == "plain" else f"transform_values({raw}, (k, v) -> {value('v', element)})"


def _struct(raw: str, encoding: Encoding) -> str:
    if all(part.kind == "plain" for _, part in encoding.parts):
        return raw
    parts = ", ".join(
        f"{literal(name)}, {value(f'{raw}.{quote(name)}', part)}" for name, part in encoding.parts
    )
    return f"CASE WHEN {raw} IS NOT NULL THEN named_struct({parts}) END"


def _decimal(raw: str, encoding: Encoding) -> str:
    assert isinstance(encoding.type, T.DecimalType)
    return decimals.scaled(raw, encoding.scale, encoding.type)


def _lenient_moment(raw: str, encoding: Encoding) -> str:
    """A number, of the unit in the encoding's name or of one guessed by its size, or a text."""
    unit = encoding.kind.partition("_")[2]
    whole = f"{raw} RLIKE '^-?[0-9]{{1,19}}$'"
    count = _count(f"try_cast({raw} AS bigint)", unit)
    text = _from_string(raw, T.TimestampType())
    return f"cast(CASE WHEN {whole} THEN {count} ELSE {text} END AS {type_sql(encoding.type)})"


def _count(value: str, unit: str) -> str:
    return moments.moment(value, unit) if unit else moments.guessed(value)


def _number_moment(raw: str, encoding: Encoding) -> str:
    return f"cast({_count(raw, encoding.kind.partition('_')[2])} AS {type_sql(encoding.type)})"


def _lenient_date(raw: str, encoding: Encoding) -> str:
    whole = f"{raw} RLIKE '^-?[0-9]{{1,18}}$'"
    return (
        f"CASE WHEN {whole} THEN {moments.date(f'try_cast({raw} AS bigint)')} "
        f"ELSE {_from_string(raw, T.DateType())} END"
    )


def _precise(prepared: str, encoding: Encoding) -> str:
    assert isinstance(encoding.type, T.DecimalType)
    scale = encoding.type.scale
    return (
        f"CASE WHEN {prepared}.scale = {scale} THEN {decimals.scaled(f'{prepared}.value', scale, encoding.type)} "
        f"ELSE {decimals.exact(decimals.variable_text(prepared), encoding.type)} END"
    )


def _written(raw: str, encoding: Encoding) -> str:
    return _from_string(raw, encoding.type)


def _binary(raw: str, encoding: Encoding) -> str:
    how = encoding.kind.partition("_")[2]
    if how == "hex":
        return f"try_to_binary({raw}, 'hex')"
    plain = f"translate({raw}, '-_', '+/')" if how == "url" else raw
    padded = f"rpad({plain}, cast(ceil(length({raw}) / 4.0) * 4 AS int), '=')" if how == "url" else plain
    return f"try_to_binary({padded}, 'base64')"


_OWN: Mapping[str, Callable[[str, Encoding], str]] = MappingProxyType(
    {
        "plain": lambda raw, _: raw,
        "decimal": _decimal,
        "days": lambda raw, _: moments.date(raw),
        "zoned": lambda raw, _: moments.iso_moment(raw),
        "iso_date": lambda raw, _: moments.iso_date(raw),
        "iso_time": lambda raw, _: moments.iso_time(raw),
        "iso_timestamp": lambda raw, _: f"cast({moments.iso_moment(raw)} AS timestamp_ntz)",
        "bits": lambda raw, _: f"unhex({_bits_big_end_first(raw)})",
        "array": _array,
        "map": _map,
        "struct": _struct,
        "written": _written,
        "date": _lenient_date,
        "precise": _precise,
        **{kind: (lambda raw, e: moments.local(raw, e.kind)) for kind in ("millis", "micros", "nanos")},
        **{kind: (lambda raw, e: moments.time(raw, _TIMES[e.kind])) for kind in _TIMES},
        **{
            f"structured_{kind}": (lambda raw, e: moments.structured(raw, e.kind))
            for kind in ("date", "time", "timestamp", "zoned")
        },
        **dict.fromkeys(("count", "count_millis", "count_micros", "count_nanos"), _number_moment),
        **dict.fromkeys(("moment", "moment_millis", "moment_micros", "moment_nanos"), _lenient_moment),
        **dict.fromkeys(("binary_base64", "binary_url", "binary_hex"), _binary),
    }
)

_UNITS = ("millis", "micros", "nanos")


def lenient(
    kind: T.DataType, unit: str | None, decimals_as: str, binary_as: str, seen: frozenset[str] = frozenset()
) -> Encoding:
    """The encoding of a column whose type is known from the job or its table, and not from the message.

    `unit` is the column's format where it names one; `decimals_as` precise, string or double; `binary_as` base64, url
    or hex. `seen` says what the first messages have: number, text, object. Where that is one of them, only that is
    looked for, because a connector writes a column in one way.
    """
    text = T.StringType()
    if isinstance(kind, T.DecimalType):
        return _lenient_decimal(kind, decimals_as, seen)
    if isinstance(kind, T.DateType):
        if seen == {"number"}:
            return Encoding("days", kind, T.LongType())
        return Encoding("written" if seen == {"text"} else "date", kind, text)
    if isinstance(kind, T.TimestampType | T.TimestampNTZType):
        known = f"_{unit}" if unit in _UNITS else ""
        if seen == {"number"}:
            return Encoding(f"count{known}", kind, T.LongType())
        return Encoding("written" if seen == {"text"} else f"moment{known}", kind, text)
    if isinstance(kind, T.BinaryType):
        return (
            plain(kind)
            if binary_as == "base64" and seen == {"text"}
            else Encoding(f"binary_{binary_as}", kind, text)
        )
    if isinstance(kind, _NESTED) or type(kind) not in {type(each) for each in PLAIN.values()}:
        return Encoding("written", kind, text)
    if isinstance(kind, T.FractionalType) and decimals_as == "string":
        return Encoding("written", kind, text)
    return plain(kind)


def _lenient_decimal(kind: T.DecimalType, decimals_as: str, seen: frozenset[str]) -> Encoding:
    if decimals_as == "double":
        wide = T.DecimalType(38, 38 - (kind.precision - kind.scale))
        return Encoding("plain", wide, wide)
    if decimals_as == "string":
        return Encoding("written", kind, T.StringType())
    if seen == {"text"}:
        return Encoding("decimal", kind, T.BinaryType(), kind.scale)
    return (
        Encoding("variable", kind, VARIABLE_RAW)
        if seen == {"object"}
        else Encoding("precise", kind, T.StringType())
    )
