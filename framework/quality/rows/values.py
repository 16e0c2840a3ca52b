"""ColumnValues: comparisons, ranges, sets and patterns on numbers, strings and dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.quality.nodes import Condition, Leaf
from framework.quality.nulls import null_value_passes
from framework.quality.rows.common import RowContext, verdict
from framework.quality.rows.dates import date_condition
from framework.quality.rows.numbers import number_condition
from framework.quality.rows.strings import string_condition

if TYPE_CHECKING:
    from pyspark.sql import Column


def column_values(leaf: Leaf, context: RowContext) -> Column:
    """A row passes if its value satisfies the condition."""
    assert leaf.condition is not None
    found = context.column(leaf)
    holds = _holds(leaf, leaf.condition, context)
    return verdict(found, holds, null_passes=null_value_passes(leaf.condition, strict=context.strict))


def _holds(leaf: Leaf, condition: Condition, context: RowContext) -> Column:
    from pyspark.sql import functions as F

    found = context.column(leaf)
    if condition.kind == "null":  # only NULL is named: every value is unlike it
        return F.lit(condition.op in ("!=", "not in"))
    if condition.kind == "number":
        return number_condition(leaf, condition, found)
    if condition.kind == "date":
        return date_condition(leaf, condition, found, context.now)
    return string_condition(leaf, condition, found, strict=context.strict)
