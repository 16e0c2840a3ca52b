"""What conditions compare with: numbers, dates, durations and sizes out of lark's trees."""

from __future__ import annotations

import re

from lark import Tree

from framework.quality.branches import Branch, branches, tokens, wrong
from framework.quality.nodes import (
    Arithmetic,
    Binary,
    Call,
    Condition,
    Literal,
    Moment,
    Number,
    Operand,
    Size,
    Span,
    Text,
)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{2}:\d{2}|\d{1,2}:\d{2} [AP]M")


def measure(tree: Branch) -> Operand:
    """A date, a duration, a size or a number."""
    return _moment(tree) or _quantity(tree) or Number(_arithmetic(tree))


def check_one_kind(tree: Branch, condition: Condition) -> None:
    kinds = {type(operand) for operand in condition.values}
    if len(kinds) > 1:
        raise wrong(
            tree,
            "a condition mixes operands of different kinds",
            expected="only numbers, only strings or only dates",
        )


def text_or_moment(text: Text) -> Text | Moment:
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
            raise wrong(tree, "now() is moved by something else than a duration", expected="(now() - 3 days)")
    return None


def _quantity(tree: Branch) -> Span | Size | None:
    if tree.data != "quantity":
        return None
    amount, unit = (str(child) for child in tree.children)
    if "." in amount:
        raise wrong(tree, "an amount has a fraction", found=amount, expected="a whole number")
    return Span(int(amount), unit) if unit in ("days", "hours", "minutes") else Size(int(amount), unit)


def _arithmetic(tree: Branch) -> Arithmetic:
    if tree.data == "literal":
        return Literal("".join(str(token) for token in tree.children))
    if tree.data == "bracket":
        return _arithmetic(branches(tree)[0])
    if tree.data == "binary":
        left, right = branches(tree)
        return Binary(str(tokens(tree)[0]), _arithmetic(left), _arithmetic(right))
    if tree.data == "call" and tree.children[0] != "now":
        return Call(str(tree.children[0]), tuple(_arithmetic(child) for child in branches(tree)))
    fix = "Write it in brackets: (now() - 3 days)." if tree.data == "call" else None
    raise wrong(tree, "arithmetic is done with something else than numbers", expected="numbers", fix=fix)
