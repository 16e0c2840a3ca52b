"""Lark's tree to nodes: typed operands, variables put in place, positions kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches

from lark import Token, Tree

from framework.errors import ConfigError
from framework.quality.nodes import (
    Analyzer,
    Arithmetic,
    Binary,
    Call,
    Composite,
    Condition,
    Document,
    Keyword,
    Leaf,
    Literal,
    Moment,
    Number,
    Operand,
    Pairs,
    Position,
    Rule,
    Size,
    Span,
    Tag,
    Text,
)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}|\d{1,2}:\d{2} [AP]M")

Branch = Tree[Token]
Node = Branch | Token
Value = Text | Keyword | tuple[Text | Keyword, ...]


def build_document(tree: Branch) -> Document:
    """The document that the tree of a whole text means."""
    return _Builder().document(tree)


class _Builder:
    """Reads one tree; knows the variables declared so far."""

    def __init__(self) -> None:
        self.variables: dict[str, Value] = {}

    def document(self, tree: Branch) -> Document:
        sections: dict[str, Branch] = {}
        for section in _trees(tree):
            if section.data == "variable":
                self.declare(section)
            elif section.data in sections:
                raise _wrong(section, f"the section {_first(section)} stands twice in the rules")
            else:
                sections[str(section.data)] = section
        if not {"rules", "analyzers"} & sections.keys():
            raise ConfigError("the rules have no section Rules", fix="A ruleset is written Rules = [ rule, rule ].")
        return Document(
            rules=tuple(self.rule(node) for node in _trees(sections.get("rules"))),
            analyzers=tuple(self.analyzer(node) for node in _trees(sections.get("analyzers"))),
            metadata=_dictionary(sections.get("metadata")),
            data_sources=_dictionary(sections.get("data_sources")),
            default_labels=self.labels(sections.get("default_labels")),
        )

    def declare(self, tree: Branch) -> None:
        name, *values = tree.children
        found = tuple(self.simple(value) for value in values if isinstance(value, Tree))
        self.variables[str(name)] = found if len(found) != 1 else found[0]

    def simple(self, tree: Branch) -> Text | Keyword:
        only = tree.children[0]
        return _string(only) if isinstance(only, Token) else Keyword(str(only.children[0]).upper())

    # rules

    def rule(self, tree: Branch) -> Rule:
        if tree.data == "group":
            return self.group(tree)
        if tree.data in ("both", "either"):
            parts = tuple(self.rule(part) for part in _trees(tree))
            return Composite("and" if tree.data == "both" else "or", parts, at=_at(tree))
        return self.leaf(tree)

    def group(self, tree: Branch) -> Rule:
        inner, *rest = _trees(tree)
        rule = self.rule(inner)
        labels = self.labels(rest[0]) if rest else ()
        if isinstance(rule, Leaf):
            return Leaf(**{**_fields(rule), "labels": rule.labels + labels, "at": _at(tree)})
        return Composite(rule.op, rule.rules, rule.labels + labels, at=_at(tree))

    def leaf(self, tree: Branch) -> Leaf:
        by_name: dict[str, list[Branch]] = {}
        for part in _trees(tree):
            name = part.data if part.data in ("param", "where", "labels", "tag") else "condition"
            by_name.setdefault(name, []).append(part)
        where = by_name.get("where")
        condition = by_name.get("condition")
        return Leaf(
            kind=str(tree.children[0]),
            parameters=tuple(self.parameter(part) for part in by_name.get("param", ())),
            condition=self.condition(condition[0]) if condition else None,
            where=_string(where[0].children[0]) if where else None,
            labels=self.labels(by_name.get("labels", [None])[0]),
            tags=tuple(self.tag(part) for part in by_name.get("tag", ())),
            at=_at(tree),
        )

    def parameter(self, tree: Branch) -> Text:
        token = tree.children[-1]
        if token.type == "STRING":
            return _string(token)
        if token.type == "IDENT":
            return Text(str(token))
        value = self.variable(token)
        if not isinstance(value, Text):
            raise _wrong(token, f"the variable {token} is no string, so it can't be a parameter")
        return value

    def analyzer(self, tree: Branch) -> Analyzer:
        name, *parameters = tree.children
        return Analyzer(str(name), tuple(self.parameter(part) for part in parameters), _at(tree))

    def tag(self, tree: Branch) -> Tag:
        name, condition = tree.children
        return Tag(str(name), self.condition(condition))

    def labels(self, tree: Branch | None) -> Pairs:
        if tree is None:
            return ()
        listed = tree if tree.data == "label_list" else _trees(tree)[0]
        return tuple((_string(k).plain, _string(v).plain) for k, v in (label.children for label in _trees(listed)))

    # conditions

    def condition(self, tree: Branch) -> Condition:
        tokens = [child for child in tree.children if isinstance(child, Token)]
        negated = any(token.type == "NOT" for token in tokens)
        builders: Mapping[str, Callable[[], tuple[str, Sequence[Operand]]]] = {
            "comparison": lambda: (str(tokens[0]), self.operands(tree)),
            "equal": lambda: ("=", self.operands(tree)),
            "unequal": lambda: ("!=", self.operands(tree)),
            "between": lambda: ("between", self.operands(tree)),
            "member": lambda: ("in", self.operands(tree)),
            "member_variable": lambda: ("in", self.many(tokens[-1])),
            "matches": lambda: ("matches", [self.pattern(tokens[-1])]),
        }
        op, operands = builders[str(tree.data)]()
        if not operands:
            raise _wrong(tree, "the list after `in` is empty", expected="at least one value")
        condition = Condition(f"not {op}" if negated else op, tuple(operands), _at(tree))
        _check_one_kind(tree, condition)
        return condition

    def operands(self, tree: Branch) -> list[Operand]:
        return [self.operand(child) for child in _trees(tree)]

    def operand(self, tree: Branch) -> Operand:
        if tree.data == "text":
            return _text_or_moment(_string(tree.children[0]))
        if tree.data == "variable_reference":
            value = self.variable(tree.children[0])
            if isinstance(value, tuple):
                raise _wrong(tree, f"the variable {tree.children[0]} is a list", fix="Compare with it by `in`.")
            return _text_or_moment(value) if isinstance(value, Text) else value
        if tree.data in ("word", "null"):
            return Keyword(str(tree.children[0]).upper())
        return _moment(tree) or _quantity(tree) or Number(_arithmetic(tree))

    def many(self, token: Token) -> list[Operand]:
        value = self.variable(token)
        values = value if isinstance(value, tuple) else (value,)
        return [_text_or_moment(one) if isinstance(one, Text) else one for one in values]

    def pattern(self, token: Token) -> Text:
        if token.type == "STRING":
            return _string(token)
        value = self.variable(token)
        if not isinstance(value, Text):
            raise _wrong(token, f"the variable {token} is no string, so it can't be a pattern")
        return value

    def variable(self, token: Token) -> Value:
        name = str(token).removeprefix("$")
        if name not in self.variables:
            near = get_close_matches(name, self.variables, 1)
            fix = f"Did you mean ${near[0]}?" if near else f'Declare it above the rules: {name} = "..."'
            raise _wrong(token, f"the variable {token} is not declared", fix=fix)
        return self.variables[name]


def _check_one_kind(tree: Branch, condition: Condition) -> None:
    kinds = {type(operand) for operand in condition.values}
    if len(kinds) > 1:
        raise _wrong(tree, "a condition mixes operands of different kinds", expected="only numbers, only strings or only dates")


def _text_or_moment(text: Text) -> Text | Moment:
    return Moment(text.raw) if _DATE.fullmatch(text.raw) or _TIME.fullmatch(text.raw) else text


def _moment(tree: Branch) -> Moment | None:
    if tree.data == "call" and tree.children[0] == "now" and len(tree.children) == 1:
        return Moment("")
    inner = tree.children[0] if tree.data == "bracket" else None
    if isinstance(inner, Tree) and inner.data == "binary":
        left, sign, right = inner.children
        if isinstance(left, Tree) and _moment(left) == Moment("") and isinstance(right, Tree):
            shift = _quantity(right)
            if isinstance(shift, Span) and str(sign) in "+-":
                return Moment("", str(sign), shift)
            raise _wrong(tree, "now() is moved by something else than a duration", expected="(now() - 3 days)")
    return None


def _quantity(tree: Branch) -> Span | Size | None:
    if tree.data != "quantity":
        return None
    amount, unit = (str(child) for child in tree.children)
    if "." in amount:
        raise _wrong(tree, "an amount has a fraction", found=amount, expected="a whole number")
    return Span(int(amount), unit) if unit in ("days", "hours", "minutes") else Size(int(amount), unit)


def _arithmetic(tree: Branch) -> Arithmetic:
    if tree.data == "literal":
        return Literal("".join(str(token) for token in tree.children))
    if tree.data == "bracket":
        return _arithmetic(tree.children[0])
    if tree.data == "binary":
        left, op, right = tree.children
        return Binary(str(op), _arithmetic(left), _arithmetic(right))
    if tree.data == "call" and tree.children[0] != "now":
        return Call(str(tree.children[0]), tuple(_arithmetic(child) for child in _trees(tree)))
    fix = "Write it in brackets: (now() - 3 days)." if tree.data == "call" else None
    raise _wrong(tree, "arithmetic is done with something else than numbers", expected="numbers", fix=fix)


def _dictionary(tree: Branch | None) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    if tree is None:
        return ()
    pairs = [pair.children for pair in _trees(_trees(tree)[0])]
    if not pairs:
        raise _wrong(tree, "a dictionary is empty", expected='{"key": "value"}')
    return tuple((_string(key).plain, _plain_value(value)) for key, value in pairs)


def _plain_value(node: Node) -> str | tuple[str, ...]:
    if isinstance(node, Token):
        return _string(node).plain
    return tuple(_string(token).plain for token in node.children)


def _string(token: Node) -> Text:
    return Text(str(token)[1:-1])


def _fields(leaf: Leaf) -> dict[str, object]:
    return {name: getattr(leaf, name) for name in leaf.__dataclass_fields__}


def _trees(tree: Branch | None) -> list[Branch]:
    return [child for child in tree.children if isinstance(child, Tree)] if tree is not None else []


def _first(tree: Branch) -> str:
    return {"data_sources": "DataSources", "default_labels": "DefaultLabels"}.get(tree.data, tree.data.capitalize())


def _at(node: Node) -> Position:
    meta = node if isinstance(node, Token) else node.meta
    if getattr(meta, "line", None) is None:
        return Position()
    return Position(meta.line, meta.column, meta.end_line, meta.end_column)


def _wrong(node: Node, what: str, *, found: object = None, expected: object = None, fix: str | None = None) -> ConfigError:
    at = _at(node)
    return ConfigError(what, found=found, expected=expected, fix=fix, where=str(at) if at.line else None)
