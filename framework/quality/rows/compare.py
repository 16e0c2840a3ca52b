"""A condition over columns: `value op operands` for every operator. NULL in, NULL out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

_ORDER: dict[str, Callable[[Column, Column], Column]] = {
    ">": lambda value, operand: value > operand,
    ">=": lambda value, operand: value >= operand,
    "<": lambda value, operand: value < operand,
    "<=": lambda value, operand: value <= operand,
}


def compare(op: str, value: Column, operands: Sequence[Column]) -> Column:
    """Both ends of `between` are outside."""
    if op == "between":
        return (value > operands[0]) & (value < operands[1])
    if op == "not between":
        return (value <= operands[0]) | (value >= operands[1])
    if op in _ORDER:
        return _ORDER[op](value, operands[0])
    member = value == operands[0] if len(operands) == 1 else value.isin(*operands)
    return member if op in ("=", "in") else ~member
