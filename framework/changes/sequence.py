"""The sequence of an event: one typed column, or a struct of several parts."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, StructField, StructType

from framework.changes.columns import SRC
from framework.errors import ConfigError
from framework.sql import exact_json, quote

FILE = "$file"
"""In `changes.sequence`: the name of the file (without its folder) that the event comes from."""
ROW = "$row"
"""In `changes.sequence`: the number of the event's record in its file."""


def sequence_of(df: DataFrame, parts: Sequence[str], job: str) -> Column:
    """The sequence that a job names by columns, `$file` and `$row`.

    Raises:
        ConfigError: a part is no column of the source.
    """
    known = {name.lower() for name in df.columns}
    missing = [part for part in parts if part not in (FILE, ROW) and part.lower() not in known]
    if missing:
        raise ConfigError(
            f"job {job}: the source has no column {missing[0]!r} to order changes by",
            found=f"columns {', '.join(name for name in df.columns if not name.startswith('_sluice_'))}",
            fix="Name columns of the source in changes.sequence, or $file and $row.",
        )
    columns = [_part(part) for part in parts]
    if len(columns) == 1:
        return columns[0]
    # NULL as a whole where the first part is missing: such an event has no place in the order
    return F.when(
        columns[0].isNotNull(),
        F.struct(*[c.alias(part.strip("$")) for c, part in zip(columns, parts, strict=True)]),
    )


def as_json(sequence: Column) -> Column:
    """A sequence as text that `of_json` reads again, exactly."""
    return F.to_json(F.struct(sequence.alias("w")), exact_json())


def of_json(text: str, kind: DataType) -> Column:
    """The sequence of a type that such a text stands for, as a literal."""
    return F.from_json(F.lit(text), StructType([StructField("w", kind)]), exact_json()).getField("w")


def names_position(parts: Sequence[str]) -> bool:
    """True if no two events of different positions can have the same sequence."""
    return FILE in parts and ROW in parts


def _part(part: str) -> Column:
    if part == FILE:
        return F.element_at(F.split(F.col(SRC).getField("name"), "/"), -1)
    if part == ROW:
        return F.col(SRC).getField("position")
    return F.col(quote(part))
