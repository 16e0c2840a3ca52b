"""CustomSql: a query over `primary` (the judged data) and references; it gives a number, or the good rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING
from uuid import uuid4

from framework.changes.columns import PREFIX
from framework.quality.dataset.question import Bench, Question, Verdict, against, ratio
from framework.quality.nodes import Leaf
from framework.quality.references import PRIMARY, replace_sources, sql_references
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def custom_sql(leaf: Leaf, bench: Bench) -> Question:
    """With a condition its one value is compared; without, every row of ours must be among its rows."""
    return Question(lambda figures: _judge(leaf, bench))


def _judge(leaf: Leaf, bench: Bench) -> Verdict:
    with _views(leaf, bench) as statement:
        result = bench.df.sparkSession.sql(statement)
        return _rows(leaf, bench, result) if leaf.condition is None else _value(leaf, result)


@contextmanager
def _views(leaf: Leaf, bench: Bench) -> Iterator[str]:
    """The statement over temporary views of the data it names; they are dropped again."""
    names = {
        alias: f"_sluice_{uuid4().hex}" for alias in sql_references(leaf.names) if alias in bench.references
    }
    frames = {PRIMARY: bench.df, **{view: bench.references[alias] for alias, view in names.items()}}
    for view, frame in frames.items():
        frame.createOrReplaceTempView(view)
    try:
        yield replace_sources(leaf.names[0], names)
    finally:
        for view in frames:
            bench.df.sparkSession.catalog.dropTempView(view)


def _value(leaf: Leaf, result: DataFrame) -> Verdict:
    assert leaf.condition is not None
    rows = result.limit(2).collect()
    if len(rows) != 1 or len(rows[0]) != 1:
        found = "no row" if not rows else f"{'more than one row' if len(rows) > 1 else len(rows[0])} columns"
        return Verdict(False, reason=f"the query gives {found}, expected one number")
    value = rows[0][0]
    try:
        return against(leaf.condition, None if value is None else float(value))
    except (TypeError, ValueError):
        return Verdict(False, reason=f"the query gives {str(value)[:60]!r}, expected a number")


def _rows(leaf: Leaf, bench: Bench, result: DataFrame) -> Verdict:
    from pyspark.sql import functions as F

    known = {name.lower(): name for name in bench.columns.names}
    foreign = [name for name in result.columns if name.lower() not in known]
    if foreign:
        return Verdict(
            False, reason=f"the query gives columns that the data lacks: {', '.join(foreign[:20])}"
        )
    right = result.toDF(*[f"{PREFIX}r{i}" for i in range(len(result.columns))]).distinct()
    pairs = [
        F.col(quote(known[name.lower()])).eqNullSafe(F.col(f"{PREFIX}r{i}"))
        for i, name in enumerate(result.columns)
    ]
    good = bench.df.join(right, reduce(lambda left, right: left & right, pairs), "left_semi").count()
    return ratio(leaf.threshold, good, bench.df.count())
