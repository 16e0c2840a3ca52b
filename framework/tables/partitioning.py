"""Partitioning as the job writes it: columns and transforms, checked without Spark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from framework.errors import ConfigError
from framework.sql import quote

_SIZED = ("bucket", "truncate")
_TIMES = {"year": "years", "month": "months", "day": "days", "hour": "hours"}
_TRANSFORMS = (*_SIZED, *_TIMES.values())
_CALL = re.compile(r"\s*([A-Za-z_]+)\s*\(\s*(?:(\d+)\s*,\s*)?(`(?:[^`]|``)+`|[^`,()]+?)\s*\)\s*")


@dataclass(frozen=True)
class Partition:
    """One entry of `write.partition_by`."""

    column: str
    transform: str = "identity"
    size: int | None = None

    @property
    def sql(self) -> str:
        """The entry as Spark SQL has it."""
        if self.transform == "identity":
            return quote(self.column)
        size = f"{self.size}, " if self.size is not None else ""
        return f"{self.transform}({size}{quote(self.column)})"


def parse_partition(text: str) -> Partition:
    """One entry of `write.partition_by`: a column, or a transform of one; backquotes hold odd names.

    >>> parse_partition("bucket(16, id)")
    Partition(column='id', transform='bucket', size=16)
    >>> parse_partition("`days(x)`")
    Partition(column='days(x)', transform='identity', size=None)
    """
    match = _CALL.fullmatch(text)
    if match is None:
        return Partition(_column(text.strip()))
    name = match.group(1).lower()
    transform = _TIMES.get(name, name)
    size = int(match.group(2)) if match.group(2) else None
    if transform not in _TRANSFORMS or (transform in _SIZED) != (size is not None) or size == 0:
        raise ConfigError(
            "an entry of write.partition_by is wrong",
            found=repr(text),
            expected="a column, bucket(16, c), truncate(4, c), years(c), months(c), days(c) or hours(c)",
        )
    return Partition(_column(match.group(3).strip()), transform, size)


def parse_partitions(entries: Sequence[str], columns: Sequence[str], table: str) -> list[Partition]:
    """All entries, with the columns' own spelling; a column the table hasn't is refused."""
    known = {column.lower(): column for column in columns}
    partitions = [parse_partition(entry) for entry in entries]
    for partition in partitions:
        if partition.column.lower() not in known:
            raise ConfigError(
                f"write.partition_by of table {table} names a column it doesn't have",
                found=repr(partition.column),
                expected=f"one of {', '.join(columns)}",
                fix="Correct `write.partition_by`.",
            )
    return [Partition(known[p.column.lower()], p.transform, p.size) for p in partitions]


def _column(text: str) -> str:
    if len(text) > 2 and text[0] == text[-1] == "`":
        return text[1:-1].replace("``", "`")
    return text
