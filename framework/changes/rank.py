"""The rank of an event: what settles two different upserts at one sequence, the same on every machine.

The first 64 bits of SHA-256 over a canonical text of the columns that the event carries, as a signed number. The text
is one entry per column, ordered by normalised (lower-case) name, `<name>=<class>:<value>;`, where names and values
have `\\`, `=`, `;` and `,` escaped by `\\`, and the class is

    n  integers and decimals, no trailing zeros: 1.10 is 1.1, and int 1 is long 1
    f  float and double, as the shortest text of the double
    b  true or false        d  date, ISO          t  timestamps, microseconds since 1970 UTC
    s  text                 x  binary, hex        l  arrays, m  maps (sorted by key), r  structs
    0  NULL, of any type
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegralType,
    MapType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from framework.sql import quote

_BITS = 30


def rank(fields: Sequence[StructField], prefix: str = "", absent: Column | None = None) -> Column:
    """The rank of a row as bigint; `prefix` is a quoted qualifier such as ``t.``.

    `absent` is an array of the names of columns that the event doesn't carry, or NULL if it carries all.
    """
    digest = F.substring(F.sha2(canonical_text(fields, prefix, absent), 256), 1, 16)
    return F.conv(digest, 16, -10).cast("bigint")


def fingerprint(fields: Sequence[StructField]) -> Column:
    """A bigint that is cheap, and different for rows of different rank (but for one pair in 2^64).

    Good for noticing that two events differ, which is rare, so that ranks are made only where they decide something.
    It is neither stable between versions of Spark, nor an order that may decide anything.
    """
    # a hash passes over NULLs: without the places of those, (NULL, 1) would be (1, NULL)
    nulls = [_places_of_nulls(fields[at : at + _BITS]) for at in range(0, len(fields), _BITS)]
    return F.xxhash64(*nulls, *[_hashable(F.col(quote(field.name)), field.dataType) for field in fields])


def canonical_text(fields: Sequence[StructField], prefix: str = "", absent: Column | None = None) -> Column:
    """The text that is hashed."""
    ordered = sorted(fields, key=lambda field: (field.name.lower(), field.name))
    parts = [_part(field, prefix, absent) for field in ordered]
    return F.concat(*parts) if parts else F.lit("")


def _places_of_nulls(fields: Sequence[StructField]) -> Column:
    # as text: built from columns, each of them would take half a dozen calls into the JVM
    bits = [
        f"CASE WHEN {quote(field.name)} IS NULL THEN {1 << n} ELSE 0 END" for n, field in enumerate(fields)
    ]
    return F.expr(" | ".join(bits))


def _hashable(column: Column, kind: DataType) -> Column:
    """The column, or its canonical text where hashing would call different values equal."""
    exact = isinstance(kind, IntegralType | DecimalType | BooleanType | DateType | BinaryType)
    exact = exact or isinstance(kind, TimestampType | TimestampNTZType) or kind.simpleString() == "string"
    return column if exact else _entry(column, kind)


def _part(field: StructField, prefix: str, absent: Column | None) -> Column:
    named = F.lit(_escaped(field.name.lower()) + "=")
    part = F.concat(named, _entry(F.col(prefix + quote(field.name)), field.dataType), F.lit(";"))
    if absent is None:
        return part
    return F.when(F.coalesce(F.array_contains(absent, field.name), F.lit(False)), F.lit("")).otherwise(part)


def _escaped(text: str) -> str:
    for char in "\\=;,":
        text = text.replace(char, "\\" + char)
    return text


def _escape(column: Column) -> Column:
    return F.regexp_replace(column, r"([\\=;,])", r"\\$1")


def _entry(column: Column, kind: DataType) -> Column:
    """`<class>:<value>` of a value, never NULL."""
    letter, text = next(
        ((letter, text) for types, letter, text in _CLASSES if isinstance(kind, types)), ("s", _plain_text)
    )
    return F.coalesce(F.concat(F.lit(f"{letter}:"), text(column, kind)), F.lit("0:"))


def _as_is(column: Column, kind: DataType) -> Column:
    return column.cast("string")


def _plain_text(column: Column, kind: DataType) -> Column:
    return _escape(column.cast("string"))


def _double_text(column: Column, kind: DataType) -> Column:
    return column.cast("double").cast("string")


def _micros_text(column: Column, kind: DataType) -> Column:
    return F.unix_micros(column.cast("timestamp")).cast("string")


def _hex_text(column: Column, kind: DataType) -> Column:
    return F.hex(column)


def _decimal_text(column: Column, kind: DataType) -> Column:
    if isinstance(kind, DecimalType) and kind.scale == 0:
        return column.cast("string")
    # in ANSI mode, which every session of ours has, this text is never in scientific form
    trimmed = F.regexp_replace(F.regexp_replace(column.cast("string"), r"(\.\d*?)0+$", "$1"), r"\.$", "")
    return F.when(column == 0, F.lit("0")).otherwise(trimmed)


def _list_text(column: Column, kind: DataType) -> Column:
    element = kind.elementType  # type: ignore[attr-defined]
    parts = F.concat_ws(",", F.transform(column, lambda each: _entry(each, element)))
    return F.when(column.isNotNull(), _escape(parts))


def _map_text(column: Column, kind: DataType) -> Column:
    key, value = kind.keyType, kind.valueType  # type: ignore[attr-defined]
    entries = F.transform(
        F.map_entries(column),
        lambda each: F.concat(
            _entry(each.getField("key"), key), F.lit("="), _entry(each.getField("value"), value)
        ),
    )
    return F.when(column.isNotNull(), _escape(F.concat_ws(",", F.array_sort(entries))))


def _struct_text(column: Column, kind: DataType) -> Column:
    fields = kind.fields  # type: ignore[attr-defined]
    # NULL as a whole, else its fields would make an entry of an absent struct
    parts = F.concat_ws(",", *[_entry(column.getField(field.name), field.dataType) for field in fields])
    return F.when(column.isNotNull(), _escape(parts))


_CLASSES: tuple[
    tuple[type[DataType] | tuple[type[DataType], ...], str, Callable[[Column, DataType], Column]], ...
] = (
    (IntegralType, "n", _as_is),
    (DecimalType, "n", _decimal_text),
    ((FloatType, DoubleType), "f", _double_text),
    (BooleanType, "b", _as_is),
    (DateType, "d", _as_is),
    ((TimestampType, TimestampNTZType), "t", _micros_text),
    (BinaryType, "x", _hex_text),
    (ArrayType, "l", _list_text),
    (MapType, "m", _map_text),
    (StructType, "r", _struct_text),
)
