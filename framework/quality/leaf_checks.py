"""What can be wrong with one rule: its type, parameters, condition, clauses, columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches

from framework.errors import ConfigError
from framework.quality.conditions import calls, evaluate, time_of_day
from framework.quality.datatypes import parse_type
from framework.quality.kinds import KINDS, REFUSED, Kind, nearest_kind
from framework.quality.nodes import Condition, Leaf, Moment, Number, Text
from framework.quality.references import parse_aggregate, parse_integrity


def check_leaf(leaf: Leaf, columns: Sequence[str] | None) -> Iterator[ConfigError]:
    """Every mistake in one rule; the columns it uses are checked if the frame's are given."""
    kind = KINDS.get(leaf.kind)
    if kind is None:
        yield _unknown(leaf)
        return
    low, high = kind.parameters
    if not low <= len(leaf.parameters) <= high:
        yield problem(
            leaf.at,
            f"{leaf.kind} has the wrong number of parameters",
            found=len(leaf.parameters),
            expected=kind.shape,
        )
        return
    yield from _check_condition(leaf, kind)
    yield from _check_clauses(leaf, kind)
    yield from _SPECIAL.get(leaf.kind, _nothing)(leaf)
    if columns is not None:
        yield from _check_columns(leaf, kind.columns(leaf.names), columns)


def _unknown(leaf: Leaf) -> ConfigError:
    if leaf.kind in REFUSED:
        return problem(
            leaf.at, f"{leaf.kind} is not supported yet: {REFUSED[leaf.kind]}", fix="Remove the rule."
        )
    near = nearest_kind(leaf.kind)
    fix = f"Did you mean {near}?" if near else "docs/reference/dqdl.md lists the rule types."
    return problem(leaf.at, f"the rule type {leaf.kind} is unknown", fix=fix)


def _check_condition(leaf: Leaf, kind: Kind) -> Iterator[ConfigError]:
    condition = leaf.condition
    if condition is None:
        if kind.needs_condition:
            yield problem(leaf.at, f"{leaf.kind} has no condition", expected=_examples(kind.conditions))
        return
    if not kind.conditions:
        yield problem(condition.at, f"{leaf.kind} takes no condition")
    elif condition.kind not in kind.conditions:
        yield problem(
            condition.at,
            f"{leaf.kind} is compared with the wrong kind of value",
            found=f"a {condition.kind}",
            expected=_examples(kind.conditions),
        )
    elif condition.keywords and leaf.kind != "ColumnValues":
        yield problem(condition.at, f"{leaf.kind} can't be compared with {min(condition.keywords)}")
    else:
        yield from _check_operands(condition)


def _check_operands(condition: Condition) -> Iterator[ConfigError]:
    if condition.keywords and condition.op not in ("=", "!=", "in", "not in"):
        yield problem(condition.at, f"{min(condition.keywords)} has no order", expected="= != in not in")
    if condition.kind == "string" and condition.op in (">", ">=", "<", "<=", "between", "not between"):
        yield problem(
            condition.at, f"strings are not compared by {condition.op}", expected="= != in not in matches"
        )
    for operand in condition.values:
        if isinstance(operand, Number):
            yield from _check_number(condition, operand)
        elif isinstance(operand, Moment):
            yield from _check_moment(condition, operand)
    if "matches" in condition.op and isinstance(condition.operands[0], Text):
        yield from _check_pattern(condition, condition.operands[0].raw)


def _check_number(condition: Condition, operand: Number) -> Iterator[ConfigError]:
    called = next(calls(operand.expression), None)
    if called:
        what = f"{called}() makes a dynamic rule, which is not supported yet"
        yield problem(condition.at, what, fix="Compare with a number.")
        return
    try:
        evaluate(operand.expression)
    except ConfigError as error:
        yield problem(condition.at, error.what)


def _check_moment(condition: Condition, moment: Moment) -> Iterator[ConfigError]:
    try:
        if "-" in moment.text:
            date.fromisoformat(moment.text)
        elif moment.text:
            time_of_day(moment.text)
    except ValueError:
        yield problem(
            condition.at,
            "a date or time doesn't exist",
            found=f'"{moment.text}"',
            expected='"2024-01-31" or "10:30"',
        )


def _check_pattern(condition: Condition, pattern: str) -> Iterator[ConfigError]:
    if re.search(r"\\[pPQGzZhRX]|&&|\[\[|\(\?<\w|\\k<", pattern):
        return  # Java's patterns know more than Python's; Spark has the last word
    try:
        re.compile(pattern)
    except re.error as error:
        yield problem(condition.at, f"the pattern can't be read: {error}", found=f'"{pattern}"')


def _check_clauses(leaf: Leaf, kind: Kind) -> Iterator[ConfigError]:
    if leaf.where is not None and not kind.where:
        yield problem(leaf.at, f"{leaf.kind} takes no `where`")
    for name, count in Counter(tag.name for tag in leaf.tags).items():
        if name not in kind.tags:
            expected = ", ".join(f"with {tag}" for tag in sorted(kind.tags)) or None
            yield problem(leaf.at, f"{leaf.kind} takes no `with {name}`", expected=expected)
        elif count > 1:
            yield problem(leaf.at, f"`with {name}` stands twice at one rule")
    if leaf.threshold and (leaf.threshold.kind != "number" or leaf.threshold.keywords):
        yield problem(
            leaf.threshold.at,
            "a threshold is compared with something else than numbers",
            expected="with threshold > 0.9",
        )
    elif leaf.threshold:
        yield from _check_operands(leaf.threshold)


def _check_columns(leaf: Leaf, used: Sequence[str], columns: Sequence[str]) -> Iterator[ConfigError]:
    known = {column.lower() for column in columns}
    for name in used:
        # a dotted name may lie in a struct, whose fields only the frame's schema knows
        if name.lower() not in known and name.split(".")[0].lower() not in known:
            what, fix = missing_column(leaf.kind, name, columns)
            yield problem(leaf.at, what, fix=fix)


def missing_column(kind: str, name: str, columns: Sequence[str]) -> tuple[str, str]:
    """What to say of a rule on a column that isn't there, and how to mend it."""
    near = get_close_matches(name, columns, 1) or get_close_matches(name.lower(), columns, 1)
    fix = f"Did you mean {near[0]}?" if near else f"The columns are {', '.join(columns[:20])}."
    return f"{kind} is about the column {name}, which the data lacks", fix


def _check_integrity(leaf: Leaf) -> Iterator[ConfigError]:
    if parse_integrity(*leaf.names) is None:
        found = ", ".join(f'"{name}"' for name in leaf.names)
        yield problem(
            leaf.at,
            "ReferentialIntegrity names its columns in a wrong way",
            found=found,
            expected='"a,b" "other.{x,y}"',
        )


def _check_aggregates(leaf: Leaf) -> Iterator[ConfigError]:
    for name in leaf.names:
        if parse_aggregate(name) is None:
            yield problem(
                leaf.at,
                "AggregateMatch has no aggregate",
                found=f'"{name}"',
                expected='"sum(column)" or "avg(alias.column)"',
            )


def _check_type(leaf: Leaf) -> Iterator[ConfigError]:
    condition = leaf.condition
    if condition is None or condition.op not in ("=", "!=") or not isinstance(condition.operands[0], Text):
        yield problem(leaf.at, "ColumnDataType is compared in a wrong way", expected='= "Date" or != "Date"')
        return
    try:
        parse_type(condition.operands[0].plain, leaf.tag("format"))
    except ConfigError as error:
        yield problem(condition.at, error.what, found=error.found, expected=error.expected, fix=error.fix)


def _check_sql(leaf: Leaf) -> Iterator[ConfigError]:
    if not re.match(r"[\s(]*(select|with)\b", leaf.names[0], re.IGNORECASE):
        yield problem(
            leaf.at, "CustomSql is no query", found=f'"{leaf.names[0][:60]}"', expected='"select ..."'
        )
    if leaf.condition and leaf.threshold:
        yield problem(
            leaf.at,
            "CustomSql has a condition and a threshold",
            fix="A threshold is for queries that return rows.",
        )


def _nothing(leaf: Leaf) -> Iterator[ConfigError]:
    return iter(())


_SPECIAL: dict[str, Callable[[Leaf], Iterator[ConfigError]]] = {
    "ReferentialIntegrity": _check_integrity,
    "AggregateMatch": _check_aggregates,
    "ColumnDataType": _check_type,
    "CustomSql": _check_sql,
    "ColumnNamesMatchPattern": lambda leaf: _check_pattern(
        Condition("matches", (leaf.parameters[0],), leaf.at), leaf.names[0]
    ),
}


def _examples(kinds: frozenset[str]) -> str:
    known = {
        "number": "> 0.9",
        "string": 'in ["a", "b"]',
        "date": '> "2024-01-31"',
        "duration": "<= 24 hours",
    }
    return "a condition such as " + " or ".join(known[kind] for kind in sorted(kinds) if kind in known)


def problem(
    at: object, what: str, fix: str | None = None, *, found: object = None, expected: object = None
) -> ConfigError:
    """A mistake and its place."""
    return ConfigError(what, found=found, expected=expected, fix=fix, where=str(at))
