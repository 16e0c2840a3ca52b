"""A ruleset as values: what the parser makes of DQDL text, and what everything else reads.

Equality ignores where in the text a node stood, so that `parse(print(ruleset)) == ruleset`::

    Ruleset
    └── Rule = Leaf (one rule type with its condition) | Composite (`(A) and (B)`, `(A) or (B)`)
        └── Condition (operator, operands)
            └── Operand = Number | Text | Keyword | Moment | Span | Size
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Position:
    """Where a node begins and ends in the text; lines and columns count from 1."""

    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


NOWHERE = Position()


@dataclass(frozen=True)
class Text:
    """A quoted string, kept as it was written between its quotes.

    >>> Text(r"a \\"b\\" \\d").value
    'a "b" \\\\d'
    """

    raw: str

    @property
    def value(self) -> str:
        """The string meant: an escaped quote is a quote; other backslashes stay, as SQL needs them."""
        return re.sub(r'\\(\\|")', lambda found: found[1] if found[1] == '"' else found[0], self.raw)

    @property
    def plain(self) -> str:
        """The string meant where it is a value: escaped quotes and backslashes are what they escape."""
        return re.sub(r'\\(["\\])', r"\1", self.raw)


@dataclass(frozen=True)
class Keyword:
    """NULL, EMPTY or WHITESPACES_ONLY among the operands."""

    name: str


@dataclass(frozen=True)
class Literal:
    """A number as it was written, such as `-0.50`."""

    text: str


@dataclass(frozen=True)
class Binary:
    """`left op right`; all operators bind alike, from left to right."""

    op: str
    left: Arithmetic
    right: Arithmetic


@dataclass(frozen=True)
class Call:
    """A function of a dynamic rule, such as `avg(last(10))`."""

    name: str
    arguments: tuple[Arithmetic, ...]


Arithmetic = Literal | Binary | Call


@dataclass(frozen=True)
class Number:
    """A numeric operand."""

    expression: Arithmetic


@dataclass(frozen=True)
class Span:
    """A duration, such as `24 hours`."""

    amount: int
    unit: str

    @property
    def minutes(self) -> int:
        return self.amount * {"days": 1440, "hours": 60, "minutes": 1}[self.unit]


@dataclass(frozen=True)
class Size:
    """A size of files, such as `2 GB`."""

    amount: int
    unit: str


@dataclass(frozen=True)
class Moment:
    """A date `"2024-01-31"`, a time of today `"10:30"`, or `now()`, perhaps moved by a span."""

    text: str
    """The date or time as written; empty for `now()`."""
    sign: str = ""
    shift: Span | None = None


Operand = Number | Text | Keyword | Moment | Span | Size

KINDS = {Number: "number", Text: "string", Moment: "date", Span: "duration", Size: "size"}


@dataclass(frozen=True)
class Condition:
    """An operator (`>`, `not between`, `in`, `matches`, ...) and its operands."""

    op: str
    operands: tuple[Operand, ...]
    at: Position = field(default=NOWHERE, compare=False)

    @property
    def kind(self) -> str:
        """number, string, date, duration or size; `null` if nothing but NULL is compared with."""
        if "matches" in self.op:
            return "string"
        kinds = [KINDS[type(operand)] for operand in self.operands if not isinstance(operand, Keyword)]
        if kinds:
            return kinds[0]
        return "null" if self.keywords <= {"NULL"} else "string"

    @property
    def keywords(self) -> frozenset[str]:
        return frozenset(operand.name for operand in self.operands if isinstance(operand, Keyword))

    @property
    def values(self) -> tuple[Operand, ...]:
        """The operands that are not keywords."""
        return tuple(operand for operand in self.operands if not isinstance(operand, Keyword))


@dataclass(frozen=True)
class Tag:
    """`with threshold > 0.9`"""

    name: str
    condition: Condition


@dataclass(frozen=True)
class Leaf:
    """One rule: its type, parameters, condition, filter and tags."""

    kind: str
    parameters: tuple[Text, ...] = ()
    condition: Condition | None = None
    where: Text | None = None
    labels: Pairs = ()
    tags: tuple[Tag, ...] = ()
    pragmas: Pairs = ()
    at: Position = field(default=NOWHERE, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' values."""
        return tuple(parameter.value for parameter in self.parameters)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return (self,)

    def tag(self, name: str) -> Condition | None:
        return next((tag.condition for tag in self.tags if tag.name == name), None)

    @property
    def threshold(self) -> Condition | None:
        return self.tag("threshold")


@dataclass(frozen=True)
class Composite:
    """Rules joined by one operator; `and` binds tighter than `or`."""

    op: str
    """and | or"""
    rules: tuple[Rule, ...]
    labels: Pairs = ()
    pragmas: Pairs = ()
    at: Position = field(default=NOWHERE, compare=False)

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        return tuple(leaf for rule in self.rules for leaf in rule.leaves)


Rule = Leaf | Composite


@dataclass(frozen=True)
class Analyzer:
    """A statistic that Glue would gather; parsed, not supported yet."""

    kind: str
    parameters: tuple[Text, ...] = ()
    at: Position = field(default=NOWHERE, compare=False)


@dataclass(frozen=True)
class Document:
    """A whole DQDL text. Variables are already put in the rules' places."""

    rules: tuple[Rule, ...] = ()
    analyzers: tuple[Analyzer, ...] = ()
    metadata: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    data_sources: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    default_labels: Pairs = ()

    def leaves(self) -> Iterator[Leaf]:
        for rule in self.rules:
            yield from rule.leaves
