"""Declared columns: their types, how their text is written, and what is wrong with a value that doesn't fit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.config.job import Column as Declared
from framework.errors import ConfigError, ReadError

if TYPE_CHECKING:
    from pyspark.sql import Column

_FORMAT_OPTIONS: Mapping[type[T.DataType], str] = MappingProxyType(
    {T.DateType: "dateFormat", T.TimestampType: "timestampFormat", T.TimestampNTZType: "timestampNTZFormat"}
)

_SIMPLE: Mapping[str, type[T.DataType]] = MappingProxyType(
    {
        "boolean": T.BooleanType,
        "tinyint": T.ByteType,
        "smallint": T.ShortType,
        "int": T.IntegerType,
        "integer": T.IntegerType,
        "bigint": T.LongType,
        "long": T.LongType,
        "float": T.FloatType,
        "double": T.DoubleType,
        "string": T.StringType,
        "binary": T.BinaryType,
        "date": T.DateType,
        "timestamp_ntz": T.TimestampNTZType,
    }
)
"""Types that mean the same under every setting. Spark's parser knows them too, and takes 50 ms for each."""
_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")

_DIGITS = 38

LONGEST_SHOWN = 60
"""Letters of a value that a reason shows."""


@dataclass(frozen=True)
class Field:
    """A column to read: its name in the source and in the result, its type, and how it is parsed."""

    source: str
    name: str
    type: T.DataType
    format: str | None = None

    @property
    def temporal(self) -> bool:
        return isinstance(self.type, T.DateType | T.TimestampType | T.TimestampNTZType)

    @property
    def wanted(self) -> str:
        """The type as a reason names it."""
        return f"{self.type.simpleString()} ({self.format})" if self.format else self.type.simpleString()


def fields_of(columns: Sequence[Declared]) -> list[Field]:
    """Declared columns as fields.

    Raises:
        ConfigError: a type is none of Spark's, or a format is given for a column that takes none.
    """
    fields = [
        Field(column.source or column.name, column.name, parse_type(column), column.format)
        for column in columns
    ]
    for field in fields:
        if field.format and not field.temporal:
            raise ConfigError(
                f"the format of column {field.name} has no meaning",
                found=field.type.simpleString(),
                expected="date, timestamp or timestamp_ntz",
                fix="Remove schema.format, or change the column's type.",
            )
    return fields


def missing_column(where: str, missing: Field, names: Sequence[str], fields: Sequence[Field]) -> ReadError:
    """A source has no column that is declared."""
    return ReadError(
        f"{where} has no column {missing.source!r}",
        found=f"columns {', '.join(names)}",
        expected=", ".join(field.source for field in fields),
        fix="Correct read.schema, or give the column its name in the source with `source:`.",
    )


def parse_type(column: Declared) -> T.DataType:
    """The Spark type of a declared column; char and varchar are strings.

    Raises:
        ConfigError: the text is no type.
    """
    from pyspark.errors import ParseException

    if simple := _simple_type(column.type.strip().lower()):
        return simple
    try:
        kind = T._parse_datatype_string(column.type)
    except ParseException as error:
        raise ConfigError(
            f"the type of column {column.name} is none that Spark knows",
            found=repr(column.type),
            expected="such as bigint, string, decimal(10,2), date, timestamp, array<string>",
            fix="Correct it in read.schema.",
        ) from error
    return T.StringType() if isinstance(kind, T.CharType | T.VarcharType) else kind


def _simple_type(text: str) -> T.DataType | None:
    if text in _SIMPLE:
        return _SIMPLE[text]()
    decimal = _DECIMAL.fullmatch(text)
    if decimal and 0 < int(decimal[1]) <= _DIGITS and int(decimal[2]) <= int(decimal[1]):
        return T.DecimalType(int(decimal[1]), int(decimal[2]))
    return None


def shared_formats(fields: Sequence[Field]) -> dict[str, str]:
    """Options for the formats that all columns of a kind share: the scan itself can parse those.

    >>> shared_formats([Field("a", "a", T.DateType(), "d-MMM-yy"), Field("b", "b", T.LongType())])
    {'dateFormat': 'd-MMM-yy'}
    """
    kinds: dict[str, set[str | None]] = {}
    for field in fields:
        if field.temporal:
            kinds.setdefault(_FORMAT_OPTIONS[type(field.type)], set()).add(field.format)
    return {
        option: text
        for option, formats in kinds.items()
        if len(formats) == 1 and (text := next(iter(formats)))
    }


def as_text(fields: Sequence[Field]) -> frozenset[str]:
    """Sources of the columns that the scan can't parse, because columns of their kind are written differently."""
    shared = shared_formats(fields)
    return frozenset(
        field.source for field in fields if field.format and _FORMAT_OPTIONS[type(field.type)] not in shared
    )


def parsed(text: Column, field: Field) -> Column:
    """The value of a text in the field's own format; NULL if it doesn't fit."""
    assert field.format is not None
    if isinstance(field.type, T.TimestampNTZType):
        # try_to_timestamp knows zones; a value without one is the same moment in UTC
        return F.to_utc_timestamp(F.try_to_timestamp(text, F.lit(field.format)), "UTC").cast(field.type)
    return F.try_to_timestamp(text, F.lit(field.format)).cast(field.type)


def unfit(text: Column, field: Field) -> Column:
    """`value 'abc' of column age is not bigint`."""
    shown = F.when(
        F.length(text) > LONGEST_SHOWN, F.concat(F.substring(text, 1, LONGEST_SHOWN), F.lit("..."))
    ).otherwise(text)
    return F.concat(F.lit("value '"), shown, F.lit(f"' of column {field.name} is not {field.wanted}"))


def try_cast(expression: str, kind: T.DataType) -> Column:
    """The value as another type, NULL where it doesn't fit; `expression` is SQL."""
    from framework.tables.types import type_sql

    return F.expr(f"try_cast({expression} AS {type_sql(kind)})")


def schema_text(fields: Sequence[tuple[str, T.DataType]]) -> T.StructType:
    """A schema to read with."""
    return T.StructType([T.StructField(name, kind) for name, kind in fields])
