"""Decimals in text with more digits than declared: Spark's parser rounds them, and says nothing.

They are read with room for more digits and narrowed afterwards; a value that narrowing changes doesn't fit::

    declared decimal(12,2)   read as decimal(18,8)    1.25 -> 1.25    1.255 -> does not fit

Up to 14 digits the wider type is one that Spark keeps in a long, which costs a tenth of a microsecond a value; beyond,
it has 38 digits. What differs only behind those digits (the noise of binary floats, 0.30000000000000004) is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.readers.declared import Field, try_cast, unfit
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_IN_A_LONG, _MOST, _ROOM = 18, 38, 4


def roomy_types(fields: Sequence[Field], *, exact: bool) -> dict[str, T.DataType]:
    """The wider types of the decimals among the fields, by the columns' names in the source."""
    kinds = {field.source: with_room(field) for field in fields} if exact else {}
    return {
        field.source: kinds[field.source]
        for field in fields
        if kinds.get(field.source, field.type) != field.type
    }


def with_room(field: Field) -> T.DataType:
    """The type to read a field with.

    >>> with_room(Field("a", "a", T.DecimalType(12, 2))), with_room(Field("a", "a", T.DecimalType(18, 2)))
    (DecimalType(18,8), DecimalType(38,22))
    """
    kind = field.type
    if not isinstance(kind, T.DecimalType) or kind.precision == _MOST:
        return kind
    digits = _IN_A_LONG if kind.precision + _ROOM <= _IN_A_LONG else _MOST
    return T.DecimalType(digits, digits - kind.precision + kind.scale)


def narrowed(field: Field) -> Column:
    """The value as declared; NULL if it has too many digits before the point once it is rounded."""
    return try_cast(quote(field.source), field.type)


def changed(field: Field) -> Column:
    """Whether narrowing changes the value."""
    wide = F.col(quote(field.source))
    return wide.isNotNull() & F.coalesce(narrowed(field) != wide, F.lit(True))


def narrowed_strictly(
    df: DataFrame, fields: Sequence[Field], roomy: Mapping[str, T.DataType], stop: str
) -> DataFrame:
    """The fields as declared; where that would change a value the query stops, with an error that says `stop`."""
    narrow = {field.source: f"_sluice_narrow{i}" for i, field in enumerate(fields) if field.source in roomy}
    # a step of its own: within one expression each value would be narrowed twice, at twice the cost
    both = df.select(
        "*", *[narrowed(field).alias(narrow[field.source]) for field in fields if field.source in narrow]
    )
    columns = []
    for field in fields:
        value = F.col(quote(field.source))
        if field.source in narrow:
            fits = value == F.col(narrow[field.source])
            error = F.raise_error(F.lit(stop)).cast(field.type)
            value = F.when(fits, F.col(narrow[field.source])).when(value.isNotNull(), error)
        columns.append(value.alias(field.name))
    return both.select(*columns)


def excess(field: Field) -> Column:
    """`value '1.255' of column price is not decimal(12,2)`."""
    return F.when(changed(field), unfit(written(field), field))


def written(field: Field) -> Column:
    """The value's digits, without zeros that only its wider type has."""
    text = F.col(quote(field.source)).cast("string")
    return F.regexp_replace(text, r"\.?0*$", "")
