"""Envelope `debezium`: changes as Debezium writes them, with their schemas or without, a message each.

op       what it becomes
c u d r  I U D R; a delete without a row takes its key from the message's key
t        T (truncate)
m, none  C: logical messages, heartbeats, marks of transactions, schema changes; a message without value (tombstone)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import OP
from framework.changes.debezium import sequences
from framework.changes.debezium.columns import Planned
from framework.changes.debezium.keys import keys_of
from framework.changes.debezium.opening import TEXT, fields_in
from framework.changes.debezium.rows import Image, Placed, rows, unfitting
from framework.changes.debezium.settings import Feed, feed_of
from framework.sql import quote
from framework.tables.types import type_sql

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job, Read

_M = "_sluice_message"
_CORRUPT = "_sluice_corrupt"
_ELSEWHERE = frozenset(
    """before after transaction sequence xmin origin origin_lsn lsn txId gtid thread query table schema snapshot
    change_lsn commit_lsn event_serial_no scn commit_scn start_scn rs_id ssn redo_thread row_id user_name lcr_position
    ts_ms ts_us ts_ns""".split()  # noqa: SIM905
)
"""Names that are NULL in envelopes too."""
_STREAMED = "('false', '')"


def decode(df: DataFrame, job: Job, source: Read, target: T.StructType | None = None) -> DataFrame:
    """Rows of Debezium's messages. Sequence: the connector's coordinates, else the message's place in its source."""
    feed = feed_of(df, job, source, target, _fields, ("after", "before"))
    coordinates = sequences.coordinates_of(
        [each["source"] for each in feed.opened.samples if isinstance(each.get("source"), dict)], target
    )
    before = feed.plans if _wants_before(job) else keys_of(feed.plans, job.changes.keys) or feed.plans
    parsed = _parsed(feed, before, coordinates, place=bool(source.table))
    body = feed.opened.body
    image = Image(
        feed.plans,
        [_raw(plan, before) for plan in feed.plans],
        f"json_object_keys(get_json_object({body}, '$.after'))",
        frozenset(plan.field.source for plan in feed.plans) if feed.nested else _ELSEWHERE,
    )
    snapshot = f"({OP} = 'R' OR coalesce({_M}.source.snapshot, 'false') NOT IN {_STREAMED})"
    order = (
        coordinates.sequence(lambda name: f"{_M}.source.{quote(name)}", snapshot)
        if coordinates
        else sequences.position(source.format == "kafka")
    )
    placed = Placed(order, _time(), _broken(feed))
    return rows(_with_operations(parsed, source), job, image, placed, feed.placeholder)


def _fields(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return fields_in(schema, "after") or fields_in(schema, "before")


def _wants_before(job: Job) -> bool:
    """Whether a deleted row's values matter, and not its key alone."""
    return job.mode != "merge" or job.transform is not None


def _parsed(
    feed: Feed, before: Sequence[Planned], coordinates: sequences.Coordinates | None, place: bool
) -> DataFrame:
    """The message, parsed once, with nothing in it that nobody asks for."""
    reads = dict(coordinates.reads if coordinates else ())
    texts = ["snapshot", *(("schema", "db", "table") if place else ())]
    known = {"ts_ms": "bigint", "ts_us": "bigint", **dict.fromkeys(texts, "string"), **reads}
    source = ", ".join(f"{quote(name)} {kind}" for name, kind in known.items())
    kind = (
        f"op string, before {type_sql(feed.row_type(before))}, after {type_sql(feed.row_type(feed.plans))}, "
        f"source struct<{source}>, ts_ms bigint, status string, ddl string, databaseName string, {_CORRUPT} string"
    )
    return feed.opened.df.withColumn(_M, feed.opened.parsed(kind, _CORRUPT))


def _with_operations(parsed: DataFrame, source: Read) -> DataFrame:
    """What messages are; those of other tables are left out."""
    op, nothing = F.col(f"{_M}.op"), F.col(TEXT).isNull()
    mark = F.col(f"{_M}.op").isNull() & (
        F.col(f"{_M}.status").isNotNull()
        | F.col(f"{_M}.ddl").isNotNull()
        | F.col(f"{_M}.databaseName").isNotNull()
        | (F.col(f"{_M}.ts_ms").isNotNull() & F.col(f"{_M}.source").isNull())
    )
    letter = F.when(nothing | (op == "m") | mark, "C")
    for given, letter_of in (("c", "I"), ("u", "U"), ("d", "D"), ("r", "R"), ("t", "T")):
        letter = letter.when(op == given, letter_of)
    return _of_table(parsed, source).withColumn(OP, letter)


def _of_table(parsed: DataFrame, source: Read) -> DataFrame:
    """Messages of the table that `read.table` names; what tells no table stays."""
    if not source.table:
        return parsed
    place = [F.coalesce(F.col(f"{_M}.source.schema"), F.col(f"{_M}.source.db")), F.col(f"{_M}.source.table")]
    told = F.concat_ws(".", *place) if "." in source.table else place[-1]
    return parsed.filter(place[-1].isNull() | (told == source.table))


def _broken(feed: Feed) -> Column:
    """Why a message can't be read; NULL if it can."""
    op, after = F.col(f"{_M}.op"), F.col(f"{_M}.after")
    corrupt = F.col(f"{_M}.{_CORRUPT}").isNotNull()
    given = f"from_json(get_json_object({feed.opened.body}, '$.after'), 'map<string,string>')"
    unknown = F.concat(F.lit("operation "), F.coalesce(F.concat(F.lit("'"), op, F.lit("'")), F.lit("NULL")))
    return (
        F.when(F.col(TEXT).isNull(), F.lit(None).cast("string"))
        .when(F.col(_M).isNull() | (corrupt & op.isNull() & after.isNull()), "message is no JSON object")
        .when(corrupt, unfitting(feed.plans, f"{_M}.after", given))
        .when(F.col(OP).isNull(), F.concat(unknown, F.lit(" in op is unknown")))
        .when(F.col(OP).isin("I", "U", "R") & after.isNull(), "the message has no row: after is NULL")
    )


def _raw(plan: Planned, before: Sequence[Planned]) -> str:
    name = quote(plan.field.source)
    if plan not in before:
        return f"{_M}.after.{name}"
    return f"CASE WHEN {OP} = 'D' THEN {_M}.before.{name} ELSE {_M}.after.{name} END"


def _time() -> str:
    """When the database committed the change."""
    return f"coalesce(timestamp_micros({_M}.source.ts_us), timestamp_millis({_M}.source.ts_ms))"
