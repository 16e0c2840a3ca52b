"""The rule types of DQDL as a table: scope, parameters, and which conditions and clauses each accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from framework.quality.references import (
    aggregate_columns,
    aggregate_references,
    first_reference,
    integrity_columns,
    integrity_references,
    match_columns,
    sql_references,
)

Names = Callable[[Sequence[str]], list[str]]


def _all(parameters: Sequence[str]) -> list[str]:
    return list(parameters)


def _none(parameters: Sequence[str]) -> list[str]:
    return []


@dataclass(frozen=True)
class Kind:
    """What one rule type takes."""

    name: str
    scope: Literal["row", "dataset"]
    parameters: tuple[int, int]
    """How many: at least, at most."""
    conditions: frozenset[str]
    """Kinds of condition it accepts; empty: it takes none."""
    needs_condition: bool = True
    where: bool = False
    tags: frozenset[str] = frozenset()
    columns: Names = _all
    """The frame's columns among the parameters."""
    references: Names = _none
    """Other data that the parameters name."""

    @property
    def shape(self) -> str:
        low, high = self.parameters
        if low == high:
            return "no parameter" if not low else f"{low} parameter{'s' if low > 1 else ''}"
        return f"at least {low} parameter" if high > 2**8 else f"{low} to {high} parameters"


_MANY = 2**16
_NUMBER = frozenset({"number"})
_VALUES = frozenset({"number", "string", "date", "null"})
_THRESHOLD = frozenset({"threshold"})
_NOTHING: frozenset[str] = frozenset()


def _row(
    name: str, conditions: frozenset[str], tags: frozenset[str] = _THRESHOLD, *, needs: bool = True
) -> Kind:
    return Kind(name, "row", (1, 1), conditions, needs_condition=needs, where=True, tags=tags)


def _measure(
    name: str, count: tuple[int, int], conditions: frozenset[str] = _NUMBER, *, where: bool = True
) -> Kind:
    return Kind(name, "dataset", count, conditions, needs_condition=bool(conditions), where=where)


def _match(
    name: str, count: tuple[int, int], columns: Names, references: Names, *, needs: bool = True
) -> Kind:
    return Kind(
        name, "dataset", count, _NUMBER, needs_condition=needs, columns=columns, references=references
    )


_TABLE = (
    _row("IsComplete", _NOTHING, needs=False),
    _row("ColumnValues", _VALUES),
    _row("ColumnLength", _NUMBER),
    _row("ColumnDataType", frozenset({"string"}), _THRESHOLD | {"format"}),
    Kind("RowCount", "dataset", (0, 0), _NUMBER, where=True),
    Kind("ColumnCount", "dataset", (0, 0), _NUMBER),
    Kind("ColumnExists", "dataset", (1, 1), _NOTHING, needs_condition=False, columns=_none),
    Kind("ColumnNamesMatchPattern", "dataset", (1, 1), _NOTHING, needs_condition=False, columns=_none),
    _measure("Completeness", (1, 1)),
    _measure("Uniqueness", (1, _MANY)),
    _measure("UniqueValueRatio", (1, _MANY)),
    _measure("DistinctValuesCount", (1, 1)),
    _measure("Entropy", (1, 1)),
    _measure("IsUnique", (1, _MANY), _NOTHING),
    _measure("IsPrimaryKey", (1, _MANY), _NOTHING),
    _measure("Mean", (1, 1)),
    _measure("Sum", (1, 1)),
    _measure("StandardDeviation", (1, 1)),
    _measure("Variance", (1, 1)),
    _measure("ColumnCorrelation", (2, 2)),
    _measure("DataFreshness", (1, 1), frozenset({"duration"})),
    Kind(
        "CustomSql",
        "dataset",
        (1, 1),
        _NUMBER,
        needs_condition=False,
        tags=_THRESHOLD,
        columns=_none,
        references=sql_references,
    ),
    _match("ReferentialIntegrity", (2, 2), integrity_columns, integrity_references),
    _match("RowCountMatch", (1, 1), _none, first_reference),
    _match("SchemaMatch", (1, 1), _none, first_reference),
    _match("AggregateMatch", (2, 2), aggregate_columns, aggregate_references),
    _match("DatasetMatch", (2, 3), match_columns, first_reference),
)

KINDS = {kind.name: kind for kind in _TABLE}

REFUSED = {
    "DetectAnomalies": "anomaly detection needs the history of earlier runs",
    "AllStatistics": "analyzers are not supported",
    "FileFreshness": "rules on files are not supported",
    "FileMatch": "rules on files are not supported",
    "FileSize": "rules on files are not supported",
    "FileUniqueness": "rules on files are not supported",
}
"""Rule types of Glue that are not supported yet, and why."""


def nearest_kind(name: str) -> str | None:
    """The rule type that was probably meant.

    >>> nearest_kind("iscomplet")
    'IsComplete'
    """
    by_lower = {kind.lower(): kind for kind in KINDS}
    near = get_close_matches(name.lower(), by_lower, 1, 0.6)
    return by_lower[near[0]] if near else None
