"""The gate: each event judged by itself, before the fold, so that a bad event never takes a good one down with it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import ABSENT, BAD, ENDS_AT, MASK, OP, REASONS, SEQ, VALID, VERDICT
from framework.changes.soft import ends
from framework.quality.gate import Gate
from framework.sql import quote

REASON_TYPE = "struct<rule:string,columns:array<string>,found:string>"


def judge(
    events: DataFrame,
    gate: Gate,
    keys: Sequence[str],
    *,
    sequenced: bool,
    truncates: bool = False,
    reasons: bool = True,
) -> DataFrame:
    """Events with `_sluice_mask`, `_sluice_verdict` and, if `reasons`, `_sluice_reasons`.

    Rejected is an event that can't be read, one without key or sequence where the merger needs them, one with an
    operation that the merger doesn't apply (`truncates`: it applies truncates), and one that breaks a rule whose action
    is quarantine or fail. Deletes are not judged by rules, nor an event by a rule on a column that it doesn't carry.
    """
    upsert = F.col(OP).isin("I", "U", "R") & F.col(BAD).isNull()
    absent = F.col(ABSENT) if ABSENT in events.columns else None
    mask = (
        F.when(upsert, gate.mask(absent)).otherwise(F.lit(0).cast("bigint"))
        if gate.rules
        else F.lit(0).cast("bigint")
    )
    masked = events.withColumn(MASK, mask)
    faults = _faults(keys, sequenced, truncates, valid=VALID in events.columns)
    if ENDS_AT in events.columns:
        faults.append(_no_end(events))
    blocked = F.col(MASK).bitwiseAND(gate.bits("quarantine", "fail")) != 0
    faulty = F.lit(False)
    for condition, _ in faults:
        faulty = faulty | condition
    verdict = (
        F.when(F.col(OP).eqNullSafe("C"), "control")
        .when(faulty | blocked, "rejected")
        .when(F.col(MASK).bitwiseAND(gate.bits("drop")) != 0, "dropped")
        .otherwise("good")
    )
    judged = masked.withColumn(VERDICT, verdict)
    if not reasons:
        return judged
    return judged.withColumn(REASONS, F.when(F.col(VERDICT) == "rejected", _reasons(faults, gate)))


def judge_readable(rows: DataFrame, gate: Gate) -> DataFrame:
    """Rows that are readable upserts, as the rules alone judge them: with `_sluice_mask` and `_sluice_verdict`."""
    mask = F.col(MASK)
    verdict = (
        F.when(mask.bitwiseAND(gate.bits("quarantine", "fail")) != 0, "rejected")
        .when(mask.bitwiseAND(gate.bits("drop")) != 0, "dropped")
        .otherwise("good")
    )
    return rows.withColumn(MASK, gate.mask()).withColumn(VERDICT, verdict)


def tallies(gate: Gate) -> list[Column]:
    """What a pass over judged events counts: by verdict, and failures per rule."""
    verdict = F.col(VERDICT)
    return [
        F.count(F.lit(1)).alias("read"),
        *[F.count_if(verdict == name).alias(name) for name in ("control", "dropped", "rejected")],
        *gate.failures(),
    ]


_NO_TRUNCATE = "a truncate: nothing tells which rows of the table it concerns"
PUT_TOGETHER = "reconciled_"
"""Begins the names of figures: how many rows that are put together from several events fail rule k."""


def with_judged_rows(rows: DataFrame, gate: Gate, partly: Column) -> tuple[DataFrame, list[Column]]:
    """Reconciled rows with `_sluice_mask`, and what to count: failures of rows that are `partly` from other events.

    Events that lack a rule's column are judged here, as what they make of the row.
    """
    if not gate.rules:
        return rows, []
    masked = rows.withColumn(MASK, F.when(partly, gate.mask()).otherwise(F.lit(0).cast("bigint")))
    bits = [F.col(MASK).bitwiseAND(F.lit(1 << k)) != 0 for k in range(len(gate.rules))]
    return masked, [F.count_if(bit).alias(f"{PUT_TOGETHER}{k}") for k, bit in enumerate(bits)]


def _faults(
    keys: Sequence[str], sequenced: bool, truncates: bool, valid: bool
) -> list[tuple[Column, Column]]:
    """(condition, reason) of everything but rules that rejects an event; conditions are never NULL."""
    faults = [(F.col(BAD).isNotNull(), reason("readable", [], F.col(BAD)))]
    readable = F.col(BAD).isNull() & ~F.col(OP).eqNullSafe("C")
    applied = ("I", "U", "D", "R", "T") if truncates else ("I", "U", "D", "R")
    known = F.coalesce(F.col(OP).isin(*applied), F.lit(False))
    told = F.when(F.col(OP) == "T", _NO_TRUNCATE).otherwise(F.concat(F.lit("operation "), _shown(F.col(OP))))
    faults.append((readable & ~known, reason("operation", [], told)))
    no_key = F.lit("the key is NULL")
    keyed = readable & ~F.col(OP).eqNullSafe("T") if truncates else readable
    faults += [(keyed & F.col(quote(key)).isNull(), reason("key", [key], no_key)) for key in keys]
    if sequenced:
        faults.append((readable & F.col(SEQ).isNull(), reason("sequence", [], F.lit("the sequence is NULL"))))
    if valid:
        no_time = F.lit("nothing says from when on it is valid")
        faults.append((readable & F.col(VALID).isNull(), reason("valid_time", [], no_time)))
    return faults


def _no_end(events: DataFrame) -> tuple[Column, Column]:
    """A row can't be marked by an event that doesn't say when it happened."""
    readable = F.col(BAD).isNull() & F.coalesce(F.col(OP) != "C", F.lit(False))
    lacking = readable & ends(events) & F.col(ENDS_AT).isNull()
    return lacking, reason("commit_time", [], F.lit("the commit time is NULL: deleted_at would show none"))


def _reasons(faults: Sequence[tuple[Column, Column]], gate: Gate) -> Column:
    listed = F.array(*[F.when(condition, reason) for condition, reason in faults])
    own = F.filter(listed, lambda each: each.isNotNull())
    if not gate.rules:
        return own
    broken = gate.reasons(F.col(MASK).bitwiseAND(gate.bits("quarantine", "fail")))
    return F.concat(own, F.coalesce(broken, F.array().cast(f"array<{REASON_TYPE}>")))


def reason(rule: str, columns: Sequence[str], found: Column) -> Column:
    """Why an event is rejected: the rule, the columns that it concerns, and what was found."""
    names = F.array(*[F.lit(name) for name in columns]).cast("array<string>")
    return F.struct(
        F.lit(rule).alias("rule"), names.alias("columns"), found.cast("string").alias("found")
    ).cast(REASON_TYPE)


def _shown(column: Column) -> Column:
    return F.coalesce(column.cast("string"), F.lit("NULL"))
