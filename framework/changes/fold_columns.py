"""Folding a batch whose events don't all carry every column: column by column.

The state of a key is the stamp of its newest delete, the stamp of its newest upsert, and per column the value with the
greatest stamp among the upserts that carry it. What a delete is newer than is left to the join with the table, since
the newest delete may be there.

    key  seq  op  name   city                key  up  dead  name     city
    1    10   U   Ada    (absent)     ->     1    10  8     Ada@10   Paris@7
    1     7   U   Ad     Paris
    1     8   D
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField, StructType

from framework.changes import stamp
from framework.changes.columns import (
    ABSENT,
    ENDS_AT,
    EVENTS,
    MOVED_FROM,
    MOVED_TO,
    OP,
    SEQ,
    TIED,
    VERDICT,
)
from framework.changes.facts import IMPLIED
from framework.changes.moves import WEIGHT, given, with_ends_of_old_keys
from framework.sql import quote

UP, DEAD = "_sluice_up", "_sluice_dead"
"""Folded: the stamps of the newest upsert and of the newest delete, NULL if there is none."""
ENDS = "_sluice_ends"
"""Folded, where events tell ENDS_AT: array<struct<stamp, at>> of all deletes."""
TRUNCATE = "_sluice_truncate"
"""Folded: whether the row stands for truncates, which have no key."""
_REJECT, _PASS = "_sluice_reject", "_sluice_pass"


def cell(index: int) -> str:
    """Folded: struct<stamp, value> of the column with this place among the columns; NULL if nothing carried it."""
    return f"_sluice_cell{index}"


def fold_columns(
    events: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
    passing: Sequence[str] = (),
    taken: DataFrame | None = None,
) -> DataFrame:
    """One row per key with its stamps and cells; all truncates are one row, a rejected event is a row of its own.
    ENDS is there if the events have ENDS_AT.

    Input: judged events with OP, SEQ, RANK, SRC, VERDICT, the keys, any of `columns`, and any of ABSENT, MOVED_FROM
    and MOVED_TO. `passing` names columns that rejected rows need on their way to quarantine. `taken` has what key
    changes took over, as keys and cells: they count as no event.
    """
    narrow = _narrow(stamped(events, keys, on_tie), keys, columns, passing)
    if taken is not None:
        narrow = narrow.unionByName(_no_events(taken, keys), allowMissingColumns=True)
    folded = narrow.groupBy(*[F.col(_key(i)) for i in range(len(keys))], _REJECT, TRUNCATE)
    newest = F.greatest(F.col(UP), F.col(DEAD))
    cells = [
        F.max_by(F.col(cell(i)), F.col(cell(i)).getField("stamp")).alias(cell(i)) for i in range(len(columns))
    ]
    ends = [F.collect_set(ENDS).alias(ENDS)] if ENDS_AT in events.columns else []
    return folded.agg(
        F.max(UP).alias(UP),
        F.max(DEAD).alias(DEAD),
        F.sum(WEIGHT).alias(EVENTS),
        *ends,
        # key changes are in order by themselves
        (stamp.tied(newest) & (F.max(newest).getField("tie") != stamp.MOVED)).alias(TIED),
        F.first(_PASS, ignorenulls=True).alias(_PASS),
        *cells,
    ).select(
        *[F.col(_key(i)).alias(key) for i, key in enumerate(keys)],
        *[TRUNCATE, UP, DEAD, EVENTS, TIED, *([ENDS] if ends else [])],
        *[F.col(_PASS).getField(name).alias(name) for name in passing],
        F.coalesce(F.col(_PASS).getField(VERDICT), F.lit("good")).alias(VERDICT),
        *[cell(i) for i in range(len(columns))],
    )


def stamped(events: DataFrame, keys: Sequence[str], on_tie: str) -> DataFrame:
    """Events with UP and DEAD, where they write and where they end a key; with the ends that key changes imply."""
    both = with_ends_of_old_keys(events, keys)
    rejected = F.col(VERDICT) == "rejected"
    delete = F.coalesce(F.col(OP).isin("D", "T"), F.lit(False))
    entered = given(both, MOVED_FROM) & (F.col(WEIGHT) == 1)
    left = given(both, MOVED_TO) | (F.col(WEIGHT) == 0)
    ends = F.when(delete, stamp.of_delete(on_tie, left)).when(entered, stamp.of_reset())
    placed = both.select(
        "*",
        F.when(rejected, F.monotonically_increasing_id()).alias(_REJECT),
        F.coalesce((F.col(OP) == "T") & ~rejected, F.lit(False)).alias(TRUNCATE),
        F.when(~rejected & ~delete, stamp.of_upsert(on_tie, entered)).alias(UP),
        F.when(~rejected, ends).alias(DEAD),
    )
    # a step of its own: an expression that is written down twice would be worked out twice
    return placed.withColumns({name: stamp.alone(F.col(name)) for name in (UP, DEAD)})


def _no_events(taken: DataFrame, keys: Sequence[str]) -> DataFrame:
    cells = [F.col(name) for name in taken.columns if name not in keys]
    its = [F.col(quote(key)).alias(_key(i)) for i, key in enumerate(keys)]
    return taken.select(*its, F.lit(False).alias(TRUNCATE), F.lit(0).alias(WEIGHT), *cells)


def _narrow(
    events: DataFrame, keys: Sequence[str], columns: Sequence[StructField], passing: Sequence[str]
) -> DataFrame:
    kind = stamp.path_type(events.schema[SEQ].dataType)
    return events.select(
        *[F.col(quote(key)).alias(_key(i)) for i, key in enumerate(keys)],
        *[_REJECT, TRUNCATE, UP, DEAD],
        # what a snapshot lacks ends without an event of the source
        F.when(F.col(VERDICT) == IMPLIED, 0).otherwise(F.col(WEIGHT)).alias(WEIGHT),
        *([_end().alias(ENDS)] if ENDS_AT in events.columns else []),
        F.struct(*[F.col(quote(name)).alias(name) for name in [*passing, VERDICT]]).alias(_PASS),
        *[_cell(events, field, kind).alias(cell(i)) for i, field in enumerate(columns)],
    )


def _end() -> Column:
    end = F.struct(F.col(DEAD).alias("stamp"), F.col(ENDS_AT).alias("at"))
    return F.when(F.col(DEAD).isNotNull(), end)


def _cell(events: DataFrame, field: StructField, kind: StructType) -> Column:
    """The event's value with its stamp, NULL if it doesn't carry the column; a rejected event keeps what it has."""
    if field.name not in events.columns:
        return F.lit(None).cast(
            StructType([StructField("stamp", kind), StructField("value", field.dataType)])
        )
    lowest = stamp.alone(stamp.make(F.lit(None).cast(kind["seq"].dataType), F.lit(0), F.lit(0)))
    own = F.when(F.col(_REJECT).isNotNull(), lowest).otherwise(F.col(UP))
    carried = own.isNotNull()
    if ABSENT in events.columns:
        carried = carried & ~F.coalesce(F.array_contains(F.col(ABSENT), field.name), F.lit(False))
    return F.when(carried, F.struct(own.alias("stamp"), F.col(quote(field.name)).alias("value")))


def _key(index: int) -> str:
    return f"_sluice_key{index}"
