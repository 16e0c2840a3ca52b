"""Conditions on strings: sets, patterns, and the keywords EMPTY and WHITESPACES_ONLY."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import reduce
from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.quality.columns import Found
from framework.quality.nodes import Condition, Leaf, Text
from framework.quality.rows.common import first_line, wrong_type
from framework.quality.rows.numbers import literal

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql.types import DataType


def string_condition(leaf: Leaf, condition: Condition, found: Found, *, strict: bool) -> Column:
    """The condition on a column; other types are compared with what the strings mean in them."""
    if "matches" in condition.op:
        return _matches(leaf, condition, found, strict=strict)
    from pyspark.sql import functions as F

    texts = [text.plain for text in condition.values if isinstance(text, Text)]
    parts = [found.column.isin(*[_typed(leaf, text, found) for text in texts])] if texts else []
    parts += [_KEYWORDS[word](found) for word in sorted(condition.keywords - {"NULL"})]
    member = reduce(lambda left, right: left | right, parts, F.lit(False))
    return member if condition.op in ("=", "in") else ~member


def _matches(leaf: Leaf, condition: Condition, found: Found, *, strict: bool) -> Column:
    pattern = condition.operands[0]
    assert isinstance(pattern, Text)
    _check_pattern(leaf, pattern.raw)
    text = found.column.cast("string")
    if condition.op == "matches":
        return text.rlike(f"^(?:{pattern.raw})$")
    # Glue's `not matches` looks only at whether the text begins with a whole word that matches
    return ~text.rlike(f"^(?:{pattern.raw})$") if strict else text.rlike(rf"^(?!\b(?:{pattern.raw})\b).*$")


def _check_pattern(leaf: Leaf, pattern: str) -> None:
    """Java has the last word on a pattern, before the first row meets it."""
    from pyspark import SparkContext
    from pyspark.errors import PySparkException

    context = SparkContext._active_spark_context
    if context is None or context._jvm is None:
        return
    try:
        context._jvm.java.util.regex.Pattern.compile(pattern)
    except PySparkException as error:
        what = f"the pattern of {leaf.kind} can't be read"
        raise ConfigError(what, found=f'"{pattern}"', fix=f"{first_line(error)}.") from error


def _typed(leaf: Leaf, text: str, found: Found) -> Column:
    """The string as a value of the column's type."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import (
        BooleanType,
        DateType,
        NumericType,
        StringType,
        TimestampNTZType,
        TimestampType,
    )

    if isinstance(found.type, StringType):
        return F.lit(text)
    readers = (
        (NumericType, _number),
        (BooleanType, _boolean),
        (DateType, _moment),
        (TimestampType, _moment),
        (TimestampNTZType, _moment),
    )
    for kind, read in readers:
        if isinstance(found.type, kind):
            try:
                return read(text, found.type)
            except ValueError:
                raise wrong_type(leaf, found, f'a column that can hold "{text}"') from None
    raise wrong_type(leaf, found, "a string")


def _number(text: str, kind: DataType) -> Column:
    try:
        return literal(Decimal(text), kind)
    except InvalidOperation as error:
        raise ValueError(text) from error


def _boolean(text: str, kind: DataType) -> Column:
    from pyspark.sql import functions as F

    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return F.lit(text.lower() == "true")


def _moment(text: str, kind: DataType) -> Column:
    from pyspark.sql import functions as F

    return F.lit(datetime.fromisoformat(text).isoformat(sep=" ")).cast(kind)


def _empty(found: Found) -> Column:
    return found.column.cast("string") == ""


def _blank(found: Found) -> Column:
    return found.column.cast("string").rlike(r"^\s+$")


_KEYWORDS = {"EMPTY": _empty, "WHITESPACES_ONLY": _blank}
