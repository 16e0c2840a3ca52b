"""Soft deletes: a row stays as it last was, marked with what ended it.

An end is a delete, a truncate, or the departure of a key that changed. Of all ends of a key two matter, and both follow
from the set of them and the newest upsert, so that neither order, nor splits, nor repeats can matter:

    the last end before the newest upsert     resets the columns that are older, as if it had begun a new row
    the first end after the newest upsert     is the row's mark; without one the row lives

    1,1,U,{a:1}   1,3,D   1,5,U,{b:2}   1,7,D   1,9,D    ->    a = NULL, b = 2, marked at 7

The mark is the row's own tombstone. Remembered beside the table are only ends that no row shows: of keys that have
none, and later ones than the mark, since a late upsert between the two moves the mark on.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes import stamp
from framework.changes.columns import ENDS_AT, MOVE, MOVED_FROM, OP, SEQ, VERDICT
from framework.changes.fold_columns import DEAD, ENDS, TRUNCATE, UP
from framework.changes.known import BARRIERS, KNOWN_ENDS, KNOWN_MARK, KNOWN_UP, OWN_BARRIERS
from framework.sql import quote

MARKED = "_sluice_marked"
"""struct<stamp, at> of the first end after the newest upsert; NULL: the row lives, or there is none."""
REMEMBER = "_sluice_remember"
"""array<struct<stamp, at>>: ends to be remembered beside the table."""
_EVERY = "_sluice_every_end"


def ends(events: DataFrame) -> Column:
    """Whether an event ends a row; never NULL."""
    return F.expr(ends_text(events))


def ends_text(events: DataFrame) -> str:
    """The same as SQL."""
    found = f"coalesce({OP} IN ('D', 'T'), false)"
    return f"{found} OR {MOVED_FROM} IS NOT NULL" if MOVED_FROM in events.columns else found


def with_turns(states: DataFrame, now: Column, last: str) -> DataFrame:
    """With the stamp of the last end before `now`, the newest upsert, called `last`; with MARKED and REMEMBER.

    Without any upsert the last end is the newest of all.
    """
    nothing = F.array().cast(states.schema[ENDS].dataType)
    told = [F.coalesce(F.col(name), nothing) for name in (ENDS, KNOWN_ENDS, BARRIERS, OWN_BARRIERS)]
    every = F.concat(*told, F.array_compact(F.array(KNOWN_MARK)))
    older = F.filter(_EVERY, lambda end: now.isNull() | (end.getField("stamp") < now))
    newer = F.filter(_EVERY, lambda end: end.getField("stamp") > now)
    turned = states.select("*", every.alias(_EVERY)).select(
        "*",
        F.array_max(older).getField("stamp").alias(last),
        F.when(now.isNotNull(), F.array_min(newer)).alias(MARKED),
    )
    return turned.select("*", _news(now, nothing).alias(REMEMBER))


def _news(now: Column, nothing: Column) -> Column:
    """The batch's ends, and the mark that was, as far as neither the row nor its tombstones show them afterwards."""
    mark = F.col(MARKED).getField("stamp")
    beyond = F.concat(F.col(ENDS), F.array_compact(F.array(KNOWN_MARK)))
    hidden = F.filter(beyond, lambda end: now.isNull() | (end.getField("stamp") > mark))
    known = F.concat(*[F.coalesce(F.col(name), nothing) for name in (KNOWN_ENDS, BARRIERS)])
    return F.array_except(hidden, known)


def soft_outcome(changed: Column) -> Column:
    """What becomes of a row or an event; `changed`: its columns are others than the table has."""
    there, known, mark = F.col(KNOWN_UP).isNotNull(), F.col(KNOWN_MARK), F.col(MARKED)
    exists = there | F.col(UP).isNotNull()
    news = F.size(REMEMBER) > 0
    return (
        F.when(F.col(VERDICT) == "rejected", "rejected")
        .when(F.coalesce(F.col(TRUNCATE), F.lit(False)), F.when(news, "remember").otherwise("duplicate"))
        .when(exists & ~there, "insert")
        .when(exists & known.isNotNull() & mark.isNull(), "insert")
        .when(exists & known.isNull() & mark.isNotNull(), "delete")
        .when(exists & (changed | ~mark.eqNullSafe(known)), "update")
        .when(news, "remember")
        .when(_again(), "duplicate")
        .otherwise("superseded")
    )


def _again() -> Column:
    newest = F.greatest(F.col(UP), F.col(DEAD))
    remembered = F.exists(KNOWN_ENDS, lambda end: end.getField("stamp") == newest)
    marked = newest.eqNullSafe(F.col(KNOWN_MARK).getField("stamp"))
    return newest.eqNullSafe(F.col(KNOWN_UP)) | marked | F.coalesce(remembered, F.lit(False))


def remembered_ends(rows: DataFrame, keys: Sequence[str]) -> DataFrame:
    """What REMEMBER says as rows of the table of tombstones."""
    each = rows.select(*[F.col(quote(key)) for key in keys], F.explode(REMEMBER).alias("end"))
    at = F.col("end").getField("stamp")
    moved = at.getField("tie") == stamp.MOVED
    return each.select(
        *[F.col(quote(key)) for key in keys],
        at.getField("seq").alias(SEQ),
        F.when(moved, at.getField("rank")).alias(MOVE),
        F.col("end").getField("at").alias(ENDS_AT),
    )
