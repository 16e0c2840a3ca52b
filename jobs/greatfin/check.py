"""Whether the lake holds what it must: its tables, row by row, against the generator's truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from jobs.greatfin.truth import Truth, canonical
from jobs.view import LakeView

_SHOWN = 3


def differences(view: LakeView, truths: Mapping[str, Truth]) -> list[str]:
    """What is wrong with the lake, in words; empty if every table has exactly the rows it must have."""
    return [line for truth in truths.values() for line in _of_table(view, truth)]


def _of_table(view: LakeView, truth: Truth) -> Iterator[str]:
    df = view.table(truth.table)
    if df is None:
        yield f"{truth.table}: there is no such table"
        return
    columns = list(truth.rows[0]) if truth.rows else []
    if set(df.columns) != set(columns):
        yield f"{truth.table}: columns {sorted(df.columns)}, expected {sorted(columns)}"
        return
    found = Counter(_line(row.asDict(recursive=True), columns) for row in df.collect())
    wanted = Counter(_line(row, columns) for row in truth.rows)
    yield from (f"{truth.table}: has {line}" for line in list((found - wanted).elements())[:_SHOWN])
    yield from (f"{truth.table}: lacks {line}" for line in list((wanted - found).elements())[:_SHOWN])
    refused = view.quarantine(truth.table)
    count = refused.count() if refused is not None else 0
    if count != truth.quarantined:
        yield f"{truth.table}: {count} rows in quarantine, expected {truth.quarantined}"


def _line(row: Mapping[str, Any], columns: list[str]) -> str:
    return repr([canonical(row[name]) for name in columns])
