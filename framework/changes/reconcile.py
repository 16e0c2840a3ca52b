"""Reconciling a folded batch with what the table and its tombstones know.

outcome      the winner of the batch ...                                                  becomes
insert       is an upsert of a key that the table lacks and no tombstone outranks         a new row
update       is an upsert newer than the row                                              the row
delete       is a delete newer than the row                                               no row, a tombstone
remember     is a delete of a key that the table lacks, newer than its tombstone          a tombstone
superseded   is older than the row or the tombstone                                       nothing
duplicate    is the event that the row or the tombstone came from                         nothing
contender    is an upsert at the row's own sequence, where sequences don't name events    see `settle`
rejected     was refused before                                                           quarantine
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import OP, OUTCOME, SEQ, VERDICT
from framework.changes.rank import rank
from framework.sql import quote

_LIVE = "_sluice_live"
_OLD_SEQ = "_sluice_old_seq"
_DEAD = "_sluice_dead"
_DEAD_SEQ = "_sluice_dead_seq"
_OWN_RANK = "_sluice_own_rank"


def reconcile(
    folded: DataFrame,
    target: DataFrame | None,
    tombstones: DataFrame | None,
    keys: Sequence[str],
    *,
    on_tie: str,
    positioned: bool,
) -> DataFrame:
    """The folded batch with `_sluice_outcome`.

    `target` has the key columns and `_sluice_seq` (None: the table is empty or not there); `tombstones` has the key
    columns and `_sluice_seq`, any number of rows per key. `positioned`: a sequence names one event, so equal
    sequences are the same event.
    """
    joined = _join(folded, target, keys, _LIVE, _OLD_SEQ)
    dead = _newest(tombstones, keys) if tombstones is not None else None
    joined = _join(joined, dead, keys, _DEAD, _DEAD_SEQ)
    outcome = F.when(F.col(VERDICT) == "rejected", "rejected").otherwise(_outcome(on_tie, positioned))
    return joined.withColumn(OUTCOME, outcome).drop(_LIVE, _DEAD, _OLD_SEQ, _DEAD_SEQ)


def settle(contenders: DataFrame, target: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Decide contenders by rank against the full rows of the table: update, duplicate or superseded.

    Both have the table's data columns; the rank of an event and of a row is that of the values it shows.
    """
    data = [field for field in target.schema.fields if not field.name.startswith("_sluice_")]
    arriving = [contenders.schema[field.name] for field in data]
    right = target.select(
        *[F.col(quote(key)).alias(f"_sluice_t{i}") for i, key in enumerate(keys)],
        rank(data).alias("_sluice_t_rank"),
    )
    own = F.col(_OWN_RANK)
    joined = contenders.withColumn(_OWN_RANK, rank(arriving)).join(right, _on(keys), "left")
    decided = (
        F.when(F.col("_sluice_t_rank") == own, "duplicate")
        .when(F.col("_sluice_t_rank") < own, "update")
        .otherwise("superseded")
    )
    return joined.withColumn(OUTCOME, decided).drop(
        "_sluice_t_rank", _OWN_RANK, *[f"_sluice_t{i}" for i in range(len(keys))]
    )


def _join(folded: DataFrame, other: DataFrame | None, keys: Sequence[str], flag: str, seq: str) -> DataFrame:
    """`folded` with whether the other side knows the key, and its sequence."""
    if other is None:
        return folded.withColumn(flag, F.lit(False)).withColumn(
            seq, F.lit(None).cast(folded.schema[SEQ].dataType)
        )
    right = other.select(
        *[F.col(quote(key)).alias(f"_sluice_t{i}") for i, key in enumerate(keys)],
        F.col(SEQ).alias(seq),
        F.lit(True).alias(flag),
    )
    joined = folded.join(right, _on(keys), "left").drop(*[f"_sluice_t{i}" for i in range(len(keys))])
    return joined.withColumn(flag, F.coalesce(F.col(flag), F.lit(False)))


def _on(keys: Sequence[str]) -> list[Column]:
    return [F.col(quote(key)) == F.col(f"_sluice_t{i}") for i, key in enumerate(keys)]


def _newest(tombstones: DataFrame, keys: Sequence[str]) -> DataFrame:
    return tombstones.groupBy(*[F.col(quote(key)) for key in keys]).agg(F.max(SEQ).alias(SEQ))


def _newer(than: str) -> Column:
    """True where the event's sequence is greater; one that is missing is older than everything."""
    old, new = F.col(than), F.col(SEQ)
    return F.when(new.isNull(), False).when(old.isNull(), True).otherwise(new > old)


def _outcome(on_tie: str, positioned: bool) -> Column:
    delete = F.col(OP) == "D"
    delete_wins = on_tie == "delete_wins"
    live, dead = F.col(_LIVE), F.col(_DEAD)
    at_row = F.col(SEQ).eqNullSafe(F.col(_OLD_SEQ))
    at_dead = F.col(SEQ).eqNullSafe(F.col(_DEAD_SEQ))
    tied_delete = F.lit("duplicate") if positioned else F.lit("delete" if delete_wins else "superseded")
    tied_upsert = F.lit("duplicate" if positioned else "contender")
    revives = F.lit("superseded" if delete_wins or positioned else "insert")
    return (
        # a live row: a tombstone older than it is dead
        F.when(live & delete & _newer(_OLD_SEQ), "delete")
        .when(live & delete & at_row, tied_delete)
        .when(live & _newer(_OLD_SEQ) & ~delete, "update")
        .when(live & at_row & ~delete, tied_upsert)
        .when(live, "superseded")
        # no row, perhaps a tombstone
        .when(delete & dead & at_dead, "duplicate")
        .when(delete & (~dead | _newer(_DEAD_SEQ)), "remember")
        .when(~delete & dead & at_dead, revives)
        .when(~delete & (~dead | _newer(_DEAD_SEQ)), "insert")
        .otherwise("superseded")
    )
