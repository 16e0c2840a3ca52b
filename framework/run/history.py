"""Comparing a batch with a table of versions (scd2): what is known of its keys, joined with its events, made anew.

Only keys of the batch are looked at, unless it holds truncates. What is known of them is what their versions show and
what is remembered beside the table; the versions that follow from all of it are compared with those that are there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructField

from framework.changes.columns import (
    EXTRA,
    IS_CURRENT,
    OP,
    OUTCOME,
    RANK,
    SEQ,
    STATE,
    VALID,
    VALID_FROM,
    VALID_TO,
    VERDICT,
)
from framework.changes.facts import ELSEWHERE, ENDED, TIE, remembered
from framework.changes.join_versions import (
    ORIGIN,
    all_truncates,
    joined_facts,
    known_facts,
    memory_of,
    reach,
    rows_of,
    since,
    tells_parts,
    touched_keys,
    unresolved,
    with_taken_over,
)
from framework.changes.scd2 import SHOWN, hidden, irregular, versions
from framework.materialized import materialized
from framework.quality.gate import Gate
from framework.run.compared import (
    Compared,
    contents,
    is_positioned,
    kept,
    ranked,
    records_departures,
    remembered_beside,
)
from framework.run.conform import event_fields, value_fields, with_missing
from framework.run.figures import parts_figure, wider_figures
from framework.run.history_counts import outcomes, summed, truncate_outcomes
from framework.run.jobrun import JobRun
from framework.run.judge import tallies, with_judged_rows
from framework.run.measure import Measured
from framework.run.retention import retention_figures, watermark
from framework.run.shape import Shape
from framework.run.tuning import BY_KEY, fitted_to_rows, is_large
from framework.sql import quote


def compare_versions(
    run: JobRun, shape: Shape, gate: Gate, judged: DataFrame, mark: Column | None
) -> Compared:
    """The versions to write, delete and remember; events are counted one by one."""
    columns = value_fields(shape.schema, run.job.changes.keys)
    wider = [*wider_figures(judged, columns), parts_figure(judged, columns)]
    measured = Measured(judged, [*tallies(gate), *retention_figures(judged, mark), *wider])
    events = materialized(ranked(kept(measured.df), is_positioned(run)))
    compared = compare_good(run, shape, gate, events.filter(F.col(VERDICT) == "good"), measured.figures())
    rejected = events.filter(F.col(VERDICT) == "rejected").withColumn(OUTCOME, F.lit("rejected"))
    figures = {**compared.figures, "rejected_rows": compared.figures["rejected"]}
    return replace(compared, figures=figures, apart=rejected)


@dataclass(frozen=True)
class _Told:
    """What is known of the keys that a batch may change, before it; materialised."""

    touched: DataFrame
    """The keys whose history may change."""
    read: DataFrame
    """Those that have to be read to tell it."""
    carries: bool
    """Whether key changes took values over, or may have."""
    rows: DataFrame | None
    memory: DataFrame | None
    count: int
    """Rows and facts of the memory."""
    parts: int
    """How many of them are no whole facts."""


def compare_good(run: JobRun, shape: Shape, gate: Gate, good: DataFrame, figures: dict[str, Any]) -> Compared:
    """The versions that good, ranked events make, with what was counted of the batch so far; `good` is materialised."""
    told = _told(run, shape, good, figures)
    with fitted_to_rows(run, figures["read"] + told.count, BY_KEY):
        return _made_anew(run, shape, gate, good, figures, told)


def _told(run: JobRun, shape: Shape, good: DataFrame, figures: dict[str, Any]) -> _Told:
    keys = run.job.changes.keys
    columns = value_fields(shape.schema, keys)
    target, memory = contents(run, shape), remembered_beside(run)
    changes = good.filter(F.col(OP) != "T")
    touched = touched_keys(changes, target if figures["truncates"] else None, keys)
    carries = figures.get("moves", 0) > 0 or records_departures(run, memory)
    read = touched
    if carries:
        touched, read = reach(changes, touched, memory, keys, columns)
    count = parts = 0
    if target is not None:
        elsewhere = F.coalesce(F.col(STATE).getField(ELSEWHERE), F.lit(False))
        target, found = _counted(rows_of(target, read, keys), F.count_if(elsewhere))
        count, parts = found["rows"], found["parts"]
    if memory is not None:
        memory, found = _counted(memory_of(memory, read, keys), tells_parts(columns))
        count, parts = count + found["rows"], parts + found["parts"]
    return _Told(touched, read, carries, target, memory, count, parts)


def _counted(rows: DataFrame, parts: Column) -> tuple[DataFrame, dict[str, int]]:
    measured = Measured(rows, [F.count(F.lit(1)).alias("rows"), parts.alias("parts")])
    return materialized(measured.df), measured.figures()


def _made_anew(
    run: JobRun, shape: Shape, gate: Gate, good: DataFrame, figures: dict[str, Any], told: _Told
) -> Compared:
    keys, on_tie = run.job.changes.keys, run.job.changes.on_tie
    columns = value_fields(shape.schema, keys)
    changes = good.filter(F.col(OP) != "T")
    rows, memory = told.rows, told.memory
    far = told.carries or figures["truncates"] or figures["parts"] or told.parts
    if rows is not None and not far and is_large(run):
        rows, memory = since(rows, memory, changes, keys)
    known = known_facts(
        rows,
        memory,
        keys,
        columns,
        on_tie,
        positioned=is_positioned(run),
        ranked=[field.name for field in event_fields(shape.schema)],
        purged=watermark(run, shape.schema[SEQ].dataType) is not None,
    )
    truncated = all_truncates(good, memory)
    together = joined_facts(changes, known, truncated, told.read, keys, columns, on_tie)
    # partitioned once: what follows is by key, too
    by_key = together.repartition(*[F.col(quote(key)) for key in keys])
    joined = Measured(by_key, [F.count_if(irregular()).alias("irregular")])
    facts = materialized(joined.df)
    filled = facts
    if told.carries:
        filled = materialized(_of(with_taken_over(facts, keys, columns), told.touched, keys))
        figures |= {"unresolved": unresolved(filled).count(), "departures": figures.get("moves", 0)}
        facts = _of(facts, told.touched, keys)
        rows = _of(rows, told.touched, keys) if rows is not None else None
    tracked = run.job.changes.tracked or [field.name for field in columns if field.name != EXTRA]
    whole = not joined.figures()["irregular"] and {field.name for field in columns} <= set(tracked)
    found = materialized(versions(filled, keys, columns, tracked, whole=whole))
    partly = (F.col(OUTCOME) != "delete") & F.coalesce(F.col(STATE).getField(ELSEWHERE), F.lit(False))
    judged, failures = with_judged_rows(_differing(found, rows, shape, keys), gate, partly)
    differing = Measured(judged, [F.count(F.lit(1)).alias("written"), *failures])
    changed = materialized(differing.df)
    figures |= differing.figures()
    figures |= outcomes(facts, found, keys)
    figures |= truncate_outcomes(good, memory) if figures["truncates"] else {}
    news = Measured(_news(facts, found, memory, good, keys, columns), [F.count(F.lit(1)).alias("ended")])
    remember = materialized(news.df)
    figures |= news.figures()
    return Compared(changed, summed(figures), False, memory=remember)


def _of(found: DataFrame, touched: DataFrame, keys: list[str]) -> DataFrame:
    """What is these keys'; others were read for what they tell of them."""
    return found.join(touched, keys, "left_semi")


def _differing(found: DataFrame, rows: DataFrame | None, shape: Shape, keys: list[str]) -> DataFrame:
    """The table's rows as they shall be, where they aren't: with outcome insert, update or delete."""
    fields = shape.schema.fields
    new = with_missing(
        found.select(
            "*",
            F.col(VALID_TO).isNull().alias(IS_CURRENT),
            _state().alias(STATE),
        ),
        fields,
    )
    if rows is None:
        return new.withColumn(OUTCOME, F.lit("insert"))
    identity = [*keys, VALID_FROM]
    old = rows.select(*[F.col(quote(field.name)).alias(f"_sluice_old{i}") for i, field in enumerate(fields)])
    places = {field.name: f"_sluice_old{i}" for i, field in enumerate(fields)}
    on = reduce(and_, [F.col(quote(name)) == F.col(places[name]) for name in identity])
    added, gone = F.col(places[VALID_FROM]).isNull(), F.col(VALID_FROM).isNull()
    differs = reduce(
        or_, [~F.col(quote(field.name)).eqNullSafe(F.col(places[field.name])) for field in fields]
    )
    outcome = F.when(added, "insert").when(gone, "delete").when(differs, "update")
    both = new.join(old, on, "full").withColumn(OUTCOME, outcome)
    return both.filter(F.col(OUTCOME).isNotNull()).select(
        *[
            (
                F.coalesce(F.col(quote(field.name)), F.col(places[field.name]))
                if field.name in identity
                else F.col(quote(field.name))
            ).alias(field.name)
            for field in fields
        ],
        OUTCOME,
    )


def _state() -> Column:
    elsewhere, ended = F.when(~F.col(SHOWN), F.lit(True)), F.col(ENDED)
    return F.when(
        elsewhere.isNotNull() | ended.isNotNull(), F.struct(elsewhere.alias(ELSEWHERE), ended.alias(ENDED))
    )


def _news(
    facts: DataFrame,
    found: DataFrame,
    memory: DataFrame | None,
    good: DataFrame,
    keys: list[str],
    columns: list[StructField],
) -> DataFrame:
    """Rows that the memory lacks yet: facts that the versions don't show, and truncates."""
    own = facts.filter(F.col(ORIGIN) != "truncate")
    rows = remembered(hidden(own, found, keys, columns), keys, columns)
    truncates = good.filter(F.col(OP) == "T").select(SEQ, F.lit("T").alias(OP), VALID).distinct()
    rows = rows.unionByName(truncates, allowMissingColumns=True)
    if memory is None:
        return rows
    names = [*keys, SEQ, OP, TIE, RANK]
    there = memory.select(*[F.col(quote(name)).alias(f"_sluice_m{i}") for i, name in enumerate(names)])
    same = [F.col(quote(name)).eqNullSafe(F.col(f"_sluice_m{i}")) for i, name in enumerate(names)]
    return rows.join(there, reduce(and_, same), "left_anti")
