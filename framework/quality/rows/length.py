"""ColumnLength: how many characters a string has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.quality.conditions import numbers
from framework.quality.nodes import Leaf
from framework.quality.nulls import null_length_passes
from framework.quality.rows.common import RowContext, verdict, wrong_type
from framework.quality.rows.compare import compare
from framework.quality.rows.numbers import literal

if TYPE_CHECKING:
    from pyspark.sql import Column


def column_length(leaf: Leaf, context: RowContext) -> Column:
    """A row passes if the length satisfies the condition."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import BinaryType, IntegerType, StringType

    assert leaf.condition is not None
    found = context.column(leaf)
    if not isinstance(found.type, StringType | BinaryType):
        raise wrong_type(leaf, found, "a string")
    operands = [literal(number, IntegerType()) for number in numbers(leaf.condition)]
    holds = compare(leaf.condition.op, F.length(found.column), operands)
    return verdict(found, holds, null_passes=null_length_passes(leaf.condition, strict=context.strict))
