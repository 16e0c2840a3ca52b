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
_TIE = "_sluice_tie"
_OUTDONE = "_sluice_outdone"
_LOWEST = "_sluice_lowest"


def fold(events: DataFrame, keys: Sequence[str], on_tie: str) -> DataFrame:
    """One row per key: the winning event, with `_sluice_n` (events folded into it) and `_sluice_tied`.

    Input: judged events with OP, SEQ, RANK, VERDICT and the data columns. Rejected events are no part of any key:
    each comes out as a row of its own, so that one pass over the source serves both the table and the quarantine.
    """
    tie = F.when(F.col(OP) == "D", stamp.delete_tie(on_tie)).otherwise(stamp.upsert_tie(on_tie))
    alone = F.expr(f"CASE WHEN {VERDICT} = 'rejected' THEN monotonically_increasing_id() END")
    placed = events.withColumns({_REJECT: alone, _TIE: tie})
    key = ", ".join([*(quote(name) for name in keys), _REJECT])
    # one sort serves both windows; an aggregate of whole rows would sort twice, and copy every row
    in_order = f"(PARTITION BY {key} ORDER BY {SEQ}, {_TIE}, {RANK})"
    place = f"struct({_TIE}, {RANK})"
    counted = placed.selectExpr(
        "*",
        f"cast(row_number() OVER {in_order} AS bigint) AS {EVENTS}",
        f"lead(true) OVER {in_order} AS {_OUTDONE}",
        f"min({place}) OVER (PARTITION BY {key}, {SEQ}) AS {_LOWEST}",
    )
    winners = counted.filter(f"{_OUTDONE} IS NULL")
    names = [quote(name) for name in events.columns]
    return winners.selectExpr(*names, EVENTS, f"{_LOWEST} != {place} AS {TIED}")
