"""Lark's tree to nodes: typed operands, variables put in place, positions kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from lark import Token, Tree

from framework.errors import ConfigError
from framework.quality.branches import Branch, Node, at, branches, first, last, string, tokens, wrong
from framework.quality.nodes import (
    Analyzer,
    Composite,
    Condition,
    Document,
    Keyword,
    Leaf,
    Operand,
    Pairs,
    Rule,
    Tag,
    Text,
)
from framework.quality.operands import check_one_kind, measure, text_or_moment

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
        for section in branches(tree):
            if section.data == "variable":
                self.declare(section)
            elif section.data in sections:
                raise wrong(section, f"the section {_title(section)} stands twice in the rules")
            else:
                sections[str(section.data)] = section
        if not {"rules", "analyzers"} & sections.keys():
            raise ConfigError(
                "the rules have no section Rules", fix="A ruleset is written Rules = [ rule, rule ]."
            )
        return Document(
            rules=tuple(self.rule(node) for node in branches(sections.get("rules"))),
            analyzers=tuple(self.analyzer(node) for node in branches(sections.get("analyzers"))),
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
        return string(only) if isinstance(only, Token) else Keyword(str(only.children[0]).upper())

    # rules

    def rule(self, tree: Branch) -> Rule:
        if tree.data == "group":
            return self.group(tree)
        if tree.data in ("both", "either"):
            parts = tuple(self.rule(part) for part in branches(tree))
            return Composite("and" if tree.data == "both" else "or", parts, at=at(tree))
        return self.leaf(tree)

    def group(self, tree: Branch) -> Rule:
        inner, *rest = branches(tree)
        rule = self.rule(inner)
        labels = self.labels(rest[0]) if rest else ()
        return replace(rule, labels=rule.labels + labels, at=at(tree))

    def leaf(self, tree: Branch) -> Leaf:
        by_name: dict[str, list[Branch]] = {}
        for part in branches(tree):
            name = part.data if part.data in ("param", "where", "labels", "tag") else "condition"
            by_name.setdefault(name, []).append(part)
        where = by_name.get("where")
        condition = by_name.get("condition")
        return Leaf(
            kind=str(tree.children[0]),
            parameters=tuple(self.parameter(part) for part in by_name.get("param", ())),
            condition=self.condition(condition[0]) if condition else None,
            where=string(where[0].children[0]) if where else None,
            labels=self.labels(by_name.get("labels", [None])[0]),
            tags=tuple(self.tag(part) for part in by_name.get("tag", ())),
            at=at(tree),
        )

    def parameter(self, tree: Branch) -> Text:
        token = last(tree)
        if token.type == "STRING":
            return string(token)
        if token.type == "IDENT":
            return Text(str(token))
        value = self.variable(token)
        if not isinstance(value, Text):
            raise wrong(token, f"the variable {token} is no string, so it can't be a parameter")
        return value

    def analyzer(self, tree: Branch) -> Analyzer:
        return Analyzer(str(first(tree)), tuple(self.parameter(part) for part in branches(tree)), at(tree))

    def tag(self, tree: Branch) -> Tag:
        return Tag(str(first(tree)), self.condition(branches(tree)[0]))

    def labels(self, tree: Branch | None) -> Pairs:
        if tree is None:
            return ()
        listed = tree if tree.data == "label_list" else branches(tree)[0]
        return tuple(
            (string(k).plain, string(v).plain) for k, v in (label.children for label in branches(listed))
        )

    # conditions

    def condition(self, tree: Branch) -> Condition:
        words = tokens(tree)
        negated = any(token.type == "NOT" for token in words)
        builders: Mapping[str, Callable[[], tuple[str, Sequence[Operand]]]] = {
            "comparison": lambda: (str(words[0]), self.operands(tree)),
            "equal": lambda: ("=", self.operands(tree)),
            "unequal": lambda: ("!=", self.operands(tree)),
            "between": lambda: ("between", self.operands(tree)),
            "member": lambda: ("in", self.operands(tree)),
            "member_variable": lambda: ("in", self.many(words[-1])),
            "matches": lambda: ("matches", [self.pattern(words[-1])]),
        }
        op, operands = builders[str(tree.data)]()
        if not operands:
            raise wrong(tree, "the list after `in` is empty", expected="at least one value")
        condition = Condition(f"not {op}" if negated else op, tuple(operands), at(tree))
        check_one_kind(tree, condition)
        return condition

    def operands(self, tree: Branch) -> list[Operand]:
        return [self.operand(child) for child in branches(tree)]

    def operand(self, tree: Branch) -> Operand:
        if tree.data == "text":
            return text_or_moment(string(tree.children[0]))
        if tree.data == "variable_reference":
            value = self.variable(first(tree))
            if isinstance(value, tuple):
                raise wrong(
                    tree, f"the variable {tree.children[0]} is a list", fix="Compare with it by `in`."
                )
            return text_or_moment(value) if isinstance(value, Text) else value
        if tree.data in ("word", "null"):
            return Keyword(str(tree.children[0]).upper())
        return measure(tree)

    def many(self, token: Token) -> list[Operand]:
        value = self.variable(token)
        values = value if isinstance(value, tuple) else (value,)
        return [text_or_moment(one) if isinstance(one, Text) else one for one in values]

    def pattern(self, token: Token) -> Text:
        if token.type == "STRING":
            return string(token)
        value = self.variable(token)
        if not isinstance(value, Text):
            raise wrong(token, f"the variable {token} is no string, so it can't be a pattern")
        return value

    def variable(self, token: Token) -> Value:
        name = str(token).removeprefix("$")
        if name not in self.variables:
            near = get_close_matches(name, self.variables, 1)
            fix = f"Did you mean ${near[0]}?" if near else f'Declare it above the rules: {name} = "..."'
            raise wrong(token, f"the variable {token} is not declared", fix=fix)
        return self.variables[name]


def _dictionary(tree: Branch | None) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    if tree is None:
        return ()
    pairs = [pair.children for pair in branches(branches(tree)[0])]
    if not pairs:
        raise wrong(tree, "a dictionary is empty", expected='{"key": "value"}')
    return tuple((string(key).plain, _plain_value(value)) for key, value in pairs)


def _plain_value(node: Node) -> str | tuple[str, ...]:
    if isinstance(node, Token):
        return string(node).plain
    return tuple(string(token).plain for token in node.children)


def _title(tree: Branch) -> str:
    return {"data_sources": "DataSources", "default_labels": "DefaultLabels"}.get(
        tree.data, tree.data.capitalize()
    )
