"""Envelope `debezium_flat`: rows as Debezium's ExtractNewRecordState leaves them, with their schemas or without.

the message                                          what it becomes
{"id": 1, ..., "__op": "u"}                          I U R T by __op, U where nothing tells
{"id": 1, ..., "__deleted": "true"}                  D
NULL, where no message has __deleted (tombstones)    D, of the key beside the message
NULL, where messages have it                         C
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import OP
from framework.changes.debezium import sequences
from framework.changes.debezium.opening import TEXT, fields_in
from framework.changes.debezium.rows import KEY, Image, Placed, rows, unfitting
from framework.changes.debezium.settings import Feed, feed_of
from framework.sql import quote
from framework.tables.types import type_sql

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job, Read

_M = "_sluice_message"
_CORRUPT = "_sluice_corrupt"
_LETTERS = (("c", "I"), ("u", "U"), ("d", "D"), ("r", "R"), ("t", "T"))


def decode(df: DataFrame, job: Job, source: Read, target: T.StructType | None = None) -> DataFrame:
    """Rows of flattened messages. Sequence: coordinates among the added fields, else the message's place."""
    prefix = str(source.options.get("add_fields_prefix", "__"))
    feed = feed_of(df, job, source, target, lambda schema: _fields(schema, prefix), ())
    added = _added(feed.opened.samples, prefix)
    coordinates = sequences.coordinates_of([_plain(added, each) for each in feed.opened.samples], target)
    parsed = _with_operations(_parsed(feed, added, coordinates), feed, added)
    snapshot = f"({OP} = 'R' OR coalesce({_at(added, 'snapshot', 'string')}, 'false') NOT IN ('false', ''))"
    order = (
        coordinates.sequence(lambda name: _at(added, name, dict(coordinates.reads)[name]), snapshot)
        if coordinates
        else sequences.position(source.format == "kafka")
    )
    micros, millis = (_at(added, f"source_{name}", "bigint", exact=True) for name in ("ts_us", "ts_ms"))
    time = f"coalesce(timestamp_micros({micros}), timestamp_millis({millis}))"
    image = Image(
        feed.plans,
        [f"{_M}.{quote(plan.field.source)}" for plan in feed.plans],
        f"json_object_keys({feed.opened.body})",
        frozenset(plan.field.source for plan in feed.plans) if feed.nested else frozenset(),
    )
    return rows(parsed, job, image, Placed(order, time, _broken(feed, added)), feed.placeholder)


def _fields(schema: Mapping[str, Any], prefix: str) -> list[Mapping[str, Any]]:
    """The row's own fields: not those that the flattening added."""
    return [each for each in fields_in(schema) if not (prefix and str(each["field"]).startswith(prefix))]


def _added(samples: Sequence[Mapping[str, Any]], prefix: str) -> dict[str, str]:
    """The added fields, `op`, `lsn`, `source_ts_ms`, ... by what they are called in the messages."""
    return {
        name.removeprefix(prefix): name
        for each in samples
        for name in each
        if prefix and name.startswith(prefix)
    }


def _plain(added: Mapping[str, str], message: Mapping[str, Any]) -> dict[str, Any]:
    """Coordinates of a message as the connector names them: `lsn` was added as lsn or as source.lsn."""
    found = {name: message.get(called) for name, called in added.items()}
    return {**{name.removeprefix("source_"): value for name, value in found.items()}, **found}


def _at(added: Mapping[str, str], name: str, kind: str, *, exact: bool = False) -> str:
    called = added.get(name) or (None if exact else added.get(f"source_{name}"))
    return f"try_cast({_M}.{quote(called)} AS {kind})" if called else f"cast(NULL AS {kind})"


def _parsed(feed: Feed, added: Mapping[str, str], coordinates: sequences.Coordinates | None) -> DataFrame:
    row = feed.row_type(feed.plans)
    reads = dict(coordinates.reads if coordinates else ())
    wanted = {"op", "deleted", "snapshot", "ts_us", "ts_ms", *reads}
    texts = [
        called
        for name, called in added.items()
        if name.removeprefix("source_") in wanted and called not in row.names
    ]
    kind = T.StructType([*row.fields, *[T.StructField(name, T.StringType()) for name in (*texts, _CORRUPT)]])
    return feed.opened.df.withColumn(_M, feed.opened.parsed(type_sql(kind), _CORRUPT))


def _with_operations(df: DataFrame, feed: Feed, added: Mapping[str, str]) -> DataFrame:
    nothing = F.col(TEXT).isNull()
    only_tombstones = "deleted" not in added and KEY in df.columns
    by_key = nothing & F.col(KEY).isNotNull() if only_tombstones else F.lit(False)
    # heartbeats pass the flattening as they are
    beat = _is_empty(feed) & F.expr(feed.opened.body).rlike(r'^\{"(ts_ms|status)":')
    letter = F.when(by_key, "D").when(nothing | beat, "C")
    if "deleted" in added:
        letter = letter.when(F.col(f"{_M}.{quote(added['deleted'])}") == "true", "D")
    if "op" in added:
        op = F.col(f"{_M}.{quote(added['op'])}")
        for given, letter_of in _LETTERS:
            letter = letter.when(op == given, letter_of)
        letter = letter.when(op.isNull(), "U")
    else:
        letter = letter.otherwise("U")
    return df.withColumn(OP, letter)


def _broken(feed: Feed, added: Mapping[str, str]) -> Column:
    """Why a message can't be read; NULL if it can."""
    corrupt = F.col(f"{_M}.{_CORRUPT}").isNotNull()
    typed = f"from_json({feed.opened.body}, 'map<string,string>')"
    op = F.col(f"{_M}.{quote(added['op'])}") if "op" in added else F.lit(None)
    empty = _is_empty(feed)
    return (
        F.when(F.col(TEXT).isNull(), F.lit(None).cast("string"))
        .when(F.col(_M).isNull() | (corrupt & empty & op.isNull()), "message is no JSON object")
        .when(corrupt, unfitting(feed.plans, _M, typed))
        .when(F.col(OP).isNull(), F.concat(F.lit("operation '"), op, F.lit("' is unknown")))
    )


def _is_empty(feed: Feed) -> Column:
    """Whether the message has nothing of a row."""
    columns = [F.col(f"{_M}.{quote(plan.field.source)}").isNull() for plan in feed.plans]
    return reduce(and_, columns, F.lit(True))
