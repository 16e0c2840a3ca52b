"""Several sources into one table: their events as one feed, each carrying the columns that its source has."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql.types import NumericType, StructField

from framework.changes.columns import PREFIX, SEQ
from framework.changes.presence import with_more_absent
from framework.errors import ConfigError


def united(job: str, names: Sequence[str], events: Sequence[DataFrame]) -> DataFrame:
    """The events of all sources (`names`); a column that a source doesn't have is none that its events carry.

    Raises:
        ConfigError: sequences can't be compared, or a column has two types.
    """
    columns: dict[str, StructField] = {}
    for name, frame in zip(names, events, strict=True):
        _check_sequence(job, names[0], events[0], name, frame)
        for field in _data(frame):
            known = columns.setdefault(field.name.lower(), field)
            _check_type(job, name, known, field)
    every = [field.name for field in columns.values()]
    told = [_with_absent(frame, every) for frame in events]
    return reduce(lambda left, right: left.unionByName(right, allowMissingColumns=True), told)


def _data(frame: DataFrame) -> list[StructField]:
    return [field for field in frame.schema.fields if not field.name.startswith(PREFIX)]


def _with_absent(frame: DataFrame, every: Sequence[str]) -> DataFrame:
    own = {field.name.lower() for field in _data(frame)}
    lacking = [name for name in every if name.lower() not in own]
    return with_more_absent(frame, lacking) if lacking else frame


def _check_sequence(job: str, first: str, one: DataFrame, second: str, other: DataFrame) -> None:
    mine, theirs = one.schema[SEQ].dataType, other.schema[SEQ].dataType
    if mine != theirs:
        raise ConfigError(
            f"job {job}: the changes of its sources have no common order",
            found=f"{first}: {mine.simpleString()}, {second}: {theirs.simpleString()}",
            expected="one sequence across all sources, of one type",
            fix="Name the same columns in changes.sequence for all of them, and declare their types.",
        )


def _check_type(job: str, source: str, known: StructField, field: StructField) -> None:
    numbers = isinstance(known.dataType, NumericType) and isinstance(field.dataType, NumericType)
    if known.dataType != field.dataType and not numbers:
        raise ConfigError(
            f"job {job}: column {field.name} has another type in source {source}",
            found=field.dataType.simpleString(),
            expected=known.dataType.simpleString(),
            fix=f"Declare it in read.{source}.schema.",
        )
