"""All that is known of a batch's keys, as facts: from its events, the table, and what is remembered beside it.

Joining is union, so it matters neither where a fact comes from nor how often.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes.columns import ABSENT, MOVED_FROM, OP, RANK, SEQ, STATE, VALID, VERDICT
from framework.changes.facts import (
    ELSEWHERE,
    ENDS,
    STAMP,
    TIE,
    ends_shown,
    facts_of,
    facts_of_truncates,
    facts_remembered,
    openings_shown,
)
from framework.changes.moves import WEIGHT, fill_placeholders, left_rows
from framework.sql import quote

ORIGIN = "_sluice_origin"
"""Where a fact comes from: batch, known or truncate."""


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


def with_old_rows(
    changes: DataFrame,
    known: DataFrame | None,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
) -> DataFrame:
    """The events; writes of key changes carry what their old key had, where they left it out."""
    if MOVED_FROM not in changes.columns or ABSENT not in changes.columns:
        return changes
    told = changes
    if known is not None:
        told = told.unionByName(
            known.select(
                *[F.col(quote(key)) for key in keys],
                *[F.col(quote(field.name)) for field in columns if field.name in changes.columns],
                F.when(F.col(ENDS), "D").otherwise("U").alias(OP),
                F.col(SEQ),
                F.col(ABSENT),
                F.col(STAMP).getField("rank").alias(RANK),
                F.lit("good").alias(VERDICT),
            ),
            allowMissingColumns=True,
        )
    return fill_placeholders(changes, left_rows(told, None, None, keys, columns, on_tie), keys, columns)


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
