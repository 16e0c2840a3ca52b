"""Rules on how often values occur. Rows in which all the columns are NULL don't take part, as in Glue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from math import log
from typing import TYPE_CHECKING, Any

from framework.quality.dataset.question import Bench, Figures, GroupKey, Question, Verdict, against, ratio
from framework.quality.nodes import Leaf

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_COUNT = "_sluice_count"


def group_figures(df: DataFrame, key: GroupKey) -> DataFrame:
    """One row: `rows`, `distinct`, `once`, `weight` (the sum of n ln n), `nulls` (rows without value)."""
    from pyspark.sql import functions as F

    chosen = df.where(F.expr(key.where)) if key.where else df
    keys = [F.col(name).alias(f"k{i}") for i, name in enumerate(key.columns)]
    names = [f"k{i}" for i in range(len(keys))]
    groups = chosen.select(*keys).groupBy(*names).agg(F.count(F.lit(1)).alias(_COUNT))
    some, count = _some([F.col(name) for name in names]), F.col(_COUNT)
    return groups.agg(
        F.coalesce(F.sum(F.when(some, count)), F.lit(0)).alias("rows"),
        F.count_if(some).alias("distinct"),
        F.count_if(some & (count == 1)).alias("once"),
        F.coalesce(F.sum(F.when(some, count * F.log(count))), F.lit(0.0)).alias("weight"),
        F.coalesce(F.sum(F.when(~some, count)), F.lit(0)).alias("nulls"),
    )


def _some(columns: list[Column]) -> Column:
    return reduce(lambda left, right: left | right, [column.isNotNull() for column in columns])


def _uniqueness(leaf: Leaf, groups: Mapping[str, Any]) -> Verdict:
    return ratio(leaf.condition, groups["once"], groups["rows"])


def _unique_value_ratio(leaf: Leaf, groups: Mapping[str, Any]) -> Verdict:
    return ratio(leaf.condition, groups["once"], groups["distinct"])


def _entropy(leaf: Leaf, groups: Mapping[str, Any]) -> Verdict:
    assert leaf.condition is not None
    rows = groups["rows"]
    # -sum(n/N ln(n/N)) = ln N - sum(n ln n)/N
    return against(leaf.condition, max(0.0, log(rows) - groups["weight"] / rows) if rows else None)


_ANSWERS: Mapping[str, Callable[[Leaf, Mapping[str, Any]], Verdict]] = {
    "Uniqueness": _uniqueness,
    "IsUnique": _uniqueness,
    "UniqueValueRatio": _unique_value_ratio,
    "Entropy": _entropy,
}


def grouped(leaf: Leaf, bench: Bench) -> Question:
    """Uniqueness, IsUnique, UniqueValueRatio, Entropy"""
    answer = _ANSWERS[leaf.kind]
    return Question(lambda figures: answer(leaf, figures.groups), groups=_key(leaf, bench))


def distinct_values(leaf: Leaf, bench: Bench) -> Question:
    """DistinctValuesCount: Glue counts NULL as a value; `strict` doesn't."""
    condition = leaf.condition
    assert condition is not None

    def answer(figures: Figures) -> Verdict:
        null = 1 if figures.groups["nulls"] and not bench.strict else 0
        return against(condition, figures.groups["distinct"] + null)

    return Question(answer, groups=_key(leaf, bench))


def primary_key(leaf: Leaf, bench: Bench) -> Question:
    """IsPrimaryKey: unique, and none of the columns NULL in any row."""
    from pyspark.sql import functions as F

    found = [bench.find(leaf, name).column.isNull() for name in leaf.names]
    incomplete = bench.chosen(leaf) & reduce(lambda left, right: left | right, found)

    def answer(figures: Figures) -> Verdict:
        verdict = _uniqueness(leaf, figures.groups)
        nulls = figures.scan["nulls"]
        if not nulls:
            return verdict
        return Verdict(
            False, verdict.measured, f"{nulls} rows have NULL in the key", nulls + (verdict.failed_rows or 0)
        )

    return Question(answer, {"nulls": F.count_if(incomplete)}, _key(leaf, bench))


def _key(leaf: Leaf, bench: Bench) -> GroupKey:
    bench.chosen(leaf)  # bad SQL is found before anything runs
    found = sorted({bench.find(leaf, name).sql for name in leaf.names})
    return GroupKey(tuple(found), leaf.where.value if leaf.where else None)
