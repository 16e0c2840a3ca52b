"""Configuration values that remember where they were written.

A file is read into a tree of `Value`; layers are merged as trees, and only the merged tree becomes a model.
So every message can name file and line, and `Project.origin` can say where a value came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

Part: TypeAlias = str | int
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Value:
    """A mapping or list of values, or a scalar, with its place (`file:line`, `--set` or `default`)."""

    content: Any
    origin: str
    text_origin: str | None = None
    """A block of text (`|`): place of its first line, so that an error inside it can name its own line."""


def of(data: Any, origin: str) -> Value:
    """Plain data as a tree with one origin.

    >>> of({"a": [1]}, "--set").content["a"].content
    [Value(content=1, origin='--set', text_origin=None)]
    """
    if isinstance(data, dict):
        return Value({str(key): of(item, origin) for key, item in data.items()}, origin)
    if isinstance(data, list):
        return Value([of(item, origin) for item in data], origin)
    return Value(data, origin)


def plain(value: Value) -> Any:
    """The data without its origins."""
    if isinstance(value.content, dict):
        return {key: plain(item) for key, item in value.content.items()}
    if isinstance(value.content, list):
        return [plain(item) for item in value.content]
    return value.content


def nested(parts: Sequence[str], value: Value) -> Value:
    """The value below a path of mappings: `("write", "format")` gives `{write: {format: value}}`."""
    for part in reversed(parts):
        value = Value({part: value}, value.origin)
    return value


def merge(under: Value, over: Value) -> Value:
    """`over` laid on `under`: mappings merge key by key, anything else is replaced.

    A mapping laid on a list of named entries (layers, columns) changes these by name, and adds new ones.
    """
    below, above = under.content, over.content
    if isinstance(below, dict) and isinstance(above, dict):
        origin = under.origin if over.origin in (DEFAULT, "--set") else over.origin
        return Value(_merged(below, above), origin)
    if isinstance(above, dict) and isinstance(below, list) and below and all(map(_name_of, below)):
        changed = {
            name: item if isinstance(item.content, dict) else of({}, item.origin)
            for name, item in above.items()
        }
        named = {
            name: replace(item, content={"name": Value(name, item.origin), **item.content})
            for name, item in changed.items()
        }
        return replace(
            over, content=list(_merged({str(_name_of(item)): item for item in below}, named).values())
        )
    return over


def _merged(below: dict[str, Value], above: dict[str, Value]) -> dict[str, Value]:
    return {
        **below,
        **{key: merge(below[key], item) if key in below else item for key, item in above.items()},
    }


def _name_of(value: Value) -> str | None:
    if isinstance(value.content, dict) and "name" in value.content:
        return str(value.content["name"].content)
    return None


def child(value: Value, part: Part) -> tuple[str, Value] | None:
    """Name and value one step down. A number also finds the n-th entry of a mapping, a name a named one."""
    content = value.content
    if isinstance(content, dict):
        if isinstance(part, int):
            entries = list(content.items())
            return entries[part] if part < len(entries) else None
        return (part, content[part]) if part in content else None
    if isinstance(content, list):
        if isinstance(part, int):
            return (_name_of(content[part]) or str(part), content[part]) if part < len(content) else None
        return next(((part, item) for item in content if _name_of(item) == part), None)
    return None


def find(value: Value, path: Sequence[Part]) -> tuple[tuple[str, ...], Value, bool]:
    """The deepest value along a path, its names, and whether the whole path was there."""
    names: list[str] = []
    for part in path:
        step = child(value, part)
        if step is None:
            return tuple(names), value, False
        names.append(step[0])
        value = step[1]
    return tuple(names), value, True


def leaves(value: Value, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Value]]:
    """Every scalar with its path."""
    if isinstance(value.content, dict):
        for key, item in value.content.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value.content, list):
        for index, item in enumerate(value.content):
            yield from leaves(item, (*path, _name_of(item) or str(index)))
    else:
        yield path, value
