"""What a dataset rule asks of the data, and what it says to the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isnan
from typing import TYPE_CHECKING, Any

from framework.quality.columns import Columns, Found
from framework.quality.conditions import holds
from framework.quality.nodes import Condition, Leaf
from framework.quality.printer import print_condition
from framework.quality.rows.common import RowContext, chosen

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class Verdict:
    """The outcome of one rule."""

    passed: bool
    measured: str | None = None
    reason: str | None = None
    failed_rows: int | None = None


@dataclass(frozen=True)
class GroupKey:
    """Columns that are grouped by, and the filter before it; equal keys share one pass."""

    columns: tuple[str, ...]
    """Quoted."""
    where: str | None = None


@dataclass(frozen=True)
class Figures:
    """What the passes found for one question."""

    scan: Mapping[str, Any] = field(default_factory=dict)
    groups: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """What is to be measured for a rule, and the verdict as a function of it."""

    answer: Callable[[Figures], Verdict]
    scan: Mapping[str, Column] = field(default_factory=dict)
    """Aggregates over the data, by names of the question's own."""
    groups: GroupKey | None = None
    references: Mapping[str, Mapping[str, Column]] = field(default_factory=dict)
    """Aggregates over other data, by alias."""


@dataclass(frozen=True)
class Bench:
    """The data that is judged, and what it is judged against."""

    df: DataFrame
    columns: Columns
    references: Mapping[str, DataFrame]
    strict: bool
    now: datetime

    @property
    def rows(self) -> RowContext:
        return RowContext(self.columns, self.strict, self.now)

    def find(self, leaf: Leaf, name: str) -> Found:
        return self.columns.find(name, leaf.kind)

    def chosen(self, leaf: Leaf) -> Column:
        """The rows that `where` chooses; all of them without it."""
        from pyspark.sql import functions as F

        return chosen(leaf, self.columns) if leaf.where else F.lit(True)


def against(condition: Condition, value: float | None, failed_rows: int | None = None) -> Verdict:
    """The verdict on a measured number; nothing measured fails."""
    if value is None or isnan(value):
        return Verdict(False, reason="there are no values to measure")
    if holds(condition, float(value)):
        return Verdict(True, number_text(value), failed_rows=failed_rows)
    reason = f"measured {number_text(value)}, expected {print_condition(condition)}"
    return Verdict(False, number_text(value), reason, failed_rows)


def ratio(condition: Condition | None, good: int, total: int) -> Verdict:
    """The verdict on a share of rows; without a condition all must be good. Of no rows, all are good."""
    if not total:
        return Verdict(True, "no rows", failed_rows=0)
    if condition is not None:
        return against(condition, good / total, total - good)
    share = number_text(good / total)
    if good == total:
        return Verdict(True, share, failed_rows=0)
    return Verdict(False, share, f"{total - good} of {total} rows fail", total - good)


def number_text(value: float) -> str:
    """
    >>> number_text(3.0), number_text(0.123456789)
    ('3', '0.123457')
    """
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{float(value):.6g}"
