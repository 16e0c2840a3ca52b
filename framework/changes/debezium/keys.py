"""What stands beside a message: its key, and headers that tell of a key that changed.

key       {"id": 4}, {"schema": ..., "payload": {"id": 4}}, or 4 itself where the job has one key column
headers   __debezium.oldkey on the create of the new key, __debezium.newkey on the delete of the old one
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import types as T

from framework.changes.debezium.columns import Planned
from framework.sql import literal, quote
from framework.tables.types import type_sql

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

OLD_KEY, NEW_KEY = "__debezium.oldkey", "__debezium.newkey"


def column_named(df: DataFrame, name: str) -> str | None:
    """A column of the reader's by its name, in whatever case it came."""
    return next((each for each in df.columns if each.lower() == name), None)


def keys_of(plans: Sequence[Planned], keys: Sequence[str]) -> list[Planned] | None:
    """The plans of the job's key columns, in its order; None if it has none or they are not all there."""
    by_name = {plan.field.name.lower(): plan for plan in plans}
    found = [by_name[key.lower()] for key in keys if key.lower() in by_name]
    return found if found and len(found) == len(keys) else None


def key_struct(text: str, keys: Sequence[Planned]) -> str:
    """SQL of the key in a text, a struct of texts by the columns' names in the message."""
    fields = [T.StructField(plan.field.source, T.StringType()) for plan in keys]
    kind = T.StructType([*fields, T.StructField("payload", T.StructType(fields))])
    parsed = f"from_json({text}, {literal(type_sql(kind))})"
    names = [(plan.field.source, quote(plan.field.source)) for plan in keys]
    struct = ", ".join(f"{literal(name)}, coalesce(k.payload.{sql}, k.{sql})" for name, sql in names)
    # parsed once: the lambda binds it
    of_object = f"element_at(transform(array({parsed}), k -> named_struct({struct})), 1)"
    if len(keys) > 1:
        return f"CASE WHEN {text} LIKE '{{%' THEN {of_object} END"
    bare = f"named_struct({literal(keys[0].field.source)}, trim(BOTH '\"' FROM {text}))"
    return f"CASE WHEN {text} LIKE '{{%' THEN {of_object} WHEN {text} <> 'null' THEN {bare} END"


def header(headers: str, kind: T.DataType, name: str) -> str | None:
    """SQL of a header's text; None if the column holds no headers as a broker gives them."""
    if isinstance(kind, T.MapType):
        return f"cast({headers}[{literal(name)}] AS string)"
    if not isinstance(kind, T.ArrayType) or not isinstance(kind.elementType, T.StructType):
        return None
    if [field.name for field in kind.elementType.fields] != ["key", "value"]:
        return None
    # not by a lambda, which would cost every row its compiled plan
    place = f"array_position({headers}.key, {literal(name)})"
    return f"CASE WHEN {place} > 0 THEN cast(element_at({headers}.value, cast({place} AS int)) AS string) END"


def moved(struct: str, keys: Sequence[Planned]) -> str:
    """SQL of a key in a header as the key columns of the table."""
    parts = ", ".join(
        f"{literal(plan.field.name)}, {plan.of_text(f'{struct}.{quote(plan.field.source)}')}" for plan in keys
    )
    return f"CASE WHEN {struct} IS NOT NULL THEN named_struct({parts}) END"
