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
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, IntegerType, LongType, StructField, StructType

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
