"""History `append`: every event once, deletes too; (key, sequence, rank) tells events apart."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import (
    EVENTS,
    OP,
    OUTCOME,
    PREFIX,
    RANK,
    SEQ,
    TIED,
    VERDICT,
)
from framework.changes.rank import rank
from framework.sql import quote

_REJECT = "_sluice_reject"
_SEEN = "_sluice_seen"


def distinct_events(events: DataFrame, keys: Sequence[str]) -> DataFrame:
    """Each event once, with `_sluice_n` deliveries; rejected events stay apart, as in `fold`."""
    numbered = events.withColumn(
        _REJECT, F.when(F.col(VERDICT) == "rejected", F.monotonically_increasing_id())
    )
    identity = [*[F.col(quote(key)).alias(f"_sluice_key_{i}") for i, key in enumerate(keys)]]
    marks = [F.col(name).alias(f"_sluice_by_{name}") for name in (OP, SEQ, RANK)]
    row = F.struct(*[F.col(quote(name)) for name in events.columns])
    once = numbered.groupBy(*identity, *marks, _REJECT).agg(
        F.first(row).alias("_row"), F.count(F.lit(1)).alias(EVENTS)
    )
    return once.select(
        *[F.col("_row").getField(name).alias(name) for name in events.columns],
        EVENTS,
        F.lit(False).alias(TIED),
    )


def unseen(distinct: DataFrame, target: DataFrame | None, keys: Sequence[str]) -> DataFrame:
    """Distinct events with `_sluice_outcome`: insert, duplicate (the table has it) or rejected."""
    rejected = F.col(VERDICT) == "rejected"
    if target is None:
        return distinct.withColumn(OUTCOME, F.when(rejected, "rejected").otherwise("insert"))
    data = [field for field in target.schema.fields if not field.name.startswith(PREFIX)]
    known = target.select(
        *[F.col(quote(key)).alias(f"_sluice_t{i}") for i, key in enumerate(keys)],
        F.col(SEQ).alias("_sluice_t_seq"),
        F.col(OP).alias("_sluice_t_op"),
        rank(data).alias("_sluice_t_rank"),
    ).withColumn(_SEEN, F.lit(True))
    on = [F.col(quote(key)) == F.col(f"_sluice_t{i}") for i, key in enumerate(keys)]
    same = [
        F.col(a).eqNullSafe(F.col(b))
        for a, b in ((SEQ, "_sluice_t_seq"), (OP, "_sluice_t_op"), (RANK, "_sluice_t_rank"))
    ]
    joined = distinct.join(known, [*on, *same], "left")
    outcome = F.when(rejected, "rejected").when(F.col(_SEEN), "duplicate").otherwise("insert")
    return joined.withColumn(OUTCOME, outcome).select(*distinct.columns, OUTCOME)
