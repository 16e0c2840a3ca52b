"""From parsed messages to rows in the normal form: raw values, values, what is missing, what is wrong.

Steps, a projection each, so that nothing is worked out twice:

1. raw values of the row's image, the key beside the message where the image has none
2. what the row doesn't carry
3. values
4. what is wrong; the normal form
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import (
    ABSENT,
    BAD,
    MOVED_FROM,
    MOVED_TO,
    OP,
    RAW,
    SEQ,
    SRC,
    TIME,
)
from framework.changes.debezium.columns import VERSION, Planned
from framework.changes.debezium.keys import NEW_KEY, OLD_KEY, header, key_struct, keys_of, moved
from framework.changes.debezium.opening import BODY, TEXT
from framework.changes.debezium.placeholders import Placeholder
from framework.changes.sequence import sequence_of
from framework.readers.declared import unfit
from framework.sql import literal, quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job

KEY, HEADERS = "_sluice_message_key", "_sluice_headers"
_GIVEN = "_sluice_given"
_BESIDE, _OLD, _NEW = "_sluice_beside", "_sluice_old", "_sluice_new"
_CARRIED = (OP, SEQ, TIME, SRC, BAD, TEXT)
UPSERT = f"{OP} IN ('I', 'U', 'R')"


@dataclass(frozen=True)
class Image:
    """Where the rows are in parsed messages."""

    plans: Sequence[Planned]
    raws: Sequence[str]
    """SQL of the raw value of each column."""
    given: str
    """SQL of the row as JSON; worked out only where a column may be missing."""
    ambiguous: frozenset[str] = field(default_factory=frozenset)
    """Names that may be NULL elsewhere in the message too."""


def rows(parsed: DataFrame, job: Job, image: Image, placeholder: Placeholder) -> DataFrame:
    """The normal form. `parsed` has operation, sequence, time, source, what is bad so far, and the message."""
    keys = keys_of(image.plans, job.changes.keys)
    beside = _beside(parsed, image, keys)
    raws = [f"_sluice_r{i}" for i in range(len(image.raws))]
    first = parsed.selectExpr(
        *_CARRIED,
        VERSION,
        *[f"{sql} AS {name}" for name, sql in zip(raws, image.raws, strict=True)],
        *[f"{sql} AS _sluice_p{i}" for i, sql in _prepared(image)],
        *[f"{sql} AS {name}" for name, sql in beside.items()],
        f"{_given(image)} AS {_GIVEN}",
    )
    marked = first.selectExpr("*", f"{_absent(image, placeholder)} AS {ABSENT}")
    valued = marked.selectExpr(
        *_CARRIED,
        ABSENT,
        *[raw for raw, plan in zip(raws, image.plans, strict=True) if plan.fallible],
        *[
            f"{_value(i, plan, placeholder, _BESIDE in beside and plan in (keys or ()))} AS {quote(plan.field.name)}"
            for i, plan in enumerate(image.plans)
        ],
        *_moves(beside, keys),
    )
    return _normal(valued, job, image)


def _beside(parsed: DataFrame, image: Image, keys: Sequence[Planned] | None) -> dict[str, str]:
    """What is taken from the message's key and headers."""
    if keys is None:
        return {}
    found = {}
    if KEY in parsed.columns:
        lacking = " OR ".join(f"{image.raws[list(image.plans).index(key)]} IS NULL" for key in keys)
        found[_BESIDE] = f"CASE WHEN {OP} = 'D' AND ({lacking}) THEN {key_struct(KEY, keys)} END"
    if HEADERS in parsed.columns:
        for name, operation, own in ((_OLD, "I", OLD_KEY), (_NEW, "D", NEW_KEY)):
            text = header(HEADERS, parsed.schema[HEADERS].dataType, own)
            if text is not None:
                found[name] = f"CASE WHEN {OP} = '{operation}' THEN {text} END"
    return found


def _moves(beside: dict[str, str], keys: Sequence[Planned] | None) -> list[str]:
    named = ((_OLD, MOVED_FROM), (_NEW, MOVED_TO))
    return [
        f"{moved(f'({key_struct(source, keys)})', keys)} AS {name}"
        for source, name in named
        if source in beside and keys is not None
    ]


def _prepared(image: Image) -> list[tuple[int, str]]:
    found = (
        (i, plan.prepared(raw)) for i, (plan, raw) in enumerate(zip(image.plans, image.raws, strict=True))
    )
    return [(i, sql) for i, sql in found if sql is not None]


def _value(i: int, plan: Planned, placeholder: Placeholder, is_key: bool) -> str:
    raw = f"_sluice_r{i}"
    sql = plan.value(f"_sluice_p{i}" if plan.prepared(raw) else raw)
    stands_in = placeholder.stands_in(raw, plan.raw, plan.field.type)
    if stands_in is not None:
        sql = f"CASE WHEN {ABSENT} IS NOT NULL AND {stands_in} THEN NULL ELSE {sql} END"
    if is_key:
        text = plan.of_text(f"{_BESIDE}.{quote(plan.field.source)}")
        sql = f"coalesce({sql}, CASE WHEN {_BESIDE} IS NOT NULL THEN {text} END)"
    return sql


def _given(image: Image) -> str:
    """The names that a message without schema has, if a column may be missing in it."""
    doubts = [
        f"{raw} IS NULL{_told_null(plan, image)}" for plan, raw in zip(image.plans, image.raws, strict=True)
    ]
    doubtful = " OR ".join(f"({each})" for each in doubts)
    return f"CASE WHEN {UPSERT} AND {VERSION} IS NULL AND ({doubtful}) THEN {image.given} END"


def _told_null(plan: Planned, image: Image) -> str:
    """A NULL that the text spells out needs no second look at the message, unless it may be another's."""
    if plan.field.source in image.ambiguous or not plan.field.source.isprintable():
        return ""
    name = plan.field.source.replace("\\", "\\\\").replace('"', '\\"')
    spelled = literal(f'"{name}":null')
    return f" AND NOT contains({BODY}, {spelled})"


def _absent(image: Image, placeholder: Placeholder) -> str:
    """Names of the columns that an upsert doesn't carry: placeholders, and what its message lacks; NULL: none."""
    listed, doubts = [], [f"{_GIVEN} IS NOT NULL"]
    for i, plan in enumerate(image.plans):
        raw = f"_sluice_r{i}"
        conditions = [f"{raw} IS NULL AND NOT array_contains({_GIVEN}, {literal(plan.field.source)})"]
        if plan.lacking:
            conditions.append(f"{VERSION} IN ({', '.join(f'{version}L' for version in plan.lacking)})")
        stands_in = placeholder.stands_in(raw, plan.raw, plan.field.type)
        if stands_in is not None:
            conditions.append(stands_in)
        doubts += conditions[1:]
        missing = " OR ".join(f"({each})" for each in conditions)
        listed.append(f"CASE WHEN {missing} THEN {literal(plan.field.name)} END")
    some = f"array_compact(array({', '.join(listed)}))"
    doubtful = " OR ".join(f"({each})" for each in doubts)
    return f"CASE WHEN {UPSERT} AND ({doubtful}) THEN nullif({some}, cast(array() AS array<string>)) END"


def _normal(valued: DataFrame, job: Job, image: Image) -> DataFrame:
    wrong = _wrong(image)
    optional = [name for name in (ABSENT, MOVED_FROM, MOVED_TO, TIME) if name in valued.columns]
    control = F.col(OP).eqNullSafe("C")
    bad = F.when(~control, F.coalesce(F.col(BAD), wrong))
    decoded = valued.select(
        *[F.col(quote(plan.field.name)) for plan in image.plans],
        OP,
        SEQ,
        SRC,
        bad.alias(BAD),
        TEXT,
        *optional,
    )
    if job.changes.sequence:
        decoded = decoded.withColumn(SEQ, sequence_of(decoded.drop(TEXT), job.changes.sequence, job.job))
    raw = F.when(F.col(BAD).isNotNull(), F.col(TEXT)).alias(RAW)
    names = [name for name in decoded.columns if name not in (TEXT, *optional)]
    return decoded.select(*[F.col(quote(name)) for name in names], raw, *optional)


def _wrong(image: Image) -> Column:
    """What is wrong with values that don't fit; what it says is worked out for those only."""
    reasons, found = [], F.lit(False)
    for i, plan in enumerate(image.plans):
        if not plan.fallible:
            continue
        name = plan.field.name
        unfitting = F.col(f"_sluice_r{i}").isNotNull() & F.col(quote(name)).isNull()
        carried = F.coalesce(~F.array_contains(F.col(ABSENT), name), F.lit(True))
        found = found | unfitting
        reasons.append(F.when(unfitting & carried, unfit(_shown(i, plan), plan.field)))
    if not reasons:
        return F.lit(None).cast("string")
    told = F.concat_ws("; ", *reasons)
    return F.when(found, F.when(told != "", told))


def _shown(i: int, plan: Planned) -> Column:
    raw = F.col(f"_sluice_r{i}")
    if isinstance(plan.raw, T.StructType | T.ArrayType | T.MapType):
        return F.to_json(raw)
    return F.base64(raw) if isinstance(plan.raw, T.BinaryType) else raw.cast("string")
