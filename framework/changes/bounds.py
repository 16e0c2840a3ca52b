"""Bounds of a batch's keys, as literals: with them a format skips the files that can't hold any of the keys.

A join on the key alone makes neither format skip anything: what the batch holds is known too late for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, DecimalType, IntegralType, StringType, StructField

from framework.sql import literal, quote

_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
_LONGEST = 100
"""Longer texts aren't worth their place in a statement."""


@dataclass(frozen=True)
class Bound:
    """Every key of a batch has this column between two values, inclusive; SQL literals."""

    column: str
    low: str
    high: str

    def condition(self, alias: str = "") -> str:
        """As SQL.

        >>> Bound("id", "1", "9").condition("t")
        't.`id` >= 1 AND t.`id` <= 9'
        """
        name = f"{alias}.{quote(self.column)}" if alias else quote(self.column)
        return f"{name} >= {self.low} AND {name} <= {self.high}"


def bound_figures(keys: Sequence[StructField]) -> list[Column]:
    """Aggregates over the keys of a batch, as text; see `bounds`."""
    figures = []
    for i, key in enumerate(keys):
        if _bounded(key.dataType):
            column = quote(key.name)
            figures += [
                F.expr(f"cast(min({column}) AS string) AS low_{i}"),
                F.expr(f"cast(max({column}) AS string) AS high_{i}"),
            ]
    return figures


def bounds(figures: Mapping[str, Any], keys: Sequence[StructField]) -> tuple[Bound, ...]:
    """What the aggregates say; nothing of a column without values, or of a type that literals don't serve.

    Integers are rounded: bounds are literals in the code that Spark compiles, and the next batch's will often be the
    same.

    >>> from pyspark.sql.types import LongType, BinaryType
    >>> keys = [StructField("id", LongType()), StructField("hash", BinaryType())]
    >>> bounds({"low_0": "1003", "high_0": "1070"}, keys)
    (Bound(column='id', low='1000L', high='1072L'),)
    """
    found = []
    for i, key in enumerate(keys):
        low, high = figures.get(f"low_{i}"), figures.get(f"high_{i}")
        if low is None or high is None or max(len(low), len(high)) > _LONGEST:
            continue
        if isinstance(key.dataType, IntegralType):
            low, high = _rounded(int(low), int(high), _BITS[key.dataType.simpleString()])
        # Spark would put a setting's value in its place
        if "${" not in low + high:
            found.append(Bound(key.name, _literal(low, key.dataType), _literal(high, key.dataType)))
    return tuple(found)


def _rounded(low: int, high: int, bits: int) -> tuple[str, str]:
    """Bounds that are at most a quarter farther apart, on a grid; within what a type of so many bits can say."""
    step = 1 << max((high - low).bit_length() - 4, 0)
    least, greatest = -(1 << bits - 1), (1 << bits - 1) - 1
    return str(max(low // step * step, least)), str(min(-(-high // step) * step, greatest))


def within(found: Sequence[Bound]) -> Column:
    """The rows that the bounds allow."""
    return reduce(and_, [F.expr(each.condition()) for each in found], F.lit(True))


def _bounded(kind: DataType) -> bool:
    # a text with a collation compares in its own way
    plain = isinstance(kind, StringType) and kind.simpleString() == "string"
    return plain or isinstance(kind, IntegralType | DecimalType | DateType)


def _literal(text: str, kind: DataType) -> str:
    if isinstance(kind, StringType):
        return literal(text)
    if isinstance(kind, DateType):
        return f"DATE {literal(text)}"
    suffix = {"tinyint": "Y", "smallint": "S", "bigint": "L"}.get(kind.simpleString(), "")
    return f"{text}BD" if isinstance(kind, DecimalType) else f"{text}{suffix}"
