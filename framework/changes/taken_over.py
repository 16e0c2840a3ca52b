"""What a key change takes over: the values that its event left out are the old key's, as of the change.

A change is a row: the old key, the path of its end, the new key, the path of the new key's row, the columns left out.

    old  leaves  new  enters  takes
    1    6       2    6       [big]

    owner  name  stamp  value            owner  name  stamp     value
    1      big   5      "X"        ->    2      big   (6, 5)    "X"
    1      big   5.5    "Z"              2      big   (6, 5.5)  "Z"

What was taken over is a value of the new key like any other, and the newest path counts: so it doesn't matter when a
value of the old key comes, and it goes on through the new key's own changes, however long the chain.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes import stamp
from framework.changes.cells import NAME, OWNER, STAMP, VALUE
from framework.materialized import materialized

OLD, LEAVES, NEW, ENTERS, TAKES = (f"_sluice_{name}" for name in ("old", "leaves", "new", "enters", "takes"))
"""Old key (struct) and the path of its end; new key (struct), path of its row and the columns that this left out.

The last three are NULL where nothing is taken over, but the old key's row as of then is of interest.
"""
CHANGE = (OLD, LEAVES, NEW, ENTERS, TAKES)
_REST, _NEWEST = "_sluice_rest", "_sluice_newest"


def each_once(changes: DataFrame) -> DataFrame:
    """One row per change; of its two events and of what is remembered, what knows where the row went."""
    rest = F.max(F.struct(ENTERS, NEW, TAKES)).alias(_REST)
    found = changes.groupBy(OLD, LEAVES).agg(rest)
    return found.select(OLD, LEAVES, *[F.col(_REST)[name].alias(name) for name in (NEW, ENTERS, TAKES)])


def as_of(cells: DataFrame, changes: DataFrame) -> DataFrame:
    """The newest value of each column of the old keys just before their changes: CHANGE, NAME, STAMP, VALUE."""
    found = changes.join(cells, (F.col(OWNER) == F.col(OLD)) & is_before(F.col(STAMP), F.col(LEAVES)))
    newest = found.groupBy(OLD, LEAVES, NAME).agg(
        F.max(F.struct(STAMP, VALUE)).alias(_NEWEST), F.max(F.struct(NEW, ENTERS, TAKES)).alias(_REST)
    )
    return newest.select(
        *[F.col(name) for name in (OLD, LEAVES, NAME)],
        *[F.col(_NEWEST)[name].alias(name) for name in (STAMP, VALUE)],
        *[F.col(_REST)[name].alias(name) for name in (NEW, ENTERS, TAKES)],
    )


def taken_over(cells: DataFrame, first: DataFrame, changes: DataFrame) -> tuple[DataFrame, DataFrame]:
    """The old keys' rows as of their changes, and the cells that the new keys take over; both are materialised.

    Begins at the changes `first`, and goes on to those of all `changes` that what was taken over concerns: its time is
    that of the longest chain. Each pass looks at everything, so that a change is told as of its last pass.
    """
    cells = materialized(cells.join(changes.select(F.col(OLD).alias(OWNER)).distinct(), OWNER, "left_semi"))
    rows = materialized(as_of(cells, first))
    news = materialized(_taken(rows))
    found = news
    while True:
        reached = (F.col(OWNER) == F.col(OLD)) & (F.col(STAMP) < F.col(LEAVES))
        onward = changes.join(news, reached, "left_semi")
        if onward.isEmpty():
            return rows, found
        cells = cells.unionByName(news)
        again = materialized(as_of(cells, onward))
        others = rows.join(again.select(OLD, LEAVES), [OLD, LEAVES], "left_anti")
        rows = materialized(others.unionByName(again))
        news = materialized(_taken(again))
        found = found.unionByName(news)


def connected(owners: DataFrame, steps: DataFrame, there: str, onward: str) -> DataFrame:
    """Keys (OWNER) and all that steps lead to from them, each once; materialised."""
    found = materialized(owners.select(OWNER).distinct())
    newest = found
    while True:
        at = steps.withColumn(OWNER, F.col(there)).join(newest, OWNER, "left_semi")
        reached = at.select(F.col(onward).alias(OWNER)).distinct()
        newest = materialized(reached.join(found, OWNER, "left_anti"))
        if newest.isEmpty():
            return found
        found = found.unionByName(newest)


def is_before(path: Column, end: Column) -> Column:
    """Whether something happened before a change; other ends of the same key at its sequence are told of the same."""
    return (path < end) & ~is_same_end(path, end)


def is_same_end(path: Column, end: Column) -> Column:
    """Whether a path is that of an end which is told of at a change's sequence, and so may be the change's own."""
    return path.getField("seq").eqNullSafe(end.getField("seq")) & stamp.is_departure(path)


def _taken(rows: DataFrame) -> DataFrame:
    took = rows.filter(F.col(ENTERS).isNotNull() & F.array_contains(TAKES, F.col(NAME)))
    return took.select(
        F.col(NEW).alias(OWNER), NAME, stamp.through(F.col(ENTERS), F.col(STAMP)).alias(STAMP), VALUE
    )
