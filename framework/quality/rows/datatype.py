"""ColumnDataType: the value can be read as a type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.quality.columns import Found
from framework.quality.datatypes import TargetType, parse_type
from framework.quality.nodes import Leaf, Text
from framework.quality.nulls import null_type_passes
from framework.quality.rows.common import RowContext, verdict

if TYPE_CHECKING:
    from pyspark.sql import Column


def column_data_type(leaf: Leaf, context: RowContext) -> Column:
    """A row passes if its value, as text, can be read as the type (`=`) or can't (`!=`)."""
    assert leaf.condition is not None
    name = leaf.condition.operands[0]
    assert isinstance(name, Text)
    found = context.column(leaf)
    readable = _readable(found, parse_type(name.plain, leaf.tag("format")))
    holds = readable if leaf.condition.op == "=" else ~readable
    return verdict(found, holds, null_passes=null_type_passes(leaf.condition, strict=context.strict))


def _readable(found: Found, target: TargetType) -> Column:
    from pyspark.sql import functions as F

    text = f"CAST({found.sql} AS string)"
    if target.pattern is None:
        return F.expr(f"try_cast({text} AS {target.sql})").isNotNull()
    whole = F.concat(F.lit(target.before), F.expr(text), F.lit(target.after))
    return F.try_to_timestamp(whole, F.lit(target.pattern)).isNotNull()
