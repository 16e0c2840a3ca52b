"""A message's text, opened: with its schema or without, told apart row by row.

    {"before": ..., "after": ..., "op": "c"}                    body: the text       version NULL
    {"schema": {...}, "payload": {"before": ..., ...}}          body: the payload    version: a hash of the schema
    {"schema": null, "payload": {"before": ..., ...}}           body: the payload    version NULL

The schema is cut off as text: it is most of such a message, and there are few different ones.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from framework.errors import ReadError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

TEXT = "_sluice_text"
VERSION = "_sluice_version"
Samples = tuple[Mapping[str, Any], ...]
_MARK = '"payload":'
_HEAD = f"substring_index({TEXT}, '{_MARK}', 1)"
_PARSED = f"get_json_object({TEXT}, '$.schema')"
_LENGTH = "_sluice_head_length"
"""Bytes of the head, NULL where there is none; places in a text would be counted in characters, one by one."""
_AFTER_MARK = f"cast(substr(cast({TEXT} AS binary), {_LENGTH} + {len(_MARK) + 1}) AS string)"
"""The payload, and a brace that the parser doesn't get to."""
_BEGINS = f"""({TEXT} LIKE '{{"schema"%' OR {TEXT} LIKE '{{"payload"%')"""
_WRAPPED = f"""{TEXT} RLIKE '^\\\\s*[{{]\\\\s*"(schema|payload)"\\\\s*:'"""
_MOST = 1000
_LOOK = 20
_KNOWN = 4


@dataclass(frozen=True)
class Opened:
    """Messages with `_sluice_text` and `_sluice_version`, and what was seen of them."""

    df: DataFrame
    body: str
    """SQL of a message's body: no column, because each step would copy it beside the text."""
    samples: Samples
    """The first bodies of the batch that are objects."""
    schemas: Mapping[int, Mapping[str, Any]]
    """The schemas in the batch by version."""

    def parsed(self, kind: str, corrupt: str) -> Column:
        """The body as a struct; a list of objects would pass as its first."""
        found = F.from_json(F.expr(self.body), kind, {"columnNameOfCorruptRecord": corrupt})
        return F.when(F.expr(self.body).startswith("{"), found)


def open_messages(df: DataFrame, text: Column, *kept: Column) -> Opened:
    """Messages and their schemas. Looks at the first messages; where these have schemas, at the schemas of all."""
    # a blank line is no message, and JSON's null is a tombstone as good as none
    named = df.select(F.when(text.startswith("{") | ~F.trim(text).isin("", "null"), text).alias(TEXT), *kept)
    looked = [row[0] for row in named.filter(F.col(TEXT).isNotNull()).select(TEXT).take(_LOOK)]
    objects = {each: found for each in looked if (found := _object(each)) is not None}
    samples = tuple(found for each in objects.values() if isinstance(found := _payload(each), dict))
    wrapped = [each for each, found in objects.items() if _wrapped(found)]
    if not wrapped:
        return _cut(named, samples, {}, _BEGINS, ())
    # most messages of a batch begin as its first ones do, and to compare is quicker than to search
    known = tuple(dict.fromkeys(each.split(_MARK)[0] for each in wrapped if _MARK in each))[:_KNOWN]
    schemas = _schemas(named, known)
    if schemas is not None:
        return _cut(named, samples, schemas, _WRAPPED, known)
    # a schema in another place, or the mark inside of a schema: never seen, and right all the same
    schemas = _schemas(named, None)
    if schemas is not None:
        return _taken_apart(named, samples, schemas)
    raise ReadError("the schemas of the batch's messages can't be read", fix="Look at its first messages.")


def _schemas(named: DataFrame, known: Sequence[str] | None) -> dict[int, Mapping[str, Any]] | None:
    """The schemas by version; None if cutting did not give a schema each time. `known`: heads; None: parse."""
    exact = known is None
    others = reduce(and_, [~_starts_with(head) for head in known or ()], F.expr(_WRAPPED))
    heads = named.filter(others).selectExpr(f"{_PARSED if exact else _HEAD} AS head").distinct()
    if known:
        heads = heads.unionByName(
            named.sparkSession.createDataFrame([(head,) for head in known], "head string")
        )
    found = heads.select("head", F.xxhash64("head").alias("version")).limit(_MOST + 1).collect()
    if len(found) > _MOST and not exact:
        return None
    if len(found) > _MOST:
        raise ReadError(
            f"the batch's messages have more than {_MOST} different schemas",
            fix="Send messages without schemas, or with the schemas of one table.",
        )
    schemas = {}
    for row in found:
        schema = _schema(row["head"], exact)
        if schema is None:
            return None
        if schema.get("fields"):
            schemas[int(row["version"])] = schema
    return schemas


def _schema(head: str | None, exact: bool) -> Mapping[str, Any] | None:
    """The schema at the head of a message, {} if it is null; None if that is no such head."""
    if exact:
        return _object(head) or {}
    found = _object((head or "").rstrip().rstrip(",") + "}")
    return None if found is None or "schema" not in found else found["schema"] or {}


def _cut(
    named: DataFrame,
    samples: Samples,
    schemas: Mapping[int, Mapping[str, Any]],
    wrapped: str,
    known: Sequence[str],
) -> Opened:
    """Messages cut at the mark."""
    length = F.when(F.expr(wrapped), F.octet_length(F.expr(_HEAD)))
    for head in known:
        length = F.when(_starts_with(head), len(head.encode())).otherwise(length)
    version = f"xxhash64(substr(cast({TEXT} AS binary), 1, {_LENGTH}))" if schemas else "cast(NULL AS bigint)"
    df = named.withColumn(_LENGTH, length).selectExpr("*", f"{version} AS {VERSION}")
    body = f"ltrim(CASE WHEN {_LENGTH} IS NOT NULL THEN {_AFTER_MARK} ELSE {TEXT} END)"
    return Opened(df, body, samples, schemas)


def _taken_apart(named: DataFrame, samples: Samples, schemas: Mapping[int, Mapping[str, Any]]) -> Opened:
    """Messages that are parsed for their schema, and for their payload."""
    version = f"CASE WHEN {_WRAPPED} THEN xxhash64({_PARSED}) END" if schemas else "cast(NULL AS bigint)"
    body = f"ltrim(CASE WHEN {_WRAPPED} THEN get_json_object({TEXT}, '$.payload') ELSE {TEXT} END)"
    return Opened(named.selectExpr("*", f"{version} AS {VERSION}"), body, samples, schemas)


def _starts_with(head: str) -> Column:
    return F.coalesce(F.col(TEXT).startswith(F.lit(head + _MARK)), F.lit(False))


def _object(text: str | None) -> dict[str, Any] | None:
    try:
        found = json.loads(text or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _wrapped(message: Mapping[str, Any]) -> bool:
    return "payload" in message and set(message) <= {"schema", "payload"}


def _payload(message: Mapping[str, Any]) -> Any:
    return message["payload"] if _wrapped(message) else message


def fields_in(schema: Mapping[str, Any], *path: str) -> list[Mapping[str, Any]]:
    """The fields of a schema, or of the struct at a path in it; none if there is no such struct."""
    fields: list[Mapping[str, Any]] = list(schema.get("fields") or [])
    for name in path:
        inner = next((each for each in fields if each.get("field") == name), {})
        fields = list(inner.get("fields") or [])
    return fields
