"""The stamp of an event: where it stands among all events of its key, as one value that compares.

A stamp is struct<seq, tie int, rank bigint>. Whatever a key's state is made of, it is a maximum over stamps, so that
neither order, nor splits into batches, nor repeated delivery can matter.

event                               seq    tie                          rank
upsert                              its    1 if upserts win ties        settles two upserts at one sequence
delete, truncate                    its    1 if deletes win ties        0
key change: end of the old key      its    2: ties aren't asked         4 x position + 1
key change: end of what the new     its    2                            4 x position + 2
    key was before
key change: the new key's row       its    2                            4 x position + 3

A value that a key change took over from the old key stands where the change does, and among what that may have taken
over, where it stood before: its stamp is a path, the change's with the value's own as `origin`. Paths compare from the
front, so a value at 5.5 that came through the change at 6 beats one at 5 that did, and loses to one at 6.1. A path
without an origin is a stamp like any other.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, DataType, IntegerType, LongType, StructField, StructType

from framework.changes.columns import RANK, SEQ, SRC

MOVED = 2
"""The tie of key changes: they apply in the order of the source, whatever `on_tie` says."""


def stamp_type(sequence: DataType) -> StructType:
    """The type of stamps over sequences of a type."""
    return StructType(
        [
            StructField("seq", sequence),
            StructField("tie", IntegerType()),
            StructField("rank", LongType()),
        ]
    )


def path_type(sequence: DataType) -> StructType:
    """The type of paths over sequences of a type."""
    alone = stamp_type(sequence)
    return StructType([*alone.fields, StructField("origin", ArrayType(alone))])


def lacks_origin(kind: DataType) -> bool:
    """Whether values of a type are stamps, but no paths."""
    return isinstance(kind, StructType) and "origin" not in kind.names


def alone(stamp: Column) -> Column:
    """The path of an event's own value; NULL where there is no stamp."""
    parts = _parts(stamp)
    return F.when(
        stamp.isNotNull(), F.struct(*parts, F.when(F.lit(False), F.array(_plain(stamp))).alias("origin"))
    )


def through(change: Column, path: Column) -> Column:
    """The path of a value that came through a key change; `change` is the path of the new key's row."""
    behind = F.coalesce(path.getField("origin"), F.slice(F.array(_plain(path)), 1, 0))
    return F.struct(*_parts(change), F.concat(F.array(_plain(path)), behind).alias("origin"))


def is_departure(path: Column) -> Column:
    """Whether a path is that of the end of an old key."""
    return (path.getField("tie") == MOVED) & (F.pmod(path.getField("rank"), F.lit(4)) == 1)


def plain(path: Column) -> Column:
    """The stamp of an event's own path; NULL where there is none."""
    return F.when(path.isNotNull(), _plain(path))


def _plain(path: Column) -> Column:
    return F.struct(*_parts(path))


def _parts(path: Column) -> list[Column]:
    return [path.getField(name).alias(name) for name in ("seq", "tie", "rank")]


def make(seq: Column, tie: Column, rank: Column) -> Column:
    """A stamp of its parts."""
    return F.struct(seq.alias("seq"), tie.cast("int").alias("tie"), rank.cast("bigint").alias("rank"))


def upsert_tie(on_tie: str) -> Column:
    """What an upsert's stamp has as tie."""
    return F.lit(1 if on_tie == "upsert_wins" else 0)


def delete_tie(on_tie: str) -> Column:
    """What a delete's stamp has as tie."""
    return F.lit(0 if on_tie == "upsert_wins" else 1)


def of_upsert(on_tie: str, moved: Column) -> Column:
    """The stamp of an event that writes; `moved`: it is the write of a key change."""
    ordinary = make(F.col(SEQ), upsert_tie(on_tie), F.col(RANK))
    return F.when(moved, make(F.col(SEQ), F.lit(MOVED), _place(3))).otherwise(ordinary)


def of_delete(on_tie: str, moved: Column) -> Column:
    """The stamp of an event that deletes; `moved`: it is the end of a key that changed."""
    ordinary = make(F.col(SEQ), delete_tie(on_tie), F.lit(0))
    return F.when(moved, make(F.col(SEQ), F.lit(MOVED), _place(1))).otherwise(ordinary)


def of_reset() -> Column:
    """The stamp up to which the write of a key change ends what its key was before."""
    return make(F.col(SEQ), F.lit(MOVED), _place(2))


def tied(stamps: Column) -> Column:
    """Aggregate: whether different events share the newest sequence; never NULL."""
    first = F.max(stamps)
    # the same sequence first, then everything the other way round (~ reverses the order and can't overflow)
    tie, rank = F.bitwise_not(stamps.getField("tie")), F.bitwise_not(stamps.getField("rank"))
    last = F.max(make(stamps.getField("seq"), tie, rank))
    same = [first.getField(name) == F.bitwise_not(last.getField(name)) for name in ("tie", "rank")]
    return F.coalesce(~(same[0] & same[1]), F.lit(False))


def _place(part: int) -> Column:
    return F.coalesce(F.col(SRC).getField("position"), F.lit(0)) * F.lit(4) + F.lit(part)
