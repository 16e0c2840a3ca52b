"""scd2: the versions of a key, as a pure function of all its events.

The state of a key is the set of its events; two states join by union. What the set means doesn't depend on how it was
gathered, so a late event needs no case of its own: it is one more in the set.

    seq  op  v         valid_from  valid_to  v
    5    U   a         5           12        a
    15   U   a    ->   12          15        b
    20   U   c         15          20        a
    12   U   b         20          NULL      c

The table shows nearly all of the set: a version is the event that opened it, if that carried every column and its time
was its own. What it doesn't show, `hidden` tells: deletes, versions that vanished into an equal one before them,
versions of empty intervals, partial events, losers of ties. They have to be remembered beside the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes import stamp
from framework.changes.columns import ABSENT, OP, RANK, SEQ, TIME
from framework.changes.rank import rank
from framework.sql import quote

VALID_FROM, VALID_TO = "valid_from", "valid_to"
SHOWN = "_sluice_shown"
"""Whether a version is its opening event as it came, so that the event needs no remembering."""
_PLACE, _DELETE, _RESET, _WHOLE = "_sluice_place", "_sluice_delete", "_sluice_reset", "_sluice_whole"
_RUN, _ROW, _OPENING = "_sluice_run", "_sluice_row", "_sluice_opening"


def versions(
    events: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    tracked: Sequence[str],
    on_tie: str,
) -> DataFrame:
    """The versions of every key: keys, columns, `_sluice_seq` of the opening event, `valid_from`, `valid_to`, SHOWN.

    Input: all that is known of the keys, in any order and any number of times, as OP (I, U, R or D), SEQ, RANK, TIME
    (when it became valid) and the columns; ABSENT names columns that an event doesn't carry. Only changes of `tracked`
    columns open a version; it shows the others as they were at its end.
    """
    along = Window.partitionBy(*[F.col(quote(key)) for key in keys]).orderBy(F.col(SEQ))
    changes = _filled(_one_per_sequence(events, keys, columns, on_tie), columns, along)
    shown = _without_empty_intervals(changes, along)
    return _collapsed(shown, keys, columns, tracked, along)


def shown_events(
    table: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    ranked: Sequence[str] | None = None,
) -> DataFrame:
    """The events that the table's rows show, as input of `versions`.

    `ranked` names the columns that make up an event's rank, if those aren't all.
    """
    data = [table.schema[key] for key in keys] + list(columns)
    counted = [field for field in data if ranked is None or field.name in ranked]
    return table.filter(F.col(SHOWN)).select(
        *[F.col(quote(field.name)) for field in data],
        F.lit("U").alias(OP),
        F.col(SEQ),
        rank(counted).alias(RANK),
        F.col(VALID_FROM).alias(TIME),
    )


def hidden(
    events: DataFrame, rows: DataFrame, keys: Sequence[str], columns: Sequence[StructField]
) -> DataFrame:
    """The events that the versions made of them don't show; to be remembered."""
    shown = rows.filter(F.col(SHOWN)).select(
        *[F.col(quote(key)).alias(f"_sluice_its{i}") for i, key in enumerate(keys)],
        F.col(SEQ).alias("_sluice_its_seq"),
        F.col(VALID_FROM).alias("_sluice_its_time"),
        *[F.col(quote(field.name)).alias(f"_sluice_its_value{i}") for i, field in enumerate(columns)],
    )
    same = [F.col(quote(key)) == F.col(f"_sluice_its{i}") for i, key in enumerate(keys)]
    values = [
        F.col(quote(field.name)).eqNullSafe(F.col(f"_sluice_its_value{i}")) for i, field in enumerate(columns)
    ]
    whole = [F.col(ABSENT).isNull()] if ABSENT in events.columns else []
    told = [*same, F.col(SEQ).eqNullSafe(F.col("_sluice_its_seq")), F.col(TIME) == F.col("_sluice_its_time")]
    return events.join(
        shown, reduce(and_, [F.col(OP) != "D", *whole, *told, *values]), "left_anti"
    ).distinct()


def _one_per_sequence(
    events: DataFrame, keys: Sequence[str], columns: Sequence[StructField], on_tie: str
) -> DataFrame:
    """What happened at each sequence of a key: a delete, or cells struct<stamp, value> of the columns carried."""
    delete = F.col(OP) == "D"
    at_write = stamp.make(F.col(SEQ), stamp.upsert_tie(on_tie), F.col(RANK))
    at_delete = stamp.make(F.col(SEQ), stamp.delete_tie(on_tie), F.lit(0))
    stamped = events.select("*", F.when(delete, at_delete).otherwise(at_write).alias("_sluice_stamp"))
    cells = [_cell(stamped, field, delete).alias(f"_sluice_cell{i}") for i, field in enumerate(columns)]
    whole = ~delete & (F.col(ABSENT).isNull() if ABSENT in events.columns else F.lit(True))
    narrow = stamped.select(
        *[F.col(quote(key)) for key in keys],
        *[F.col(SEQ), F.col(TIME), F.col("_sluice_stamp"), delete.alias(_DELETE), whole.alias(_WHOLE)],
        *cells,
    )
    at = F.col("_sluice_stamp")
    return narrow.groupBy(*[F.col(quote(key)) for key in keys], SEQ).agg(
        F.max(TIME).alias(TIME),
        F.max_by(F.col(_DELETE), at).alias(_DELETE),
        F.max_by(F.col(_WHOLE), at).alias(_WHOLE),
        # the tie was won by an upsert: what was before it is gone all the same
        (F.max(_DELETE) & ~F.max_by(F.col(_DELETE), at)).alias(_RESET),
        *[
            F.max_by(F.col(f"_sluice_cell{i}"), F.when(F.col(f"_sluice_cell{i}").isNotNull(), at)).alias(
                f"_sluice_cell{i}"
            )
            for i in range(len(columns))
        ],
    )


def _cell(events: DataFrame, field: StructField, delete: Column) -> Column:
    carried = ~delete
    if ABSENT in events.columns:
        carried = carried & ~F.coalesce(F.array_contains(F.col(ABSENT), field.name), F.lit(False))
    return F.when(carried, F.struct(F.col(quote(field.name)).alias("value")))


def _filled(changes: DataFrame, columns: Sequence[StructField], along: WindowSpec) -> DataFrame:
    """Rows with what held after each change; time never runs backwards along a key."""
    placed = changes.select(
        "*", F.row_number().over(along).alias(_PLACE), F.max(TIME).over(_until_now(along)).alias(VALID_FROM)
    )
    # cells from this place on are of the key's present life
    begins = F.when(F.col(_DELETE), F.col(_PLACE) + 1).when(F.col(_RESET), F.col(_PLACE))
    alive = placed.select("*", F.max(begins).over(_until_now(along)).alias("_sluice_begins"))
    newest = [
        F.last(
            F.when(
                F.col(f"_sluice_cell{i}").isNotNull(),
                F.struct(
                    F.col(_PLACE).alias("place"), F.col(f"_sluice_cell{i}").getField("value").alias("value")
                ),
            ),
            ignorenulls=True,
        )
        .over(_until_now(along))
        .alias(f"_sluice_last{i}")
        for i in range(len(columns))
    ]
    filled = alive.select("*", *newest)
    born = F.coalesce(F.col("_sluice_begins"), F.lit(0))
    values = [
        F.when(
            F.col(f"_sluice_last{i}").getField("place") >= born, F.col(f"_sluice_last{i}").getField("value")
        ).alias(field.name)
        for i, field in enumerate(columns)
    ]
    kept = [name for name in changes.columns if not name.startswith("_sluice_cell")]
    return filled.select(*[F.col(quote(name)) for name in kept], _PLACE, VALID_FROM, *values)


def _until_now(along: WindowSpec) -> WindowSpec:
    return along.rowsBetween(Window.unboundedPreceding, Window.currentRow)


def _without_empty_intervals(changes: DataFrame, along: WindowSpec) -> DataFrame:
    """Of two changes at one instant the last; `valid_to` is the instant of the next."""
    ended = changes.select("*", F.lead(VALID_FROM).over(along).alias("_sluice_until"))
    left = ended.filter(F.col("_sluice_until").isNull() | (F.col("_sluice_until") > F.col(VALID_FROM)))
    return left.withColumnRenamed("_sluice_until", VALID_TO)


def _collapsed(
    shown: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    tracked: Sequence[str],
    along: WindowSpec,
) -> DataFrame:
    """Neighbours with equal tracked values are one version."""
    watched = F.struct(*[F.col(quote(name)).alias(name) for name in tracked])
    compared = shown.select(
        "*",
        F.lag(_DELETE).over(along).alias("_sluice_gap"),
        F.lag(watched).over(along).alias("_sluice_before"),
    )
    goes_on = ~F.coalesce(F.col("_sluice_gap"), F.lit(True)) & reduce(
        and_,
        [F.col(quote(name)).eqNullSafe(F.col("_sluice_before").getField(name)) for name in tracked],
        F.lit(True),
    )
    opens = F.when(goes_on | F.col(_DELETE), 0).otherwise(1)
    runs = compared.select("*", F.sum(opens).over(_until_now(along)).alias(_RUN)).filter(~F.col(_DELETE))
    values = F.struct(*[F.col(quote(field.name)).alias(field.name) for field in columns])
    own = F.col(_WHOLE) & (F.col(TIME) == F.col(VALID_FROM))
    merged = runs.groupBy(*[F.col(quote(key)) for key in keys], _RUN).agg(
        F.min_by(SEQ, _PLACE).alias(SEQ),
        F.min(VALID_FROM).alias(VALID_FROM),
        F.max_by(F.struct(values.alias("values"), F.col(VALID_TO)), F.col(_PLACE)).alias(_ROW),
        F.min_by(F.struct(values.alias("values"), own.alias("own")), F.col(_PLACE)).alias(_OPENING),
    )
    return merged.select(
        *[F.col(quote(key)) for key in keys],
        *[F.col(_ROW).getField("values").getField(field.name).alias(field.name) for field in columns],
        SEQ,
        VALID_FROM,
        F.col(_ROW).getField(VALID_TO).alias(VALID_TO),
        (F.col(_OPENING).getField("own") & _same_values(columns)).alias(SHOWN),
    )


def _same_values(columns: Sequence[StructField]) -> Column:
    """Whether a version shows what its opening event brought: a later change of an untracked column may be in it."""
    now, then = F.col(_ROW).getField("values"), F.col(_OPENING).getField("values")
    same = [now.getField(field.name).eqNullSafe(then.getField(field.name)) for field in columns]
    return reduce(and_, same, F.lit(True))
