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

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from framework.changes import stamp
from framework.changes.columns import EVENTS, OP, RANK, SEQ, TIED, VERDICT
from framework.sql import quote

_REJECT = "_sluice_reject"
_TIE = "_sluice_tie"
_OUTDONE = "_sluice_outdone"
_LOWEST = "_sluice_lowest"


def fold(events: DataFrame, keys: Sequence[str], on_tie: str) -> DataFrame:
    """One row per key: the winning event, with `_sluice_n` (events folded into it) and `_sluice_tied`.

    Input: judged events with OP, SEQ, RANK, VERDICT and the data columns. Rejected events are no part of any key:
    each comes out as a row of its own, so that one pass over the source serves both the table and the quarantine.
    """
    rejected = F.col(VERDICT) == "rejected"
    tie = F.when(F.col(OP) == "D", stamp.delete_tie(on_tie)).otherwise(stamp.upsert_tie(on_tie))
    placed = events.withColumns({_REJECT: F.when(rejected, F.monotonically_increasing_id()), _TIE: tie})
    key = [*[F.col(quote(name)) for name in keys], F.col(_REJECT)]
    # one sort serves both windows; an aggregate of whole rows would sort twice, and copy every row
    in_order = Window.partitionBy(*key).orderBy(SEQ, _TIE, RANK)
    at_once = Window.partitionBy(*key, SEQ)
    place = F.struct(_TIE, RANK)
    counted = placed.select(
        "*",
        F.row_number().over(in_order).cast("bigint").alias(EVENTS),
        F.lead(F.lit(True)).over(in_order).alias(_OUTDONE),
        F.min(place).over(at_once).alias(_LOWEST),
    )
    winners = counted.filter(F.col(_OUTDONE).isNull())
    names = [F.col(quote(name)) for name in events.columns]
    return winners.select(*names, EVENTS, (F.col(_LOWEST) != place).alias(TIED))
