"""Spark's types as SQL text, and which of them fit into which."""

from __future__ import annotations

from pyspark.sql import types as T

from framework.sql import literal, quote

_WHOLE: tuple[type[T.DataType], ...] = (T.ByteType, T.ShortType, T.IntegerType, T.LongType)
_DIGITS: dict[type[T.DataType], int] = {T.ByteType: 3, T.ShortType: 5, T.IntegerType: 10, T.LongType: 19}
_AS_TEXT = (*_WHOLE, T.DecimalType, T.BooleanType, T.StringType)


def type_sql(kind: T.DataType) -> str:
    """The type as SQL text, with the names of nested fields quoted.

    >>> type_sql(T.StructType([T.StructField("a b", T.ArrayType(T.LongType()))]))
    'struct<`a b`: array<bigint>>'
    """
    if isinstance(kind, T.StructType):
        return "struct<" + ", ".join(_field_sql(field) for field in kind.fields) + ">"
    if isinstance(kind, T.ArrayType):
        return f"array<{type_sql(kind.elementType)}>"
    if isinstance(kind, T.MapType):
        return f"map<{type_sql(kind.keyType)}, {type_sql(kind.valueType)}>"
    return kind.simpleString()


def _field_sql(field: T.StructField) -> str:
    comment = comment_of(field)
    return f"{quote(field.name)}: {type_sql(field.dataType)}" + (
        f" COMMENT {literal(comment)}" if comment else ""
    )


def comment_of(field: T.StructField) -> str | None:
    """The comment a schema carries for the field."""
    comment = (field.metadata or {}).get("comment")
    return str(comment) if comment else None


def nested_comments(kind: T.DataType, depth: int = 0) -> bool:
    """Whether fields of structs carry comments, columns aside.

    >>> inner = T.StructType([T.StructField("a", T.LongType(), True, {"comment": "x"})])
    >>> nested_comments(inner), nested_comments(T.StructType().add("s", T.ArrayType(inner)))
    (False, True)
    """
    if isinstance(kind, T.StructType):
        own = depth > 0 and any(comment_of(field) for field in kind.fields)
        return own or any(nested_comments(field.dataType, depth + 1) for field in kind.fields)
    if isinstance(kind, T.ArrayType):
        return nested_comments(kind.elementType, depth)
    if isinstance(kind, T.MapType):
        return nested_comments(kind.keyType, depth) or nested_comments(kind.valueType, depth)
    return False


def same(left: T.DataType, right: T.DataType) -> bool:
    """Equal types, whatever is nullable and however nested names are cased."""
    if isinstance(left, T.StructType) and isinstance(right, T.StructType):
        return len(left.fields) == len(right.fields) and all(
            a.name.lower() == b.name.lower() and same(a.dataType, b.dataType)
            for a, b in zip(left.fields, right.fields, strict=True)
        )
    if isinstance(left, T.ArrayType) and isinstance(right, T.ArrayType):
        return same(left.elementType, right.elementType)
    if isinstance(left, T.MapType) and isinstance(right, T.MapType):
        return same(left.keyType, right.keyType) and same(left.valueType, right.valueType)
    return left == right


def widens(old: T.DataType, new: T.DataType) -> bool:
    """Whether both formats can change a column from the old type to the new one without touching data.

    >>> widens(T.IntegerType(), T.LongType()), widens(T.LongType(), T.IntegerType())
    (True, False)
    """
    if isinstance(old, _WHOLE) and isinstance(new, (T.IntegerType, T.LongType)):
        return _WHOLE.index(type(old)) < _WHOLE.index(type(new))
    if isinstance(old, T.FloatType):
        return isinstance(new, T.DoubleType)
    if isinstance(old, T.DecimalType) and isinstance(new, T.DecimalType):
        return old.scale == new.scale and old.precision < new.precision
    return False


def fits(value: T.DataType, column: T.DataType) -> bool:
    """Whether every value of the first type is a value of the column's type, so that a cast loses nothing."""
    if same(value, column) or isinstance(value, T.NullType) or widens(value, column):
        return True
    if isinstance(column, T.StringType):
        return isinstance(value, _AS_TEXT)
    if isinstance(value, _WHOLE) and isinstance(column, _WHOLE):
        return _WHOLE.index(type(value)) <= _WHOLE.index(type(column))
    if isinstance(value, (T.ByteType, T.ShortType, T.IntegerType)) and isinstance(column, T.DoubleType):
        return True
    if isinstance(column, T.DecimalType):
        return _fits_decimal(value, column)
    return False


def _fits_decimal(value: T.DataType, column: T.DecimalType) -> bool:
    room = column.precision - column.scale
    if isinstance(value, T.DecimalType):
        return value.scale <= column.scale and value.precision - value.scale <= room
    return isinstance(value, _WHOLE) and _DIGITS[type(value)] <= room
