"""Dataclasses to JSON-ready data and back, typed by their own annotations.

Unknown keys are ignored and missing ones get their defaults, so facts written by an older or newer Sluice stay
readable.

>>> from framework.run.outcome import Stage
>>> to_data(Stage("read", 1.5)), from_data(Stage, {"name": "read", "seconds": 1.5, "new": True})
({'name': 'read', 'seconds': 1.5}, Stage(name='read', seconds=1.5))
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_data(value: Any) -> Any:
    """The value as lists, dictionaries and scalars; times as ISO text with their zone."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_data(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_data(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [to_data(each) for each in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def from_data(cls: type[T], data: Mapping[str, Any]) -> T:
    """A dataclass from what `to_data` made of it; TypeError where a field without a default is missing."""
    hints = _hints(cls)  # type: ignore[arg-type]
    known = {name: _typed(hint, data[name]) for name, hint in hints.items() if name in data}
    return cls(**known)


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {each.name: hints[each.name] for each in fields(cls)}


def _typed(hint: Any, value: Any) -> Any:
    """The value as its annotation says; what JSON has already is left alone."""
    if value is None:
        return None
    if is_dataclass(hint) and isinstance(hint, type):
        return from_data(hint, value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is float:
        return float(value)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _typed(next(each for each in arguments if each is not type(None)), value)
    if origin is list:
        return [_typed(arguments[0], each) for each in value]
    if origin is tuple:
        return tuple(_typed(each, item) for each, item in zip(arguments, value, strict=True))
    if origin is dict:
        return {key: _typed(arguments[1], each) for key, each in value.items()}
    return value
