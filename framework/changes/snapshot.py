"""Snapshots: a delivery of the whole table, as the changes since the one before.

    before       delivered        becomes
    1 a          1 a              nothing
    2 b          2 c              update of 2
    3 d          -                delete of 3
    -            4 e              insert of 4

A key that was delivered with a row that is refused, or with several rows, was there all the same: it stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from framework.changes.columns import OUTCOME, SEQ, VERDICT
from framework.sql import quote

TWICE = "_sluice_twice"
"""Whether a good row's key comes more than once in its snapshot; never NULL."""


def with_repeats(rows: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Judged rows with TWICE."""
    good = F.col(VERDICT) == "good"
    same = Window.partitionBy(*[F.col(quote(key)) for key in keys], F.col(SEQ))
    return rows.withColumn(TWICE, good & (F.count_if(good).over(same) > 1))


def differences(
    before: DataFrame | None, delivered: DataFrame, keys: Sequence[str], compared: Sequence[str]
) -> DataFrame:
    """The rows of a snapshot, with OUTCOME insert, update or duplicate, and the keys that it lacks, with delete.

    `before` has the keys and the `compared` columns of the table as it was; None: it was empty. A key is there once.
    """
    if before is None:
        return delivered.withColumn(OUTCOME, F.lit("insert"))
    old = before.select(
        *[F.col(quote(key)).alias(_its(i)) for i, key in enumerate(keys)],
        *[F.col(quote(name)).alias(_was(i)) for i, name in enumerate(compared)],
    )
    on = reduce(and_, [F.col(quote(key)) == F.col(_its(i)) for i, key in enumerate(keys)])
    gone, new = F.col(quote(keys[0])).isNull(), F.col(_its(0)).isNull()
    same = reduce(
        and_,
        [F.col(quote(name)).eqNullSafe(F.col(_was(i))) for i, name in enumerate(compared)],
        F.lit(True),
    )
    outcome = F.when(gone, "delete").when(new, "insert").when(same, "duplicate").otherwise("update")
    joined = delivered.join(old, on, "full").withColumn(OUTCOME, outcome)
    key: dict[str, Column] = {
        name: F.coalesce(F.col(quote(name)), F.col(_its(i))).alias(name) for i, name in enumerate(keys)
    }
    return joined.select(*[key.get(name, F.col(quote(name))) for name in delivered.columns], OUTCOME)


def held(changes: DataFrame, refused: DataFrame, keys: Sequence[str]) -> DataFrame:
    """The changes without deletes of keys that came with refused rows."""
    there = refused.select(*[F.col(quote(key)).alias(_its(i)) for i, key in enumerate(keys)]).distinct()
    same = [F.col(quote(key)) == F.col(_its(i)) for i, key in enumerate(keys)]
    return changes.join(there, [*same, F.col(OUTCOME) == "delete"], "left_anti")


def _its(index: int) -> str:
    return f"_sluice_its{index}"


def _was(index: int) -> str:
    return f"_sluice_was{index}"
