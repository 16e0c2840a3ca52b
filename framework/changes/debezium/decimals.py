"""Numbers as Debezium writes them: base64 of an unscaled number in two's complement, big end first.

All functions take and give SQL text, so that they work inside of lambdas. Up to 8 bytes the number is a bigint; beyond,
its magnitude is put together of two halves of 64 bits each, exactly. What has more than 38 digits is NULL. There is no
unary minus and no abs(): Spark on Scala 2.13 rounds these to 34 digits.
"""

from __future__ import annotations

from pyspark.sql import types as T

from framework.tables.types import type_sql

_SHORT = 8
_HALF = "18446744073709551616BD"
"""2 to the 64th."""
_FLIP = "'0123456789ABCDEF', 'FEDCBA9876543210'"


def scaled(binary: str, scale: int, kind: T.DecimalType) -> str:
    """The decimal whose unscaled value the bytes are."""
    short = _move_point(short_number(binary), scale)
    fits = f"try_cast({short} AS {type_sql(kind)})"
    if kind.precision <= 18:
        return f"CASE WHEN length({binary}) BETWEEN 1 AND {_SHORT} THEN {fits} END"
    number = long_number(binary)
    long = f"try_cast({with_point(number, str(scale)) if scale else number} AS {type_sql(kind)})"
    return f"CASE WHEN length({binary}) BETWEEN 1 AND {_SHORT} THEN {fits} WHEN length({binary}) > 0 THEN {long} END"


def short_number(binary: str) -> str:
    """The number of at most 8 bytes, as bigint."""
    # to the top of the 64 bits and back: the sign comes along
    unused = f"(64 - 8 * length({binary}))"
    return f"shiftright(shiftleft(cast(conv(hex({binary}), 16, -10) AS bigint), {unused}), {unused})"


def long_number(binary: str) -> str:
    """The number of any bytes, as decimal(38,0); NULL if it has more digits."""
    # of a negative number v take ~v = -v - 1: its halves are those of a number that surely fits
    digits = (
        f"trim(LEADING '0' FROM if(hex({binary}) >= '8', translate(hex({binary}), {_FLIP}), hex({binary})))"
    )
    padded = f"lpad({digits}, 32, '0')"
    high, low = (f"cast(conv(substr({padded}, {at}, 16), 16, 10) AS decimal(20,0))" for at in (1, 17))
    magnitude = f"try_add(try_multiply({high}, {_HALF}), {low})"
    number = f"if(hex({binary}) >= '8', try_subtract(try_subtract(0BD, {magnitude}), 1BD), {magnitude})"
    return f"CASE WHEN length({digits}) <= 32 THEN {number} END"


def variable_text(struct: str) -> str:
    """The exact text of a number that brings its own scale; NULL beyond 38 digits.

    {scale: 2, value: bytes of 500} -> '5.00'
    """
    binary, scale = f"{struct}.value", f"{struct}.scale"
    number = (
        f"CASE WHEN length({binary}) BETWEEN 1 AND {_SHORT} THEN cast({short_number(binary)} AS decimal(38,0)) "
        f"WHEN length({binary}) > 0 THEN {long_number(binary)} END"
    )
    return with_point(f"({number})", scale)


def exact(text: str, kind: T.DecimalType) -> str:
    """The decimal that a text says; NULL if it would have to be rounded."""
    fraction = f"length(trim(TRAILING '0' FROM regexp_extract({text}, '[.]([0-9]+)$', 1)))"
    return f"CASE WHEN {fraction} <= {kind.scale} THEN try_cast({text} AS {type_sql(kind)}) END"


def with_point(number: str, scale: str) -> str:
    """The text of a whole decimal with its point `scale` digits from the right; NULL stays NULL."""
    digits = f"replace(cast({number} AS string), '-', '')"
    padded = f"lpad({digits}, greatest(length({digits}), {scale} + 1), '0')"
    pointed = f"concat(substr({padded}, 1, length({padded}) - {scale}), '.', substr({padded}, -{scale}))"
    return (
        f"concat(if({number} < 0, '-', ''), CASE WHEN {scale} > 0 THEN {pointed} "
        f"ELSE concat({digits}, if({number} = 0, '', repeat('0', -({scale})))) END)"
    )


def _move_point(number: str, scale: int) -> str:
    if scale == 0:
        return number
    if scale <= 18:
        return f"(cast({number} AS decimal(19,0)) * 0.{'0' * (scale - 1)}1BD)"
    return with_point(f"cast({number} AS decimal(38,0))", str(scale))
