"""Comments that say what shall happen to a rule: `# @action=quarantine @on=table @id=R7`.

They are legal DQDL for every engine, which skips comments. One belongs to the rule that ends on its line, or
to the rule it stands in, or else to the next rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from framework.errors import ConfigError
from framework.quality.nodes import Document, Pairs, Position, Rule

KEYS = ("action", "on", "id")
_SCANNER = re.compile(r'"(?:\\.|[^"\\])*"|#(?P<comment>[^\n]*)', re.DOTALL)
_PRAGMA = re.compile(r"@(?P<key>\w+)(?:=(?P<value>[^\s,@]+))?")


@dataclass(frozen=True)
class Pragma:
    """The settings of one comment and where it stands."""

    pairs: Pairs
    line: int
    column: int


def attach_pragmas(text: str, document: Document) -> Document:
    """The document whose rules know their pragmas."""
    rules = list(document.rules)
    for pragma in find_pragmas(text):
        index = _owner(pragma, [rule.at for rule in rules])
        if index is None:
            raise ConfigError(
                "a pragma comment belongs to no rule",
                expected="the line above a rule, or the end of a rule's line",
                where=f"{pragma.line}:{pragma.column}",
            )
        rules[index] = _with_pragma(rules[index], pragma)
    return replace(document, rules=tuple(rules))


def find_pragmas(text: str) -> Iterator[Pragma]:
    """The pragma comments of a text; other comments are nobody's business."""
    for found in _SCANNER.finditer(text):
        comment = found["comment"]
        if comment is None or not re.match(r"\s*@\w", comment):
            continue
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1) + 1
        yield Pragma(tuple(_pairs(comment, f"{line}:{column}")), line, column)


def _pairs(comment: str, where: str) -> Iterator[tuple[str, str]]:
    for found in _PRAGMA.finditer(comment):
        key, value = found["key"], found["value"]
        if key not in KEYS:
            near = get_close_matches(key, KEYS, 1)
            fix = f"Did you mean @{near[0]}?" if near else None
            raise ConfigError(
                f"the pragma @{key} is unknown",
                expected=", ".join(f"@{k}" for k in KEYS),
                fix=fix,
                where=where,
            )
        if not value:
            raise ConfigError(f"the pragma @{key} has no value", expected=f"@{key}=...", where=where)
        yield key, value


def _owner(pragma: Pragma, places: Sequence[Position]) -> int | None:
    here = (pragma.line, pragma.column)
    for index, at in enumerate(places):
        if (at.line, at.column) < here < (at.end_line, at.end_column):
            return index
    on_line = [
        i for i, at in enumerate(places) if at.end_line == pragma.line and at.end_column <= pragma.column
    ]
    if on_line:
        return on_line[-1]
    return next((i for i, at in enumerate(places) if (at.line, at.column) > here), None)


def _with_pragma(rule: Rule, pragma: Pragma) -> Rule:
    for key, _ in pragma.pairs:
        if key in dict(rule.pragmas):
            raise ConfigError(
                f"the pragma @{key} stands twice at one rule", where=f"{pragma.line}:{pragma.column}"
            )
    return replace(rule, pragmas=rule.pragmas + pragma.pairs)
