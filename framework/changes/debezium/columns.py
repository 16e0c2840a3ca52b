"""The columns of the rows in a batch of messages: how each is parsed, decoded, and found to be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import types as T

from framework.changes.debezium.types import VARIABLE, Encoding, common_type, encoding_of
from framework.changes.debezium.values import fallible, from_text, lenient, prepared, value
from framework.readers.declared import Field

VERSION = "_sluice_version"
_WHOLE = (T.IntegerType, T.LongType)
_MOMENTS = (T.TimestampType, T.TimestampNTZType)


@dataclass(frozen=True)
class Modes:
    """What messages don't tell and the job may: how the connector was told to write decimals and bytes."""

    decimals: str = "precise"
    binary: str = "base64"
    numeric: bool = False
    """Decimals of messages with schema are plain numbers (decimal.format of the converter)."""


@dataclass(frozen=True)
class Planned:
    """One column of the rows."""

    field: Field
    """Its name in the message, in the table, and its type."""
    raw: T.DataType
    """What it is parsed as."""
    default: Encoding
    """How messages write it that have no schema, or one that is like all others."""
    variants: tuple[tuple[int, Encoding], ...] = ()
    """How it is written otherwise, by version of the schema."""
    lacking: tuple[int, ...] = ()
    """Versions of the schema that don't have it."""

    def prepared(self, raw: str) -> str | None:
        return prepared(raw, self.default)

    def value(self, raw: str) -> str:
        """SQL of the column's value; `raw` is SQL of what was parsed, or prepared."""
        own = self._value(raw, self.default)
        grouped: dict[Encoding, list[int]] = {}
        for version, encoding in self.variants:
            grouped.setdefault(encoding, []).append(version)
        if not grouped:
            return own
        cases = " ".join(
            f"WHEN {VERSION} IN ({', '.join(f'{v}L' for v in versions)}) THEN {self._value(raw, encoding)}"
            for encoding, versions in grouped.items()
        )
        return f"CASE {cases} ELSE {own} END"

    def of_text(self, text: str) -> str:
        """SQL of the value where it stands as text: in a message's key, in a header."""
        raw = from_text(text, self.default)
        return value(self.prepared(raw) or raw, self.default, self.field.type)

    @property
    def fallible(self) -> bool:
        return any(fallible(each, self.field.type) for each in (self.default, *(e for _, e in self.variants)))

    def _value(self, raw: str, encoding: Encoding) -> str:
        as_text = isinstance(self.raw, T.StringType) and not isinstance(encoding.raw, T.StringType)
        return value(from_text(raw, encoding) if as_text else raw, encoding, self.field.type)


def by_type(fields: Sequence[Field], samples: Sequence[Mapping[str, Any]], modes: Modes) -> list[Planned]:
    """Columns of messages without schema: types from the job or the table; `samples` are rows of the first ones."""
    planned = []
    for field in fields:
        seen = frozenset(
            _json_kind(row[field.source]) for row in samples if row.get(field.source) is not None
        )
        encoding = lenient(field.type, field.format, modes.decimals, modes.binary, seen)
        planned.append(Planned(field, encoding.raw, encoding))
    return planned


def _seen(name: str, samples: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """What the first rows have in a column."""
    return frozenset(_json_kind(row[name]) for row in samples if row.get(name) is not None)


def _json_kind(value: Any) -> str:
    kinds = (
        (str, "text"),
        (bool, "truth"),
        (int, "number"),
        (float, "fraction"),
        (dict, "object"),
        (list, "list"),
    )
    return next(name for type_, name in kinds if isinstance(value, type_))


def by_schema(
    schemas: Mapping[int, Sequence[Mapping[str, Any]]],
    samples: Sequence[Mapping[str, Any]],
    declared: Sequence[Field] | None,
    target: T.StructType | None,
    modes: Modes,
) -> list[Planned]:
    """Columns of messages with schemas: the union of all schemas by name, or those that the job declares."""
    written: dict[str, dict[int, Encoding]] = {}
    # few columns first, so that the order of the union doesn't hang on which message was seen first
    for version in sorted(schemas, key=lambda v: (len(schemas[v]), str(schemas[v]))):
        for each in schemas[version]:
            name = str(each["field"])
            numeric = modes.numeric or bool(_seen(name, samples) & {"number", "fraction"})
            written.setdefault(name, {})[version] = encoding_of(each, numeric=numeric)
    known = {field.name: field.dataType for field in target.fields} if target is not None else {}
    fields = declared or [
        Field(name, name, _type(list(found.values()), known.get(name))) for name, found in written.items()
    ]
    return [_planned(field, written.get(field.source, {}), tuple(schemas), modes) for field in fields]


def _planned(field: Field, found: Mapping[int, Encoding], versions: Sequence[int], modes: Modes) -> Planned:
    lacking = tuple(version for version in versions if version not in found)
    if not found:
        encoding = lenient(field.type, field.format, modes.decimals, modes.binary)
        return Planned(field, encoding.raw, encoding, lacking=lacking)
    adapted = {version: _adapted(encoding, field, modes) for version, encoding in found.items()}
    raws = list({each.raw: None for each in adapted.values()})
    raw = raws[0] if len(raws) == 1 else _common_raw(raws)
    default = max(adapted.values(), key=lambda e: (e.type == field.type, list(adapted.values()).count(e)))
    variants = tuple((version, each) for version, each in adapted.items() if each != default)
    return Planned(field, raw, default, variants, lacking)


def _adapted(encoding: Encoding, field: Field, modes: Modes) -> Encoding:
    """Texts of which the job knows better: bytes written as hex, decimals as text."""
    if encoding.kind == "plain" and isinstance(encoding.type, T.StringType):
        if isinstance(field.type, T.BinaryType):
            return lenient(field.type, None, modes.decimals, modes.binary)
        if not isinstance(field.type, T.StringType):
            return Encoding("written", field.type, T.StringType())
    return encoding


def _common_raw(raws: Sequence[T.DataType]) -> T.DataType:
    if all(isinstance(raw, _WHOLE) for raw in raws):
        return T.LongType()
    return T.StringType()


def _type(found: Sequence[Encoding], table: T.DataType | None) -> T.DataType:
    """A column's type by its encodings; where these leave a choice, the table's."""
    kind = common_type([each.type for each in found])
    if isinstance(kind, _MOMENTS) and isinstance(table, _MOMENTS):
        return table
    if kind == VARIABLE and isinstance(table, T.DecimalType | T.StringType):
        return table
    return kind
