"""Typed access to lark's trees, and errors at their places."""

from __future__ import annotations

from typing import cast

from lark import Token, Tree

from framework.errors import ConfigError
from framework.quality.nodes import Position, Text

Branch = Tree[Token]
Node = Branch | Token


def branches(tree: Branch | None) -> list[Branch]:
    """The children that are trees."""
    return [child for child in tree.children if isinstance(child, Tree)] if tree is not None else []


def tokens(tree: Branch) -> list[Token]:
    """The children that are tokens."""
    return [child for child in tree.children if isinstance(child, Token)]


def first(tree: Branch) -> Token:
    """The first child, where the grammar has a token."""
    return cast(Token, tree.children[0])


def last(tree: Branch) -> Token:
    """The last child, where the grammar has a token."""
    return cast(Token, tree.children[-1])


def string(token: Node) -> Text:
    """A quoted string without its quotes."""
    return Text(str(token)[1:-1])


def at(node: Node) -> Position:
    """Where a node stands in the text."""
    place = node if isinstance(node, Token) else node.meta
    ends = [getattr(place, name, None) for name in ("line", "column", "end_line", "end_column")]
    return Position(*(end or 0 for end in ends))


def wrong(
    node: Node, what: str, *, found: object = None, expected: object = None, fix: str | None = None
) -> ConfigError:
    """The error to raise about a node."""
    place = at(node)
    return ConfigError(
        what, found=found, expected=expected, fix=fix, where=str(place) if place.line else None
    )
