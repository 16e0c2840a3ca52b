"""Spark SQL's type names, read without Spark."""

from __future__ import annotations

import re
from dataclasses import dataclass

from framework.config.words import nearest

SIMPLE = [
    "boolean",
    "tinyint",
    "byte",
    "smallint",
    "short",
    "int",
    "integer",
    "bigint",
    "long",
    "float",
    "real",
    "double",
    "date",
    "timestamp",
    "timestamp_ntz",
    "timestamp_ltz",
    "string",
    "binary",
    "void",
    "variant",
    "decimal",
    "dec",
    "numeric",
    "interval",
]
_SIZED = ("char", "character", "varchar")
_DECIMALS = ("decimal", "dec", "numeric")
_NESTED = ("array", "map", "struct")
_ALIASES = {
    "text": "string",
    "str": "string",
    "number": "decimal(38,0)",
    "datetime": "timestamp",
    "bool": "boolean",
    "int64": "bigint",
    "int32": "int",
    "float64": "double",
    "uuid": "string",
    "json": "string",
    "timestamptz": "timestamp",
    "list": "array",
    "blob": "binary",
    "bytes": "binary",
    "object": "struct",
    "dict": "map",
}
_TOKEN = re.compile(r"\s*(`(?:[^`]|``)+`|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s<>(),:`'\"]+|[<>(),:])")
_INTERVALS = ("year", "month", "day", "hour", "minute", "second")


@dataclass
class TypeProblem(Exception):
    """Why a text is no type: what was expected, and how to put it right."""

    expected: str | None = None
    fix: str | None = None


def type_problem(text: str) -> TypeProblem | None:
    """What is wrong with a type; None if Spark SQL reads it.

    >>> type_problem("struct<a: bigint, b: array<decimal(10,2)>>") is None
    True
    >>> type_problem("bigin").fix
    'Did you mean `bigint`?'
    """
    try:
        _Parser(text).whole()
    except TypeProblem as problem:
        return problem
    return None


class _Parser:
    """Recursive descent over the tokens of one type."""

    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place = 0
        while text[place:].strip():
            match = _TOKEN.match(text, place)
            if match is None:
                raise TypeProblem(expected="a type such as bigint or array<string>")
            self.tokens.append(match[1])
            place = match.end()
        self.at = 0

    def whole(self) -> None:
        self.type()
        if self.at < len(self.tokens):
            raise TypeProblem(expected=f"nothing after the type, where `{self.peek()}` stands")

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def take(self, token: str) -> bool:
        if self.peek().lower() != token:
            return False
        self.at += 1
        return True

    def need(self, token: str, what: str) -> None:
        if not self.take(token):
            found = f"`{self.peek()}`" if self.peek() else "the end"
            raise TypeProblem(expected=f"`{token}` {what}, where {found} stands")

    def type(self) -> None:
        name = self.next()
        kind = name.lower()
        if kind in _NESTED:
            self.nested(kind)
        elif kind in _DECIMALS:
            self.decimal()
        elif kind in _SIZED:
            self.need("(", f"after {kind}")
            self.number(f"the length of {kind}")
            self.need(")", f"after the length of {kind}")
        elif kind == "interval":
            self.interval()
        elif kind not in SIMPLE:
            raise self.unknown(name)

    def unknown(self, name: str) -> TypeProblem:
        near = _ALIASES.get(name.lower()) or nearest(name, [*SIMPLE, *_SIZED, *_NESTED])
        if near:
            return TypeProblem(fix=f"Did you mean `{near}`?")
        return TypeProblem(
            expected="a Spark SQL type, such as string, bigint, decimal(10,2), date, timestamp, array<string>"
        )

    def nested(self, kind: str) -> None:
        if kind == "struct" and self.take("<>"):
            return
        self.need("<", f"after {kind}")
        if kind == "struct":
            self.fields()
        else:
            self.type()
            if kind == "map":
                self.need(",", "between key and value of a map")
                self.type()
        self.need(">", f"at the end of {kind}")

    def fields(self) -> None:
        while self.peek() != ">":
            name = self.next()
            if not name or name in "<>(),:":
                raise TypeProblem(expected="a field such as `name: string`")
            self.take(":")
            self.type()
            if self.take("not"):
                self.need("null", "after `not`")
            if self.take("comment"):
                self.next()
            if not self.take(","):
                return

    def decimal(self) -> None:
        if not self.take("("):
            return
        precision, scale = self.number("the precision"), 0
        if self.take(","):
            scale = self.number("the scale")
        self.need(")", "after the size of a decimal")
        if not (1 <= precision <= 38 and scale <= precision):
            raise TypeProblem(expected="a precision of 1 to 38, and a scale not above it")

    def number(self, what: str) -> int:
        token = self.next()
        if not token.isdigit():
            raise TypeProblem(expected=f"{what} as a whole number")
        return int(token)

    def interval(self) -> None:
        if self.peek().lower() not in _INTERVALS:
            return
        first = self.next().lower()
        if self.take("to"):
            last = self.next().lower()
            together = (first in _INTERVALS[:2]) == (last in _INTERVALS[:2])
            if last not in _INTERVALS or not together or _INTERVALS.index(last) <= _INTERVALS.index(first):
                raise TypeProblem(expected="an interval such as `interval day to second`")
