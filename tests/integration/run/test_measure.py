"""Figures that Spark counts on its way are those that were asked for, whatever they are."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from framework.run.measure import Measured

FIGURES = {
    "rows": "count(1)",
    "large": "max(9007199254740993L)",
    "text": r"""max('it is a "\\quoted\\" text, €')""",
    "nothing": "max(cast(NULL AS bigint))",
    "truth": "bool_or(id = 2)",
}
EXPECTED = {
    "rows": 3,
    "large": 9007199254740993,
    "text": 'it is a "\\quoted\\" text, €',
    "nothing": None,
    "truth": True,
}


def test_figures_of_every_kind_survive_and_are_those_of_a_count_afterwards(spark: SparkSession) -> None:
    measured = Measured(spark.range(3), [F.expr(f"{sql} AS {name}") for name, sql in FIGURES.items()])
    assert measured.df.count() == 3
    assert measured.figures() == EXPECTED
    assert measured._recount() == EXPECTED
