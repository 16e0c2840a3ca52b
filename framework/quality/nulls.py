"""The verdict on NULL, for every rule on values: as Glue has it, or `strict`.

| rule | glue | strict |
|---|---|---|
| a condition that names NULL: `= NULL`, `in [.., NULL]` | passes | passes |
| `!= NULL`, `not in [.., NULL]` | fails | fails |
| `!=`, `not in` without keywords | passes | fails |
| the same with EMPTY or WHITESPACES_ONLY | fails | fails |
| `not between` on dates | passes | fails |
| every other condition on values | fails | fails |
| ColumnLength `in`, where 0 is listed: NULL counts as length 0 | passes | fails |
| ColumnLength `not in`, `not between`, where 0 is an operand | fails | fails |
| ColumnLength with `in` without 0 | fails | fails |
| ColumnLength, every other condition | passes | fails |
| ColumnDataType `=` | fails | fails |
| ColumnDataType `!=` | passes | fails |
| IsComplete | fails | fails |
"""

from __future__ import annotations

from framework.quality.conditions import numbers
from framework.quality.nodes import Condition


def null_value_passes(condition: Condition, *, strict: bool) -> bool:
    """ColumnValues: does a NULL satisfy the condition?"""
    if "NULL" in condition.keywords:
        return condition.op in ("=", "in")
    if strict or condition.keywords:
        return False
    return condition.op in ("!=", "not in") or (condition.op == "not between" and condition.kind == "date")


def null_length_passes(condition: Condition, *, strict: bool) -> bool:
    """ColumnLength: does a NULL satisfy the condition?"""
    if strict:
        return False
    if condition.op not in ("in", "not in", "not between"):
        return True
    return (0 in numbers(condition)) == (condition.op == "in")


def null_type_passes(condition: Condition, *, strict: bool) -> bool:
    """ColumnDataType: does a NULL satisfy the condition?"""
    return condition.op == "!=" and not strict
