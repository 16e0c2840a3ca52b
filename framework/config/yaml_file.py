"""YAML to a tree with file and line of every value.

Differs from YAML 1.1 where that surprises: only `true` and `false` are booleans (`no` is Norway), `12:30` and
dates stay text, keys are always text, and a key that stands twice is refused.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

from framework.config.tree import Value
from framework.errors import ConfigError

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class _Loader(_SafeLoader):  # type: ignore[misc]
    """A loader that leaves the kind of plain scalars to us."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def read(text: str, name: str) -> Value:
    """The tree of a YAML text; `name` is how messages call the file.

    >>> read("write:\\n  table: a.b.c", "conf/jobs/x.yaml").content["write"].content["table"].origin
    'conf/jobs/x.yaml:2'
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, text, name) from error
    except yaml.YAMLError as error:
        raise ConfigError(
            "this is not readable as YAML text", found=str(error).splitlines()[0], where=name
        ) from error
    finally:
        loader.dispose()
    if node is None:
        return Value({}, f"{name}:1")
    return _Builder(name).value(node, f"{name}:1", ())


def scalar(text: str) -> Any:
    """A plain scalar as YAML 1.2 understands it.

    >>> [scalar(text) for text in ("4", "1.5", "true", "no", "2024-01-01", "")]
    [4, 1.5, True, 'no', '2024-01-01', None]
    """
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _syntax_error(error: yaml.MarkedYAMLError, text: str, name: str) -> ConfigError:
    mark = error.problem_mark or error.context_mark
    where = f"{name}:{mark.line + 1}" if mark else name
    problem = error.problem or "the text can't be read"
    if "another document" in problem:
        return ConfigError(
            "a second document (`---`) begins here",
            expected="one document",
            where=where,
            fix="Give each job a file of its own.",
        )
    if mark and "\t" in "".join(text.splitlines()[mark.line : mark.line + 1]).split("#")[0]:
        return ConfigError("a tab stands where YAML wants spaces", where=where, fix="Indent with spaces.")
    return ConfigError(
        f"this is not valid YAML: {problem}",
        where=where,
        fix="Look at the indentation, and at quotes and colons, of this line and the one before.",
    )


class _Builder:
    """Turns nodes into values; knows the file's name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, node: Any, origin: str, above: tuple[int, ...]) -> Value:
        if id(node) in above:
            raise ConfigError("an alias (`*name`) contains itself", where=origin)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, origin)
        self._check_tag(node, origin)
        inside = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            return Value(self._mapping(node, inside), origin)
        return Value([self.value(item, self._place(item), inside) for item in node.value], origin)

    def _scalar(self, node: Any, origin: str) -> Value:
        self._check_tag(node, origin)
        if not node.style:  # plain: the C loader says "", the Python one None
            return Value(scalar(node.value), origin)
        block = f"{self.name}:{node.start_mark.line + 2}" if node.style == "|" else None
        return Value(node.value, origin, block)

    def _mapping(self, node: Any, above: tuple[int, ...]) -> dict[str, Value]:
        entries: dict[str, Value] = {}
        merged: dict[str, Value] = {}
        for key, item in node.value:
            place = self._place(key)
            if not isinstance(key, yaml.ScalarNode):
                raise ConfigError(
                    "a key of a mapping is itself a mapping or a list",
                    where=place,
                    fix='Put text that begins with `{` or `[` in quotes: "{...}".',
                )
            value = self.value(item, place, above)
            if key.value == "<<" and not key.style:
                merged.update(self._merge_key(value))
            elif key.value in entries:
                raise ConfigError(
                    f"key `{key.value}` stands twice in one mapping",
                    where=place,
                    fix=f"It is also at {entries[key.value].origin}: keep one of them.",
                )
            else:
                entries[key.value] = value
        return {**merged, **entries}

    def _merge_key(self, value: Value) -> dict[str, Value]:
        sources = value.content if isinstance(value.content, list) else [value]
        merged: dict[str, Value] = {}
        for source in reversed(sources):
            if not isinstance(source.content, dict):
                raise ConfigError(
                    "`<<` takes in the keys of another mapping",
                    expected="an alias of a mapping",
                    where=value.origin,
                )
            merged.update(source.content)
        return merged

    def _check_tag(self, node: Any, origin: str) -> None:
        tag = str(node.tag or "")
        if (tag.startswith("!") and tag != "!") or tag.startswith(_CORE + "python"):
            raise ConfigError(
                f"the tag {tag.removeprefix(_CORE)} means nothing here",
                where=origin,
                fix="Remove it; secrets are references such as env://NAME.",
            )

    def _place(self, node: Any) -> str:
        return f"{self.name}:{node.start_mark.line + 1}"
