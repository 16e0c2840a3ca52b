"""The gate: each event judged by itself, before the fold, so that a bad event never takes a good one down with it.

Conditions and reasons are SQL: built from columns, an expression takes a call into the JVM for each of its parts.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import ABSENT, BAD, ENDS_AT, MASK, OP, REASONS, SEQ, VALID, VERDICT
from framework.changes.soft import ends_text
from framework.quality.gate import Gate
from framework.sql import literal, quote

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
    upsert = F.expr(f"{OP} IN ('I', 'U', 'R') AND {BAD} IS NULL")
    absent = F.col(ABSENT) if ABSENT in events.columns else None
    none = F.expr("cast(0 AS bigint)")
    mask = F.when(upsert, gate.mask(absent)).otherwise(none) if gate.rules else none
    faults = _faults(keys, sequenced, truncates, valid=VALID in events.columns)
    if ENDS_AT in events.columns:
        faults.append(_no_end(events))
    faulty = " OR ".join(f"({condition})" for condition, _ in faults)
    rejected = f"NOT {OP} <=> 'C' AND ({faulty} OR {_broken(gate, 'quarantine', 'fail')})"
    found = [_verdict(gate, rejected, control=f"{OP} <=> 'C'").alias(VERDICT)]
    if reasons:
        found.append(F.when(F.expr(rejected), _reasons(faults, gate)).alias(REASONS))
    return events.withColumn(MASK, mask).select("*", *found)


def judge_readable(rows: DataFrame, gate: Gate) -> DataFrame:
    """Rows that are readable upserts, as the rules alone judge them: with `_sluice_mask` and `_sluice_verdict`."""
    verdict = _verdict(gate, _broken(gate, "quarantine", "fail"))
    return rows.withColumn(MASK, gate.mask()).withColumn(VERDICT, verdict)


def _verdict(gate: Gate, rejected: str, control: str = "false") -> Column:
    return F.expr(f"""CASE WHEN {control} THEN 'control'
        WHEN {rejected} THEN 'rejected'
        WHEN {_broken(gate, "drop")} THEN 'dropped'
        ELSE 'good' END""")


def _broken(gate: Gate, *actions: str) -> str:
    """Whether a row breaks a rule with one of these actions."""
    return f"({MASK} & {gate.bits(*actions)}L) != 0"


def tallies(gate: Gate) -> list[Column]:
    """What a pass over judged events counts: by verdict, and failures per rule."""
    verdicts = ("control", "dropped", "rejected")
    return [
        F.expr("count(1) AS read"),
        *[F.expr(f"count_if({VERDICT} = '{name}') AS {name}") for name in verdicts],
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


def _faults(keys: Sequence[str], sequenced: bool, truncates: bool, valid: bool) -> list[tuple[str, str]]:
    """(condition, reason) of everything but rules that rejects an event, as SQL; conditions are never NULL."""
    faults = [(f"{BAD} IS NOT NULL", _reason("readable", [], BAD))]
    readable = f"{BAD} IS NULL AND NOT {OP} <=> 'C'"
    applied = "('I', 'U', 'D', 'R', 'T')" if truncates else "('I', 'U', 'D', 'R')"
    told = f"""CASE WHEN {OP} = 'T' THEN {literal(_NO_TRUNCATE)}
        ELSE concat('operation ', coalesce(cast({OP} AS string), 'NULL')) END"""
    faults.append((f"{readable} AND NOT coalesce({OP} IN {applied}, false)", _reason("operation", [], told)))
    keyed = f"{readable} AND NOT {OP} <=> 'T'" if truncates else readable
    no_key = literal("the key is NULL")
    faults += [(f"{keyed} AND {quote(key)} IS NULL", _reason("key", [key], no_key)) for key in keys]
    if sequenced:
        no_sequence = literal("the sequence is NULL")
        faults.append((f"{readable} AND {SEQ} IS NULL", _reason("sequence", [], no_sequence)))
    if valid:
        no_time = literal("nothing says from when on it is valid")
        faults.append((f"{readable} AND {VALID} IS NULL", _reason("valid_time", [], no_time)))
    return faults


def _no_end(events: DataFrame) -> tuple[str, str]:
    """A row can't be marked by an event that doesn't say when it happened."""
    readable = f"{BAD} IS NULL AND coalesce({OP} != 'C', false)"
    no_time = literal("the commit time is NULL: deleted_at would show none")
    lacking = f"{readable} AND ({ends_text(events)}) AND {ENDS_AT} IS NULL"
    return lacking, _reason("commit_time", [], no_time)


def _reasons(faults: Sequence[tuple[str, str]], gate: Gate) -> Column:
    listed = ", ".join(f"CASE WHEN {condition} THEN {why} END" for condition, why in faults)
    own = F.expr(f"filter(array({listed}), each -> each IS NOT NULL)")
    if not gate.rules:
        return own
    broken = gate.reasons(F.col(MASK).bitwiseAND(gate.bits("quarantine", "fail")))
    return F.concat(own, F.coalesce(broken, F.array().cast(f"array<{REASON_TYPE}>")))


def one_reason(rule: str, found: str) -> Column:
    """Reasons of an event that is rejected for a single one, which concerns no column: the rule, and what to say."""
    return F.expr(f"array({_reason(rule, [], literal(found))})")


def _reason(rule: str, columns: Sequence[str], found: str) -> str:
    """Why an event is rejected, as SQL: the rule, the columns that it concerns, and what was found (SQL, too)."""
    names = ", ".join(literal(name) for name in columns)
    return f"""cast(named_struct('rule', {literal(rule)}, 'columns', cast(array({names}) AS array<string>),
        'found', cast({found} AS string)) AS {REASON_TYPE})"""
