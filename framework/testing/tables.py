"""Comparing tables by key, with differences that a person can read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_SHOWN = 20


def differences(
    found: Iterable[Mapping[str, Any]], expected: Iterable[Mapping[str, Any]], keys: Sequence[str]
) -> list[str]:
    """What two tables differ in, a line per row; [] if they are equal. Columns are compared by name.

    >>> differences([{"id": 1, "v": "a"}, {"id": 2, "v": "b"}], [{"id": 1, "v": "x"}, {"id": 3, "v": "c"}], ["id"])
    ["id=1: v is 'a', expected 'x'", "id=2: is there, expected none (v='b')", "id=3: is missing (v='c')"]
    """
    have, want = _by_key(found, keys), _by_key(expected, keys)
    lines = []
    for key in sorted({*have, *want}, key=str):
        name = ", ".join(f"{column}={value}" for column, value in zip(keys, key, strict=True))
        mine, theirs = have.get(key, []), want.get(key, [])
        if len(mine) == len(theirs) == 1:
            lines += [f"{name}: {text}" for text in _row_differences(mine[0], theirs[0])]
        elif len(mine) > 1 or len(theirs) > 1:
            if sorted(map(_text, mine)) != sorted(map(_text, theirs)):
                lines.append(f"{name}: {len(mine)} rows, expected {len(theirs)}")
        elif mine:
            lines.append(f"{name}: is there, expected none ({_shown(mine[0], keys)})")
        else:
            lines.append(f"{name}: is missing ({_shown(theirs[0], keys)})")
    return lines


def assert_table_equals(table: DataFrame, expected: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> None:
    """Fail with the differences between a table and the rows that it should have.

    Only the columns that the expected rows have are compared; the framework's own needn't be named.

    Raises:
        AssertionError: they differ; the message has the first differences.
    """
    rows = [dict(row) for row in expected]
    names = list(rows[0]) if rows else [name for name in table.columns if not name.startswith("_sluice_")]
    escaped = ["`" + name.replace("`", "``") + "`" for name in names]
    found = [row.asDict(recursive=True) for row in table.select(*escaped).collect()]
    lines = differences(found, rows, keys)
    more = f"\n... and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    assert not lines, "\n".join(lines[:_SHOWN]) + more


def _by_key(
    rows: Iterable[Mapping[str, Any]], keys: Sequence[str]
) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return found


def _row_differences(found: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    names = [*expected, *(name for name in found if name not in expected)]
    return [
        f"{name} is {found.get(name)!r}, expected {expected.get(name)!r}"
        for name in names
        if found.get(name) != expected.get(name)
    ]


def _text(row: Mapping[str, Any]) -> str:
    return str(sorted(row.items()))


def _shown(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in row.items() if name not in keys)
