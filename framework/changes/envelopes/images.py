"""Row images: a row as a JSON message holds it, column by column in its declared type.

An image is parsed as text per column (decimals as wide decimals, because text goes through a double), then cast, so
that a value that doesn't fit can be told. The message is parsed a second time only where a column of the image is NULL:
the keys of the image as it came tell a column that is NULL from one that isn't there, and from one that doesn't fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Literal, cast, get_args

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import RAW
from framework.errors import ConfigError
from framework.readers.declared import Field, parsed, try_cast, unfit
from framework.readers.transport import joined
from framework.sql import literal, quote
from framework.tables.types import type_sql

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Read

TEXT = "_sluice_text"
"""The message as text."""
MESSAGE = "_sluice_message"
"""The message, parsed; NULL for a message without value. Its own `_sluice_raw` is set if anything in it didn't fit."""
_GIVEN = "_sluice_given"
_DIGITS = 38

Binary = Literal["base64", "hex", "latin1"]


@dataclass(frozen=True)
class Image:
    """One row as a message holds it."""

    path: str
    """SQL of the parsed struct, such as ``_sluice_message.`data` ``."""
    given: Column
    """The same row as map<string,string>: what the message really has; asked only where a column is NULL or odd."""
    binary: Binary = "base64"
    scientific: bool = False
    """Whole numbers may be written as 1.5E+18; as `image_type` was told."""

    def raw(self, name: str) -> str:
        """SQL of a column as it was parsed."""
        return f"{self.path}.{quote(name)}"

    kept: Column | None = None
    """The same again, as a column of the frame: there where a column of the image is NULL, see `keeping`."""

    def told(self, name: str) -> Column:
        """A column as the message has it, as text."""
        if self.kept is None:
            return F.element_at(self.given, name)
        return F.element_at(F.coalesce(self.kept, self.given), name)

    def has(self, name: str) -> Column:
        """Whether the message carries the column, NULL included."""
        given = self.given if self.kept is None else self.kept
        return F.coalesce(F.map_contains_key(given, name), F.lit(False))


def binary_of(source: Read, default: Binary) -> Binary:
    """How the source writes bytes as text: `read.options.binary`, else as its envelope does.

    Raises:
        ConfigError: the option is none of the known ways.
    """
    known = get_args(Binary)
    asked = str(source.options.get("binary", default))
    if asked not in known:
        raise ConfigError(
            "binary values of messages can't be read so",
            found=asked,
            expected=", ".join(known),
            fix="Correct read.options.binary.",
        )
    return cast(Binary, asked)


def is_set(source: Read, option: str) -> bool:
    """Whether an option of the source is true."""
    return str(source.options.get(option, False)).lower() == "true"


def image_type(fields: Sequence[Field], *, scientific: bool = False) -> T.StructType:
    """What a row image is parsed as. `scientific`: whole numbers may be written as 1.5E+18.

    >>> image_type([Field("a", "a", T.DecimalType(10, 2)), Field("b", "b", T.LongType())]).simpleString()
    'struct<a:decimal(38,30),b:string>'
    """
    return T.StructType(
        [T.StructField(field.source, _parsed_type(field.type, scientific)) for field in fields]
    )


def given(path: str) -> Column:
    """A row image as the message has it, key by key: `given("data")`, `given("payload.after")`."""
    *above, last = path.split(".")
    kind = f"{quote(last)} map<string,string>"
    for name in reversed(above):
        kind = f"{quote(name)} struct<{kind}>"
    column = F.expr(f"from_json({TEXT}, {literal(kind)})")
    for name in path.split("."):
        column = column.getField(name)
    return column


def keeping(df: DataFrame, image: Image, fields: Sequence[Field]) -> tuple[DataFrame, Image]:
    """The frame with the image as the message has it, parsed once, for the rows with a NULL in it alone."""
    empty = reduce(or_, [F.col(image.raw(field.source)).isNull() for field in fields])
    return df.withColumn(_GIVEN, F.when(empty, image.given)), replace(image, kept=F.col(_GIVEN))


def values_of(fields: Sequence[Field], image: Image) -> tuple[list[Column], Column]:
    """The image's columns in their types, and what is wrong with those that don't fit (NULL: nothing)."""
    pairs = [value_of(field, image) for field in fields]
    found = joined([reason for _, reason in pairs if reason is not None])
    return (
        [value.alias(field.name) for (value, _), field in zip(pairs, fields, strict=True)],
        F.when(found != "", found),
    )


def value_of(field: Field, image: Image) -> tuple[Column, Column | None]:
    """A column of the image in its type, and what is wrong where it doesn't fit (None: everything fits)."""
    raw, kind = F.col(image.raw(field.source)), field.type
    if isinstance(kind, T.StringType):
        return raw, None
    value = _cast(raw, image, field)
    if not (isinstance(kind, T.DecimalType) or (image.scientific and isinstance(kind, T.IntegralType))):
        return value, F.when(raw.isNotNull() & value.isNull(), unfit(raw, field))
    # parsed as a wide decimal: NULL if it is no number at all, and not the same number if digits were lost
    told = image.told(field.source)
    doubtful = (raw.isNull() & F.col(f"{MESSAGE}.{RAW}").isNotNull()) | (
        raw.isNotNull() & (value.isNull() | (value != raw))
    )
    return value, F.when(doubtful, F.when(told.isNotNull(), unfit(told, field)))


def absent_of(fields: Sequence[Field], image: Image, where: Column | None = None) -> Column:
    """`_sluice_absent`: names of the columns that the image doesn't have, NULL if it has all."""
    empty = [F.col(image.raw(field.source)).isNull() for field in fields]
    lacking = [is_null & ~image.has(field.source) for is_null, field in zip(empty, fields, strict=True)]
    names = [F.when(lacks, F.lit(field.name)) for lacks, field in zip(lacking, fields, strict=True)]
    asked = reduce(or_, empty) if where is None else where & reduce(or_, empty)
    return F.when(asked & reduce(or_, lacking), F.array_compact(F.array(*names))).cast("array<string>")


def _parsed_type(kind: T.DataType, scientific: bool) -> T.DataType:
    if isinstance(kind, T.DecimalType):
        # all the digits before the point, and as many behind it as there is room: a rounded value is told
        return T.DecimalType(_DIGITS, _DIGITS - (kind.precision - kind.scale))
    if scientific and isinstance(kind, T.IntegralType):
        return T.DecimalType(_DIGITS, 18)
    return T.StringType()


def _cast(raw: Column, image: Image, field: Field) -> Column:
    kind = field.type
    if isinstance(kind, T.BinaryType):
        if image.binary == "latin1":
            return F.encode(raw, "ISO-8859-1")
        return F.expr(f"try_to_binary({image.raw(field.source)}, '{image.binary}')")
    if isinstance(kind, T.StructType | T.ArrayType | T.MapType):
        return F.from_json(raw, type_sql(kind))
    if field.format:
        return parsed(raw, field)
    return try_cast(image.raw(field.source), kind)
