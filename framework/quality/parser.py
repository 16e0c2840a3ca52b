"""DQDL text to a `Document`; every mistake is a ConfigError with line and column."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.quality.nodes import Document
from framework.quality.pragmas import attach_pragmas
from framework.quality.tree import build_document

if TYPE_CHECKING:
    from lark import Lark, UnexpectedInput

_TERMINALS = {
    "IDENT": "a name",
    "STRING": "a quoted string",
    "VARIABLE": "a $variable",
    "NUMBER": "a number",
    "COMPARE": "a comparison",
    "EQUAL": "=",
    "BANG": "!=",
    "COMMA": ",",
    "COLON": ":",
    "LSQB": "[",
    "RSQB": "]",
    "LPAR": "(",
    "RPAR": ")",
    "LBRACE": "{",
    "RBRACE": "}",
    "PLUS": "+",
    "MINUS": "-",
    "TIMES": "*",
    "DIVIDE": "/",
    "UNIT": "a unit (days, hours, minutes, KB, MB, GB, TB)",
    "METADATA": "Metadata",
    "DATASOURCES": "DataSources",
    "DEFAULTLABELS": "DefaultLabels",
    "RULES": "Rules",
    "ANALYZERS": "Analyzers",
    "$END": "the end",
}


def parse_document(text: str) -> Document:
    """Read a DQDL text.

    Raises ConfigError, whose `where` is `line:column`, for the first thing that can't be read.
    """
    from lark import UnexpectedInput

    text = normalise(text)
    try:
        tree = _lark().parse(text)
    except UnexpectedInput as error:
        raise _explain(text, error) from None
    return attach_pragmas(text, build_document(tree))


def normalise(text: str) -> str:
    """Unix line ends, no byte order mark: the language's white space is blank, tab and newline."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


@cache
def _lark() -> Lark:
    from lark import Lark

    grammar = files("framework.quality").joinpath("dqdl.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


def _explain(text: str, error: UnexpectedInput) -> ConfigError:
    line, column, found = _place(text, error)
    allowed = (
        getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None)
    )
    expected = sorted({_TERMINALS.get(name, name.lower()) for name in allowed or ()})
    return ConfigError(
        "the rules can't be read",
        found=found,
        expected=" or ".join(expected) if 0 < len(expected) <= 12 else None,
        fix=_hint(text, found),
        where=f"{line}:{column}",
    )


def _place(text: str, error: UnexpectedInput) -> tuple[int, int, str]:
    token = getattr(error, "token", None)
    if token is not None and token.type != "$END":
        return token.line, token.column, f"`{token}`"
    offset: int | None = getattr(error, "pos_in_stream", None)
    if token is None and offset is not None and offset < len(text):
        return error.line, error.column, f"`{text[offset]}`"
    lines = text.rstrip("\n").split("\n")
    return len(lines), len(lines[-1]) + 1, "the end of the rules"


def _hint(text: str, found: str) -> str | None:
    if found == '`"`':
        return 'A quote is not closed, or a quote inside a string is not written as \\".'
    if found == "`'`":
        return "Strings stand in double quotes."
    if found in ("`OR`", "`AND`", "`or`", "`and`"):
        return "Composite rules are written (RuleA) and (RuleB)."
    if "Rules" not in text:
        return "A ruleset is written Rules = [ rule, rule ]."
    return None
