"""What to do when the columns that arrive are not the table's: a pure decision, by the job's policy.

    policy        a new column        a wider type   another type                   a column that no longer
    arrives add_columns   is added            fitted         fitted                         NULL widen
    is added            is widened     fitted                         NULL strict        refused
    refused        refused                        refused flag          goes to _sluice_extra  fitted
    fitted                         NULL

Fitted: each value is cast to the column's type, and a row whose value doesn't fit goes to quarantine. Where
no cast exists, a key is concerned, or two columns differ in case only, the drift is refused under every
policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyspark.sql import types as T

from framework.changes.columns import EXTRA, PREFIX
from framework.errors import SchemaDriftError
from framework.run.outcome import Drift
from framework.tables.base import ColumnChange
from framework.tables.types import comment_of, fits, same, type_sql, widens

Plan = tuple[list[ColumnChange], list[Drift]]

_ADDS = ("add_columns", "widen")


def plan_evolution(
    table_schema: T.StructType,
    incoming_schema: T.StructType,
    policy: str,
    protected: Sequence[str] = (),
    *,
    table: str = "the table",
) -> Plan:
    """Changes of the table's schema that let the incoming columns in, and the drift that is tolerated.

    `protected` columns (keys) must arrive, in their type. Columns are matched whatever their case; framework
    columns are left alone.

    Raises:
        SchemaDriftError: the policy refuses something; the message shows all of it as a table.
    """
    refused = _collisions(incoming_schema)
    changes: list[ColumnChange] = []
    tolerated: list[Drift] = []
    known = {field.name.lower(): field for field in table_schema.fields}
    keys = {name.lower() for name in protected}
    for field in _data(incoming_schema):
        column = known.get(field.name.lower())
        if column is None:
            step = _new_column(field, policy)
        else:
            step = _changed(column, field, policy, column.name.lower() in keys)
        changes += step[0]
        (refused if policy == "strict" or _is_fatal(step) else tolerated).extend(step[1])
    refused += _missing(table_schema, incoming_schema, policy, keys)
    if refused:
        raise SchemaDriftError(
            f"the columns that arrive contradict {table} under write.evolution: {policy}\n"
            f"{drift_table(refused)}\n",
            fix=_remedy(policy),
        )
    if policy == "flag" and any(drift.declared == "-" for drift in tolerated) and EXTRA.lower() not in known:
        changes.append(
            ColumnChange("add", EXTRA, T.StringType(), "columns that are not the table's, as JSON")
        )
    return changes, tolerated


def evolved(schema: T.StructType, changes: Iterable[ColumnChange]) -> T.StructType:
    """The schema after the changes, in the order both formats give it: framework columns stay last."""
    fields = list(schema.fields)
    for change in changes:
        fields = _apply(fields, (*change.parents, change.column), change)
    return T.StructType(fields)


def drift_table(drifts: Sequence[Drift]) -> str:
    """The drift as a table to read.

    >>> print(drift_table([Drift("age", "int", "string", "no such cast")]))
      column  declared  found   reason
      age     int       string  no such cast
    """
    rows = [
        ("column", "declared", "found", "reason"),
        *((d.column, d.declared, d.found, d.reason) for d in drifts),
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]])
        for row in rows
    ]
    return "\n".join(f"  {line}" for line in lines)


_FATAL = "refused under every policy"


def _is_fatal(step: Plan) -> bool:
    return any(drift.reason.endswith(_FATAL) for drift in step[1])


def _data(schema: T.StructType) -> list[T.StructField]:
    return [field for field in schema.fields if not field.name.startswith(PREFIX)]


def _collisions(schema: T.StructType) -> list[Drift]:
    """Columns of the source that a table can't tell apart."""
    first: dict[str, T.StructField] = {}
    found = []
    for field in _data(schema):
        other = first.setdefault(field.name.lower(), field)
        if other is not field:
            reason = f"differs from {other.name} in case only; {_FATAL}"
            found.append(Drift(field.name, "-", type_sql(field.dataType), reason))
    return found


def _new_column(field: T.StructField, policy: str) -> Plan:
    if isinstance(field.dataType, T.NullType):
        return [], []  # nothing but NULL has been seen: it is added when it has a type
    if policy in _ADDS:
        return [ColumnChange("add", field.name, field.dataType, comment_of(field))], []
    reason = "kept as JSON in _sluice_extra" if policy == "flag" else "the table has no such column"
    return [], [Drift(field.name, "-", type_sql(field.dataType), reason)]


def _changed(column: T.StructField, field: T.StructField, policy: str, is_key: bool) -> Plan:
    old, new = column.dataType, field.dataType
    if fits(new, old):
        return [], []
    declared, found = type_sql(old), type_sql(new)
    if is_key:
        return [], [Drift(column.name, declared, found, f"a key keeps its type; {_FATAL}")]
    if isinstance(old, T.StructType) and isinstance(new, T.StructType):
        return _changed_struct(column, old, new, policy)
    if policy == "widen" and widens(old, new):
        return [ColumnChange("widen", column.name, new)], []
    if not _castable(new, old):
        return [], [Drift(column.name, declared, found, f"there is no cast; {_FATAL}")]
    hint = "; `widen` would widen the column" if widens(old, new) else ""
    return [], [Drift(column.name, declared, found, f"values that don't fit are rejected{hint}")]


def _changed_struct(column: T.StructField, old: T.StructType, new: T.StructType, policy: str) -> Plan:
    """Fields of a struct, one level at a time; a field's drift is named by its path."""
    known = {field.name.lower(): field for field in old.fields}
    changes: list[ColumnChange] = []
    drifts: list[Drift] = []
    for field in new.fields:
        inner = known.get(field.name.lower())
        step = _changed(inner, field, policy, False) if inner else _new_column(field, policy)
        changes += [
            ColumnChange(c.kind, c.column, c.type, c.comment, (column.name, *c.parents)) for c in step[0]
        ]
        drifts += [Drift(f"{column.name}.{d.column}", d.declared, d.found, _inner(d)) for d in step[1]]
    return changes, drifts


def _inner(drift: Drift) -> str:
    """Values inside structs are not judged one by one, so that a type there fits as a whole or is refused."""
    if drift.declared == "-" or drift.reason.endswith(_FATAL):
        return drift.reason
    return f"a field inside a struct keeps its type; {_FATAL}"


def _castable(new: T.DataType, old: T.DataType) -> bool:
    """Whether a cast from the incoming type exists at all; nested values become JSON in a text column."""
    nested = (T.StructType, T.ArrayType, T.MapType)
    if isinstance(old, T.StringType):
        return True
    if isinstance(new, T.ArrayType) and isinstance(old, T.ArrayType):
        return _castable(new.elementType, old.elementType) and not isinstance(old.elementType, nested)
    if isinstance(new, nested) or isinstance(old, nested):
        return same(new, old)
    if isinstance(new, T.StringType):
        return True
    times = (T.DateType, T.TimestampType, T.TimestampNTZType)
    if isinstance(new, times) or isinstance(old, times):
        return isinstance(new, times) and isinstance(old, times)
    return not isinstance(new, T.BinaryType) and not isinstance(old, T.BinaryType)


def _missing(table: T.StructType, incoming: T.StructType, policy: str, keys: set[str]) -> list[Drift]:
    arriving = {field.name.lower() for field in incoming.fields}
    found = []
    for field in _data(table):
        name = field.name.lower()
        if name not in arriving and (policy == "strict" or name in keys):
            reason = f"a key must arrive; {_FATAL}" if name in keys else "it doesn't arrive any more"
            found.append(Drift(field.name, type_sql(field.dataType), "-", reason))
    return found


def _remedy(policy: str) -> str:
    if policy == "strict":
        return "Correct the source, or set `write.evolution` to add_columns, widen or flag."
    return "Correct the source, or declare the columns in `read.schema` with the table's types."


def _apply(fields: list[T.StructField], path: tuple[str, ...], change: ColumnChange) -> list[T.StructField]:
    head, *rest = path
    at = next((i for i, field in enumerate(fields) if field.name.lower() == head.lower()), None)
    if at is None:
        metadata = {"comment": change.comment} if change.comment else {}
        return _added(fields, T.StructField(head, change.type, True, metadata))
    field = fields[at]
    if rest and isinstance(field.dataType, T.StructType):
        kind: T.DataType = T.StructType(_apply(list(field.dataType.fields), tuple(rest), change))
    elif len(rest) > 1 and isinstance(field.dataType, T.MapType):
        # what a map's values have is a field of its `value`
        inner = _apply([T.StructField(rest[0], field.dataType.valueType)], tuple(rest), change)
        kind = T.MapType(field.dataType.keyType, inner[0].dataType)
    else:
        kind = change.type
    return [*fields[:at], T.StructField(field.name, kind, field.nullable, field.metadata), *fields[at + 1 :]]


def _added(fields: list[T.StructField], new: T.StructField) -> list[T.StructField]:
    """Data columns go in front of the framework's, framework columns to the end."""
    if new.name.startswith(PREFIX):
        return [*fields, new]
    at = next((i for i, field in enumerate(fields) if field.name.startswith(PREFIX)), len(fields))
    return [*fields[:at], new, *fields[at:]]
