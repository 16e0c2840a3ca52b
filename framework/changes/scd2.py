"""scd2: the versions of a key, as a pure function of all its events.

The state of a key is the set of its events, as facts (`framework.changes.facts`); two states join by union. What the
set means doesn't depend on how it was gathered, so a late event needs no case of its own: it is one more in the set.

    seq  op  v         valid_from  valid_to  v
    5    U   a         5           12        a
    15   U   a    ->   12          15        b
    20   U   c         15          20        a
    12   U   b         20          NULL      c

The table shows nearly all of the set: a version is the event that opened it, if that carried every column, and it keeps
the stamp of the delete that closed it. What it doesn't show, `hidden` tells: deletes that closed nothing, versions that
vanished into an equal one before them, versions of empty intervals, partial events, key changes, losers of ties. They
have to be remembered beside the table. Where time ran backwards, a fact is shown with a later time than it was told,
the running maximum at its place. More facts can only raise that, so it makes the same versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes.columns import ABSENT, OUTCOME, SEQ, VALID, VALID_FROM, VALID_TO
from framework.changes.facts import ENDED, ENDS, FRESH, STAMP
from framework.sql import quote
from framework.tables.base import MergeClauses

SHOWN = "_sluice_shown"
"""Whether a version is its opening event as it came, so that the event needs no remembering."""
_PLACE, _RESET, _WHOLE, _LAST_END = "_sluice_place", "_sluice_reset", "_sluice_whole", "_sluice_last_end"
_RUN, _ROW, _OPENING = "_sluice_run", "_sluice_row", "_sluice_opening"


def versions(
    facts: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    tracked: Sequence[str],
    *,
    whole: bool = False,
) -> DataFrame:
    """The versions of every key: keys, columns, `_sluice_seq` of the opening event, validity, ENDED, SHOWN.

    Input: all that is known of the keys, in any order and any number of times. Only changes of `tracked` columns open a
    version; it shows the others as they were at its end. `whole`: every fact that writes carries all columns, and all
    are tracked, so that nothing has to be put together from several facts; a third of the time.
    """
    if whole:
        return _of_whole_facts(facts, keys, columns)
    along = Window.partitionBy(*[F.col(quote(key)) for key in keys]).orderBy(F.col(SEQ))
    changes = _filled(_one_per_sequence(facts, keys, columns), columns, along)
    shown = _without_empty_intervals(changes, along)
    return _collapsed(shown, keys, columns, tracked, along)


def irregular() -> Column:
    """Whether a fact isn't the whole of what its key was from then on."""
    return F.col(ABSENT).isNotNull() | F.col(FRESH)


def _of_whole_facts(facts: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """One sort serves every window: of the facts at a sequence the last counts, if it changes anything."""
    by_key = f"PARTITION BY {', '.join(quote(key) for key in keys)}"
    in_order = f"({by_key} ORDER BY {SEQ}, {STAMP} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    along = f"({by_key} ORDER BY {SEQ})"
    names = [quote(name) for name in (*keys, *(field.name for field in columns))]
    told = [*names, SEQ, STAMP, ENDS, _WHOLE, VALID_FROM]
    placed = facts.withColumn(_WHOLE, _is_whole()).selectExpr(
        *told[:-1],
        f"max({VALID}) OVER {in_order} AS {VALID_FROM}",
        # as structs: rows of adopted tables have no sequence, which is not the same as no next fact
        f"lead(struct({SEQ})) OVER ({by_key} ORDER BY {SEQ}, {STAMP}) <=> struct({SEQ}) AS _sluice_outdone",
    )
    last = placed.filter("NOT _sluice_outdone")
    until = last.selectExpr(*told, f"lead({VALID_FROM}) OVER {along} AS _sluice_until")
    lasting = until.filter(f"_sluice_until IS NULL OR _sluice_until > {VALID_FROM}")
    values = f"struct({', '.join(quote(field.name) for field in columns)})"
    compared = lasting.selectExpr(
        *told,
        f"coalesce(lag({ENDS}) OVER {along}, true) AS _sluice_gap",
        f"lag({values}) OVER {along} <=> {values} AS _sluice_same",
    )
    changes = compared.filter(f"{ENDS} OR _sluice_gap OR NOT _sluice_same")
    closed = changes.selectExpr(
        *told,
        f"lead({VALID_FROM}) OVER {along} AS {VALID_TO}",
        f"lead(if({ENDS}, {STAMP}, NULL)) OVER {along} AS {ENDED}",
    )
    return closed.filter(f"NOT {ENDS}").selectExpr(
        *names, SEQ, VALID_FROM, VALID_TO, ENDED, f"{_WHOLE} AS {SHOWN}"
    )


def version_clauses(
    keys: Sequence[str], columns: Sequence[str], narrowed: Sequence[str] = ()
) -> MergeClauses:
    """Clauses for a source of versions with `_sluice_outcome` insert, update or delete.

    A version is known by its key and where it begins. `columns` are all of the table's. `narrowed`: conditions that
    hold for every pair of rows with one key.
    """
    identity = [*keys, VALID_FROM]
    values = {name: f"s.{quote(name)}" for name in columns}
    outcome = f"s.{quote(OUTCOME)}"
    return MergeClauses(
        on=" AND ".join([*narrowed, *(f"t.{quote(name)} = s.{quote(name)}" for name in identity)]),
        delete_when=f"{outcome} = 'delete'",
        update_when=f"{outcome} IN ('insert', 'update')",
        insert_when=f"{outcome} IN ('insert', 'update')",
        update_set={name: value for name, value in values.items() if name not in identity},
        insert_values=values,
    )


def hidden(
    facts: DataFrame, rows: DataFrame, keys: Sequence[str], columns: Sequence[StructField]
) -> DataFrame:
    """The facts that the versions made of them don't show, each once; to be remembered."""
    opened = F.struct(
        F.lit(False).alias("ends"),
        F.col(SEQ).alias("seq"),
        F.lit(None).cast(facts.schema[STAMP].dataType).alias("at"),
    )
    closed = F.struct(
        F.lit(True).alias("ends"), F.col(ENDED).getField("seq").alias("seq"), F.col(ENDED).alias("at")
    )
    told = F.explode(F.array(F.when(F.col(SHOWN), opened), F.when(F.col(ENDED).isNotNull(), closed))).alias(
        "told"
    )
    shown = rows.select(
        *[F.col(quote(key)).alias(f"_sluice_its{i}") for i, key in enumerate(keys)],
        told,
        *[F.col(quote(field.name)).alias(f"_sluice_its_value{i}") for i, field in enumerate(columns)],
    ).filter(F.col("told").isNotNull())
    same = [F.col(quote(key)) == F.col(f"_sluice_its{i}") for i, key in enumerate(keys)]
    same += [F.col("told.ends") == F.col(ENDS), F.col("told.seq").eqNullSafe(F.col(SEQ))]
    values = [
        F.col(quote(field.name)).eqNullSafe(F.col(f"_sluice_its_value{i}")) for i, field in enumerate(columns)
    ]
    whole = reduce(and_, [~F.col(FRESH), F.col(ABSENT).isNull(), *values])
    left = facts.join(
        shown, [*same, F.when(F.col(ENDS), F.col("told.at") == F.col(STAMP)).otherwise(whole)], "left_anti"
    )
    return left.dropDuplicates([*keys, STAMP])


def _one_per_sequence(facts: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """What happened at each sequence of a key: an end, or cells struct<value> of the columns carried."""
    at, ends = F.col(STAMP), F.col(ENDS)
    cells = [_cell(field, ends).alias(f"_sluice_cell{i}") for i, field in enumerate(columns)]
    narrow = facts.select(
        *[F.col(quote(key)) for key in keys],
        *[F.col(SEQ), F.col(VALID), F.col(STAMP), ends, _is_whole().alias(_WHOLE)],
        F.when(ends | F.col(FRESH), at).alias(_LAST_END),
        *cells,
    )
    grouped = narrow.groupBy(*[F.col(quote(key)) for key in keys], SEQ).agg(
        F.max(VALID).alias(VALID),
        F.max_by(ENDS, at).alias(ENDS),
        F.max(at).alias(STAMP),
        F.max_by(_WHOLE, at).alias(_WHOLE),
        F.max(_LAST_END).alias(_LAST_END),
        *[
            F.max_by(F.col(f"_sluice_cell{i}"), F.when(F.col(f"_sluice_cell{i}").isNotNull(), at)).alias(
                f"_sluice_cell{i}"
            )
            for i in range(len(columns))
        ],
    )
    # an upsert came after the end: what was before it is gone all the same, also at this sequence
    ended = F.col(_LAST_END)
    lives = [
        F.when(
            ended.isNull() | (F.col(f"_sluice_cell{i}").getField("at") >= ended), F.col(f"_sluice_cell{i}")
        )
        for i in range(len(columns))
    ]
    return grouped.select(
        *[F.col(quote(key)) for key in keys],
        *[SEQ, VALID, STAMP, ENDS, _WHOLE],
        (ended.isNotNull() & ~F.col(ENDS)).alias(_RESET),
        *[each.alias(f"_sluice_cell{i}") for i, each in enumerate(lives)],
    )


def _is_whole() -> Column:
    # a table that was handed over shows what a snapshot read as the memory has it: before any change at its sequence
    ordinary = ~F.col(ENDS) & ~F.col(FRESH) & (F.col(STAMP).getField("tie") >= 0)
    return ordinary & F.col(ABSENT).isNull()


def _cell(field: StructField, ends: Column) -> Column:
    carried = ~ends & ~F.coalesce(F.array_contains(F.col(ABSENT), field.name), F.lit(False))
    return F.when(carried, F.struct(F.col(STAMP).alias("at"), F.col(quote(field.name)).alias("value")))


def _filled(changes: DataFrame, columns: Sequence[StructField], along: WindowSpec) -> DataFrame:
    """Rows with what held after each change; time never runs backwards along a key."""
    placed = changes.select(
        "*", F.row_number().over(along).alias(_PLACE), F.max(VALID).over(_until_now(along)).alias(VALID_FROM)
    )
    # cells from this place on are of the key's present life
    begins = F.when(F.col(ENDS), F.col(_PLACE) + 1).when(F.col(_RESET), F.col(_PLACE))
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
        F.lag(ENDS).over(along).alias("_sluice_gap"),
        F.lag(watched).over(along).alias("_sluice_before"),
        F.lead(F.when(F.col(ENDS), F.col(STAMP))).over(along).alias(ENDED),
    )
    goes_on = ~F.coalesce(F.col("_sluice_gap"), F.lit(True)) & reduce(
        and_,
        [F.col(quote(name)).eqNullSafe(F.col("_sluice_before").getField(name)) for name in tracked],
        F.lit(True),
    )
    opens = F.when(goes_on | F.col(ENDS), 0).otherwise(1)
    runs = compared.select("*", F.sum(opens).over(_until_now(along)).alias(_RUN)).filter(~F.col(ENDS))
    values = F.struct(*[F.col(quote(field.name)).alias(field.name) for field in columns])
    merged = runs.groupBy(*[F.col(quote(key)) for key in keys], _RUN).agg(
        F.min_by(SEQ, _PLACE).alias(SEQ),
        F.min(VALID_FROM).alias(VALID_FROM),
        F.max_by(F.struct(values.alias("values"), VALID_TO, ENDED), F.col(_PLACE)).alias(_ROW),
        F.min_by(F.struct(values.alias("values"), _WHOLE), F.col(_PLACE)).alias(_OPENING),
    )
    return merged.select(
        *[F.col(quote(key)) for key in keys],
        *[F.col(_ROW).getField("values").getField(field.name).alias(field.name) for field in columns],
        SEQ,
        VALID_FROM,
        F.col(_ROW).getField(VALID_TO).alias(VALID_TO),
        F.col(_ROW).getField(ENDED).alias(ENDED),
        (F.col(_OPENING).getField(_WHOLE) & _same_values(columns)).alias(SHOWN),
    )


def _same_values(columns: Sequence[StructField]) -> Column:
    """Whether a version shows what its opening event brought: a later change of an untracked column may be in it."""
    now, then = F.col(_ROW).getField("values"), F.col(_OPENING).getField("values")
    same = [now.getField(field.name).eqNullSafe(then.getField(field.name)) for field in columns]
    return reduce(and_, same, F.lit(True))
