"""Conditions on numbers, each compared in the type of its column, so that a bigint loses no digit."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from framework.quality.columns import Found
from framework.quality.conditions import numbers
from framework.quality.nodes import Condition, Leaf
from framework.quality.rows.common import wrong_type
from framework.quality.rows.compare import compare

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql.types import DataType

_BIGINT = 2**63
_DECIMAL_DIGITS = 38


def number_condition(leaf: Leaf, condition: Condition, found: Found) -> Column:
    """The condition on a numeric column, or on a string column whose values are read as numbers."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import DoubleType, NumericType, StringType

    operands = numbers(condition)
    if isinstance(found.type, StringType):
        # a value that is no number is NULL here, and fails under every operator
        value = F.expr(f"try_cast({found.sql} AS double)")
        return compare(condition.op, value, [literal(number, DoubleType()) for number in operands])
    if isinstance(found.type, NumericType):
        return compare(condition.op, found.column, [literal(number, found.type) for number in operands])
    raise wrong_type(leaf, found, "a number, or a string with numbers")


def literal(number: Decimal, kind: DataType) -> Column:
    """A number as a literal that is compared with a column of this type without casting every value."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import FractionalType, IntegralType

    exact = not isinstance(kind, FractionalType) or kind.typeName() == "decimal"
    if not exact:
        return F.lit(float(number))
    if (
        isinstance(kind, IntegralType)
        and number == number.to_integral_value()
        and -_BIGINT <= number < _BIGINT
    ):
        return F.lit(int(number))
    return F.lit(number) if _fits(number) else F.lit(float(number))


def _fits(number: Decimal) -> bool:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return len(number.as_tuple().digits) <= _DECIMAL_DIGITS and -_DECIMAL_DIGITS <= exponent <= 0
