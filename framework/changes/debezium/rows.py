"""From parsed messages to rows in the normal form: raw values, values, what is missing, what is wrong.

Steps, a projection each, so that nothing is worked out twice:

1. raw values of the row's image, the key beside the message where the image has none
2. values, and what the row doesn't carry
3. what is wrong; the normal form

Lists are worked on by lambdas on purpose, also where a chain of conditions would do: Spark then compiles the step in
many small methods, while what it fuses into one method becomes too large for Java to compile, and three times slower.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
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
from framework.changes.debezium.opening import TEXT
from framework.changes.debezium.placeholders import Placeholder
from framework.changes.sequence import sequence_of
from framework.readers.declared import LONGEST_SHOWN, Field
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


@dataclass(frozen=True)
class Placed:
    """What an event is apart from its row."""

    sequence: str
    time: str
    """SQL of both."""
    bad: Column


def rows(parsed: DataFrame, job: Job, image: Image, placed: Placed, placeholder: Placeholder) -> DataFrame:
    """The normal form. `parsed` has the text, the message, its operation and its source."""
    keys = keys_of(image.plans, job.changes.keys)
    beside = _beside(parsed, image, keys)
    raws = [f"_sluice_r{i}" for i in range(len(image.raws))]
    worked_out = {
        SEQ: placed.sequence,
        TIME: placed.time,
        **dict(zip(raws, image.raws, strict=True)),
        **{f"_sluice_p{i}": sql for i, sql in _prepared(image)},
        **beside,
        _GIVEN: _given(image),
    }
    first = parsed.select(
        *[F.col(name) for name in (OP, SRC, TEXT, VERSION)],
        F.coalesce(F.col(BAD), placed.bad).alias(BAD),
        *[F.expr(sql).alias(name) for name, sql in worked_out.items()],
    )
    valued = first.selectExpr(
        *_CARRIED,
        f"{_absent(image, placeholder)} AS {ABSENT}",
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
        sql = f"CASE WHEN NOT ({stands_in}) THEN {sql} END"
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
    return f" AND NOT contains({TEXT}, {spelled})"


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
    candidates = [(i, plan) for i, plan in enumerate(image.plans) if plan.fallible]
    if not candidates:
        return F.lit(None).cast("string")
    unfitting = [
        F.col(f"_sluice_r{i}").isNotNull() & F.col(quote(plan.field.name)).isNull() for i, plan in candidates
    ]
    listed = [
        F.when(condition, misfit(plan.field, _shown(i, plan)))
        for condition, (i, plan) in zip(unfitting, candidates, strict=True)
    ]
    return F.when(reduce(or_, unfitting), told(F.array(*listed), F.col(ABSENT)))


def unfitting(plans: Sequence[Planned], path: str, given: str) -> Column:
    """What a parser could not take for what it was told; `given` is SQL of the row as map<string,string>."""
    typed = [plan for plan in plans if not isinstance(plan.raw, T.StringType)]
    empty = [F.col(f"{path}.{quote(plan.field.source)}").isNull() for plan in typed]

    def misfits(values: Column) -> Column:
        shown = [F.element_at(values, F.lit(plan.field.source)) for plan in typed]
        return F.array(
            *[
                F.when(null & value.isNotNull(), misfit(plan.field, value))
                for null, value, plan in zip(empty, shown, typed, strict=True)
            ]
        )

    otherwise = F.lit("a value of the message does not fit its type")
    # the lambda binds what was parsed
    found = told(F.element_at(F.transform(F.array(F.expr(given)), misfits), 1)) if typed else otherwise
    return F.coalesce(found, otherwise)


def misfit(field: Field, value: Column) -> Column:
    """A value that doesn't fit its column."""
    return F.struct(F.lit(field.name).alias("name"), F.lit(field.wanted).alias("type"), value.alias("value"))


def told(misfits: Column, absent: Column | None = None) -> Column:
    """`value 'abc' of column age is not bigint` for each of those that aren't NULL and not absent; NULL for none."""
    kept = F.filter(misfits, lambda each: each.isNotNull())
    if absent is not None:
        names = F.coalesce(absent, F.array().cast("array<string>"))
        kept = F.filter(kept, lambda each: ~F.array_contains(names, each["name"]))
    texts = F.transform(
        kept,
        lambda each: F.concat(
            F.lit("value '"),
            F.substring(each["value"], 1, LONGEST_SHOWN),
            F.when(F.length(each["value"]) > LONGEST_SHOWN, "...").otherwise(""),
            F.lit("' of column "),
            each["name"],
            F.lit(" is not "),
            each["type"],
        ),
    )
    return F.when(F.size(texts) > 0, F.array_join(texts, "; "))


def _shown(i: int, plan: Planned) -> Column:
    raw = F.col(f"_sluice_r{i}")
    if isinstance(plan.raw, T.StructType | T.ArrayType | T.MapType):
        return F.to_json(raw)
    return F.base64(raw) if isinstance(plan.raw, T.BinaryType) else raw.cast("string")
