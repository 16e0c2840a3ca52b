"""Rules on one number that an aggregate gives: counts, shares, sums and moments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from framework.quality.columns import Found
from framework.quality.dataset.question import Bench, Figures, Question, Verdict, against, ratio
from framework.quality.nodes import Condition, Leaf
from framework.quality.rows import compile_leaf
from framework.quality.rows.common import wrong_type

if TYPE_CHECKING:
    from pyspark.sql import Column


def row_count(leaf: Leaf, bench: Bench) -> Question:
    """RowCount"""
    from pyspark.sql import functions as F

    condition = _condition(leaf)
    return Question(
        lambda figures: against(condition, figures.scan["rows"]), {"rows": F.count_if(bench.chosen(leaf))}
    )


def completeness(leaf: Leaf, bench: Bench) -> Question:
    """Completeness: the share of rows in which the column is not NULL."""
    return _share(leaf, bench, bench.find(leaf, leaf.names[0]).column.isNotNull(), _condition(leaf))


def row_rule(leaf: Leaf, bench: Bench) -> Question:
    """A row rule as a statement on all rows: the share that passes against a threshold, or all must."""
    return _share(leaf, bench, compile_leaf(leaf, bench.rows), leaf.threshold)


def _share(leaf: Leaf, bench: Bench, good: Column, condition: Condition | None) -> Question:
    from pyspark.sql import functions as F

    rows = bench.chosen(leaf)
    return Question(
        lambda figures: ratio(condition, figures.scan["good"], figures.scan["rows"]),
        {"rows": F.count_if(rows), "good": F.count_if(rows & good)},
    )


def statistic(leaf: Leaf, bench: Bench) -> Question:
    """Mean, Sum, StandardDeviation, Variance, ColumnCorrelation: of the values that are not NULL.

    Where `where` chooses no row, there is nothing to object to.
    """
    from pyspark.sql import functions as F

    condition, rows = _condition(leaf), bench.chosen(leaf)

    def answer(figures: Figures) -> Verdict:
        if leaf.where and not figures.scan["rows"]:
            return Verdict(True, "no rows")
        return against(condition, figures.scan["value"])

    values = [F.when(rows, _number(leaf, bench.find(leaf, name))) for name in leaf.names]
    return Question(answer, {"rows": F.count_if(rows), "value": _functions()[leaf.kind](*values)})


def _functions() -> Mapping[str, Callable[..., Column]]:
    from pyspark.sql import functions as F

    return {
        "Mean": F.avg,
        "Sum": F.sum,
        "StandardDeviation": F.stddev_pop,
        "Variance": F.var_pop,
        "ColumnCorrelation": F.corr,
    }


def _number(leaf: Leaf, found: Found) -> Column:
    from pyspark.sql.types import NumericType

    if not isinstance(found.type, NumericType):
        raise wrong_type(leaf, found, "a number")
    return found.column.cast("double")


def _condition(leaf: Leaf) -> Condition:
    assert leaf.condition is not None
    return leaf.condition
