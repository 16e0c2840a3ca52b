"""What pydantic refuses, in plain words: where, what was found, what was expected, the nearest right name."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from framework.config.base import Model
from framework.config.keys import dotted_keys, fields_of, model_at, without_tags
from framework.config.secrets import names_secret
from framework.config.tree import Part, Value, find
from framework.config.words import nearest, one_of, shown
from framework.errors import ConfigError

_EXPECTED: dict[str, str | Callable[[dict[str, Any]], str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping (lines of `key: value`)",
    "model_type": "a mapping (lines of `key: value`)",
    "model_attributes_type": "a mapping (lines of `key: value`)",
    "literal_error": lambda ctx: one_of(_choices(ctx)),
    "greater_than_equal": lambda ctx: f"at least {ctx['ge']}",
    "less_than_equal": lambda ctx: f"at most {ctx['le']}",
    "too_short": lambda ctx: f"a list of at least {ctx['min_length']}",
    "string_pattern_mismatch": "letters, digits, _ and -, in parts joined by dots",
}


def problems(error: ValidationError, tree: Value, subject: str, model: type[Model]) -> list[ConfigError]:
    """One error per mistake, at the place in the files where it was made."""
    details = error.errors(include_url=False)
    unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
    return [
        _problem(detail["type"], detail["loc"], detail.get("ctx", {}), tree, subject, model)
        for detail in details
        if not (detail["type"] == "missing" and _is_misspelt(detail["loc"], unknown))
    ]


def _is_misspelt(loc: Sequence[Part], unknown: Sequence[Sequence[Part]]) -> bool:
    """Whether the missing key is there with a typing error, which is reported anyway."""
    beside = [str(other[-1]) for other in unknown if list(other[:-1]) == list(loc[:-1])]
    return nearest(str(loc[-1]), beside) is not None


def _problem(
    kind: str, loc: Sequence[Part], ctx: dict[str, Any], tree: Value, subject: str, model: type[Model]
) -> ConfigError:
    names, value, _ = find(tree, without_tags(loc))
    if kind == "missing":
        return _missing(str(loc[-1]), names, value, subject, model_at(model, loc[:-1]))
    if kind == "extra_forbidden":
        return _unknown(names, value, subject, model, model_at(model, loc[:-1]))
    expected = _EXPECTED.get(kind, "another value")
    words = expected if isinstance(expected, str) else expected(ctx)
    return ConfigError(
        f"{'.'.join(names)} of {subject}",
        found="***" if names and names_secret(names[-1]) else shown(value.content),
        expected=words,
        fix=_fix(kind, value.content, ctx),
        where=value.origin,
    )


def _missing(
    key: str, names: Sequence[str], parent: Value, subject: str, model: type[Model] | None
) -> ConfigError:
    field = fields_of(model).get(key) if model else None
    below = f" below `{names[-1]}:`" if names else ""
    meaning = f": {field.description}" if field and field.description else "."
    where = "" if not names else f"{'.'.join(names)}."
    return ConfigError(
        f"{subject} has no `{where}{key}`", fix=f"Add `{key}:`{below}{meaning}", where=parent.origin
    )


def _unknown(
    names: Sequence[str], value: Value, subject: str, model: type[Model], beside: type[Model] | None
) -> ConfigError:
    *above, key = names
    place = f" in {'.'.join(above)}" if above else ""
    known = list(fields_of(beside)) if beside else []
    return ConfigError(
        f"unknown key `{key}`{place} of {subject}",
        fix=_right_key(key, above, known, model),
        where=value.origin,
    )


def _right_key(key: str, above: Sequence[str], known: Sequence[str], model: type[Model]) -> str:
    """The nearest key here, else the same key elsewhere in the file, else all keys that are known here."""
    near = nearest(key, known)
    if near is None:
        elsewhere = {dotted.rpartition(".")[2]: dotted for dotted in reversed(list(dotted_keys(model)))}
        close = get_close_matches(key.lower(), elsewhere, n=1, cutoff=0.8)
        near = elsewhere[close[0]] if close else None
    return f"Did you mean `{near}`?" if near else f"Known here: {', '.join(known)}."


def _fix(kind: str, found: Any, ctx: dict[str, Any]) -> str | None:
    if found is None:
        return "Give it a value, or remove the key."
    if kind == "literal_error" and isinstance(found, str):
        near = nearest(found, _choices(ctx))
        return f"Did you mean `{near}`?" if near else None
    if kind == "string_type" and isinstance(found, int | float):
        return f'Put it in quotes: "{str(found).lower() if isinstance(found, bool) else found}".'
    if kind == "list_type" and isinstance(found, str):
        return f"Write `[{found}]`."
    return None


def _choices(ctx: dict[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", str(ctx.get("expected", "")))
