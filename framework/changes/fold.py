"""Folding a batch: many events of a key become the one that counts.

For events that carry every column, the state of a key is the event with the greatest (sequence, tie, rank): a join of
states is a maximum, so neither order, nor splits into batches, nor repeated delivery can matter.

    key  seq  op  name              key  seq  op  name   _sluice_n
    1    10   U   Ada       ->      1    12   D   NULL           3
    1    12   D   NULL              2     7   U   Bob            1
    1     5   U   Ad
    2     7   U   Bob
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.changes import stamp
from framework.changes.columns import EVENTS, OP, RANK, SEQ, TIED, VERDICT
from framework.sql import quote

_REJECT = "_sluice_reject"
_ROW = "_sluice_row"


def fold(events: DataFrame, keys: Sequence[str], on_tie: str) -> DataFrame:
    """One row per key: the winning event, with `_sluice_n` (events folded into it) and `_sluice_tied`.

    Input: judged events with OP, SEQ, RANK, VERDICT and the data columns. Rejected events are no part of any key:
    each comes out as a row of its own, so that one pass over the source serves both the table and the quarantine.
    """
    rejected = F.col(VERDICT) == "rejected"
    numbered = events.withColumn(_REJECT, F.when(rejected, F.monotonically_increasing_id()))
    names = events.columns
    delete = F.col(OP) == "D"
    tie = F.when(delete, stamp.delete_tie(on_tie)).otherwise(stamp.upsert_tie(on_tie))
    order = stamp.make(F.col(SEQ), tie, F.col(RANK))
    group = [F.col(quote(key)).alias(f"_sluice_key_{i}") for i, key in enumerate(keys)]
    winners = numbered.groupBy(*group, _REJECT).agg(
        F.max_by(F.struct(*[F.col(quote(name)) for name in names]), order).alias(_ROW),
        F.count(F.lit(1)).alias(EVENTS),
        stamp.tied(order).alias(TIED),
    )
    return winners.select(
        *[F.col(_ROW).getField(name).alias(name) for name in names], F.col(EVENTS), F.col(TIED)
    )
