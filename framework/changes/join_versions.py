"""All that is known of a batch's keys, as facts: from its events, the table, and what is remembered beside it.

Joining is union, so it matters neither where a fact comes from nor how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes import stamp
from framework.changes.cells import NAME, OWNER, VALUE, of_value, owner
from framework.changes.columns import ABSENT, MOVED_FROM, OP, SEQ, STATE, VALID
from framework.changes.facts import (
    CARRIED,
    ELSEWHERE,
    STAMP,
    TIE,
    cells_of_facts,
    ends_shown,
    facts_of,
    facts_of_truncates,
    facts_remembered,
    openings_shown,
    pointers_remembered,
    taken_changes,
)
from framework.changes.moves import WEIGHT, given, key_type, left_out, other_key
from framework.changes.taken_over import ENTERS, NEW, OLD, TAKES, connected, each_once, taken_over
from framework.materialized import materialized
from framework.sql import quote

ORIGIN = "_sluice_origin"
"""Where a fact comes from: batch, known or truncate."""
_OLDEST, _NEXT = "_sluice_oldest", "_sluice_next"
_ITS, _TOOK = "_sluice_its", "_sluice_took"


def touched_keys(changes: DataFrame, truncated: DataFrame | None, keys: Sequence[str]) -> DataFrame:
    """The keys whose history may change: those of the events, and all of a table that a truncate may end."""
    names = [F.col(quote(key)) for key in keys]
    found = changes.select(*names)
    if MOVED_FROM in changes.columns:
        old = [F.col(MOVED_FROM).getField(key).cast(changes.schema[key].dataType).alias(key) for key in keys]
        found = found.unionByName(changes.filter(F.col(MOVED_FROM).isNotNull()).select(*old))
    if truncated is not None:
        found = found.unionByName(truncated.select(*names))
    return found.distinct().filter(reduce(and_, [name.isNotNull() for name in names]))


def rows_of(table: DataFrame, touched: DataFrame, keys: Sequence[str]) -> DataFrame:
    """The rows of a table that are these keys'."""
    return table.join(touched, list(keys), "left_semi")


def memory_of(memory: DataFrame, touched: DataFrame, keys: Sequence[str]) -> DataFrame:
    """What is remembered of these keys, and the truncates, which concern every key; in one scan."""
    mark = "_sluice_touched"
    found = memory.join(touched.withColumn(mark, F.lit(True)), list(keys), "left")
    return found.filter(F.col(mark) | (F.col(OP) == "T")).select(
        *[F.col(quote(name)) for name in memory.columns]
    )


def since(
    rows: DataFrame, memory: DataFrame | None, changes: DataFrame, keys: Sequence[str]
) -> tuple[DataFrame, DataFrame | None]:
    """What is left of `rows_of` and `memory_of` these keys where changes can't reach farther back.

    Where every fact carries all columns, a version depends on what came from its opening on, and nothing before the one
    that a key's oldest change falls into can become another. What a key had then stays as it is: also the running
    maximum of its times, which that version begins with.
    """
    names = [F.col(quote(key)) for key in keys]
    oldest = changes.groupBy(*names).agg(F.min(SEQ).alias(_OLDEST))
    along = Window.partitionBy(*names).orderBy(F.col(SEQ))
    placed = rows.join(oldest, list(keys)).withColumn(_NEXT, F.lead(SEQ).over(along))
    near = materialized(placed.filter(F.col(_NEXT).isNull() | (F.col(_NEXT) >= F.col(_OLDEST))))
    if memory is not None:
        first = near.filter(F.col(SEQ) < F.col(_OLDEST)).groupBy(*names).agg(F.max(SEQ).alias(_OLDEST))
        cut = F.col(_OLDEST)
        kept = memory.join(first, list(keys), "left").filter(cut.isNull() | (F.col(SEQ) >= cut))
        memory = kept.select(*[F.col(quote(name)) for name in memory.columns])
    return near.select(*[F.col(quote(name)) for name in rows.columns]), memory


def tells_parts(columns: Sequence[StructField]) -> Column:
    """Aggregate: how many remembered facts don't carry all columns, or are key changes."""
    few = F.size(F.col(CARRIED)) < len(columns)
    return F.count_if((F.col(OP) == "U") & (few | (F.col(TIE) == stamp.MOVED)))


def known_facts(
    rows: DataFrame | None,
    memory: DataFrame | None,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
    *,
    positioned: bool,
    ranked: Sequence[str],
    purged: bool,
) -> DataFrame | None:
    """The facts that `rows_of` a table shows or that `memory_of` it tells; None if there is neither.

    `purged`: facts may have been forgotten; without any memory, they have. A row whose opening facts are forgotten
    stands for them itself.
    """
    found = []
    if rows is not None:
        telling = _telling(rows, memory, keys, purged)
        opening = openings_shown(telling, keys, columns, on_tie, positioned=positioned, ranked=ranked)
        found += [opening, ends_shown(rows, keys, columns)]
    if memory is not None:
        found.append(facts_remembered(memory, keys, columns))
    return reduce(lambda left, right: left.unionByName(right), found) if found else None


def reach(
    changes: DataFrame,
    touched: DataFrame,
    memory: DataFrame | None,
    keys: Sequence[str],
    columns: Sequence[StructField],
) -> tuple[DataFrame, DataFrame]:
    """The keys whose history may change, and those that have to be read to tell it: the keys that they once were.

    What a key change leaves out is the old key's, so a late event of the old key concerns the new one, and so on.
    """
    steps = _pointers(changes, keys, columns)
    if memory is not None:
        steps = steps.unionByName(pointers_remembered(memory, keys))
    steps = materialized(steps.distinct())
    concerned = connected(touched.select(owner(keys).alias(OWNER)), steps, OLD, NEW)
    read = connected(concerned, steps, NEW, OLD)
    changed, told = (
        found.select(*[F.col(OWNER).getField(key).alias(key) for key in keys]) for found in (concerned, read)
    )
    return changed, told


def with_taken_over(facts: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """The facts; writes of key changes carry what their old key had, where they left it out."""
    changes = materialized(each_once(taken_changes(facts, keys)))
    if changes.isEmpty():
        return facts
    old = changes.select(F.col(OLD).alias(_ITS)).distinct()
    told = facts.join(old, owner(keys) == F.col(_ITS), "left_semi")
    rows, _ = taken_over(cells_of_facts(told, keys, columns), changes, changes)
    took = rows.filter(F.array_contains(TAKES, F.col(NAME)) & F.col(VALUE).isNotNull())
    values = took.groupBy(F.col(NEW).alias(_ITS), ENTERS).agg(
        F.map_from_entries(F.collect_list(F.struct(NAME, VALUE))).alias(_TOOK)
    )
    same = (owner(keys) == F.col(_ITS)) & (stamp.alone(F.col(STAMP)) == F.col(ENTERS))
    joined = facts.join(values, same & F.col(MOVED_FROM).isNotNull(), "left")
    absent = F.array_except(F.col(ABSENT), F.map_keys(_TOOK))
    instead = {field.name: _filled(field) for field in columns}
    instead[ABSENT] = F.when(F.col(_TOOK).isNull(), F.col(ABSENT)).when(F.size(absent) > 0, absent)
    return joined.select(*[instead.get(name, F.col(quote(name))).alias(name) for name in facts.columns])


def unresolved(facts: DataFrame) -> DataFrame:
    """The batch's key changes that left out values which nothing told; of facts `with_taken_over`."""
    lacks = F.col(MOVED_FROM).isNotNull() & F.col(ABSENT).isNotNull()
    return facts.filter((F.col(ORIGIN) == "batch") & lacks)


def _pointers(changes: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    lacking = changes.filter(given(changes, MOVED_FROM) & (F.size(left_out(changes, columns)) > 0))
    mine = owner(keys).cast(key_type(changes, keys))
    return lacking.select(mine.alias(NEW), other_key(changes, MOVED_FROM, keys).alias(OLD))


def _filled(field: StructField) -> Column:
    taken = F.try_element_at(F.col(_TOOK), F.lit(field.name))
    return F.when(taken.isNotNull(), of_value(taken, field)).otherwise(F.col(quote(field.name)))


def joined_facts(
    changes: DataFrame,
    known: DataFrame | None,
    truncates: DataFrame,
    touched: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
) -> DataFrame:
    """The facts of the batch's changes, those that were known, and the ends that truncates bring; with ORIGIN."""
    facts = facts_of(changes, keys, columns, on_tie).withColumn(ORIGIN, F.lit("batch"))
    if known is not None:
        facts = facts.unionByName(_from_elsewhere(known, "known"))
    ends = facts_of_truncates(truncates, touched, keys, columns, on_tie)
    return facts.unionByName(_from_elsewhere(ends, "truncate"))


def all_truncates(good: DataFrame, memory: DataFrame | None) -> DataFrame:
    """SEQ, VALID and TIE of the batch's truncates and of those that are remembered."""
    new = good.filter(F.col(OP) == "T").select(SEQ, VALID, F.lit(None).cast("int").alias(TIE))
    if memory is None:
        return new
    return new.unionByName(memory.filter(F.col(OP) == "T").select(SEQ, VALID, TIE))


def _telling(rows: DataFrame, memory: DataFrame | None, keys: Sequence[str], purged: bool) -> DataFrame:
    """The rows to take for their opening facts."""
    if memory is None:
        return rows
    elsewhere = F.coalesce(F.col(STATE).getField(ELSEWHERE), F.lit(False))
    plain = rows.filter(~elsewhere)
    if not purged:
        return plain
    there = memory.select(
        *[F.col(quote(key)).alias(f"_sluice_m{i}") for i, key in enumerate(keys)],
        F.col(SEQ).alias("_sluice_m_seq"),
    )
    same: list[Column] = [F.col(quote(key)) == F.col(f"_sluice_m{i}") for i, key in enumerate(keys)]
    same.append(F.col(SEQ).eqNullSafe(F.col("_sluice_m_seq")))
    return plain.unionByName(rows.filter(elsewhere).join(there, same, "left_anti"))


def _from_elsewhere(facts: DataFrame, origin: str) -> DataFrame:
    return facts.select("*", F.lit(0).alias(WEIGHT), F.lit(origin).alias(ORIGIN))
