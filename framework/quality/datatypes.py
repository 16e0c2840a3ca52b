"""The types and date patterns that ColumnDataType knows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from framework.errors import ConfigError
from framework.quality.nodes import Condition, Text

_TYPES = {
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "integer": "int",
    "long": "bigint",
    "double": "double",
    "float": "float",
    "string": "string",
}
_FULL = ("dd-MM-yyyy", "MM-dd-yyyy", "yyyy-MM-dd", "dd/MM/yyyy", "MM/dd/yyyy", "yyyy/MM/dd")
_PARTIAL = {
    "MM-yyyy": ("01-", "", "dd-MM-yyyy"),
    "yyyy-MM": ("", "-01", "yyyy-MM-dd"),
    "MM/yyyy": ("01/", "", "dd/MM/yyyy"),
    "yyyy/MM": ("", "/01", "yyyy/MM/dd"),
    "dd-MM": ("", "-2000", "dd-MM-yyyy"),
    "dd/MM": ("", "/2000", "dd/MM/yyyy"),
    "MM-dd": ("", "-2000", "MM-dd-yyyy"),
    "MM/dd": ("", "/2000", "MM/dd/yyyy"),
}


@dataclass(frozen=True)
class TargetType:
    """What a column's values must be readable as: a Spark SQL type, for dates perhaps by a pattern."""

    sql: str
    pattern: str | None = None
    before: str = ""
    """What makes a partial date a whole one: text before it and after it (29 February exists in 2000)."""
    after: str = ""


def parse_type(name: str, format_tag: Condition | None = None) -> TargetType:
    """The type a rule names, such as `Date` or `Decimal(10,2)`."""
    decimal = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", name.strip(), re.IGNORECASE)
    sql = f"decimal({decimal[1]},{decimal[2]})" if decimal else _TYPES.get(name.strip().lower())
    if sql is None:
        known = [known.capitalize() for known in _TYPES] + ["Decimal(p,s)"]
        near = get_close_matches(name.capitalize(), known, 1)
        raise ConfigError(
            "ColumnDataType knows no such type",
            found=f'"{name}"',
            expected=", ".join(known),
            fix=f"Did you mean {near[0]}?" if near else None,
        )
    if decimal and not 0 <= int(decimal[2]) <= int(decimal[1]) <= 38:
        raise ConfigError(
            "ColumnDataType knows no such decimal", found=f'"{name}"', expected="scale <= precision <= 38"
        )
    return _with_format(sql, format_tag) if format_tag else TargetType(sql)


def _with_format(sql: str, tag: Condition) -> TargetType:
    operand = tag.operands[0]
    pattern = operand.plain if isinstance(operand, Text) else None
    if sql != "date" or tag.op != "=":
        raise ConfigError("`with format` belongs to Date", expected='= "Date" with format = "dd/MM/yyyy"')
    if pattern in _PARTIAL:
        before, after, whole = _PARTIAL[pattern]
        return TargetType(sql, whole, before, after)
    if pattern not in _FULL:
        raise ConfigError(
            "the date format is unknown", found=f'"{pattern}"', expected=", ".join([*_FULL, *_PARTIAL])
        )
    return TargetType(sql, pattern)
