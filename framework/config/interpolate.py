"""`${...}` in values: variables, the environment and values of the lake.

| written | becomes |
|---|---|
| `${name}` | the variable, from `variables:` of lake.yaml or of the environment's file |
| `${env:NAME}` | the environment variable; refused if it isn't set |
| `${env:NAME:-default}` | the environment variable, or the default |
| `${lake.root}` | a value of the lake |
| `$${` | a plain `${` |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from framework.config.places import absolute
from framework.config.tree import Value, find
from framework.config.words import did_you_mean, nearest
from framework.errors import ConfigError

_REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")


class Interpolator:
    """Replaces references in a tree; collects what can't be replaced in `problems`."""

    def __init__(self, lake: Value, environ: Mapping[str, str], defaults: Mapping[str, Any]) -> None:
        self.lake = lake
        self.environ = environ
        self.defaults = defaults
        """Values of `lake.*` that no file sets."""
        self.problems: list[ConfigError] = []
        variables = find(lake, ("variables",))
        self.variables = (
            variables[1].content if variables[2] and isinstance(variables[1].content, dict) else {}
        )

    def tree(self, value: Value) -> Value:
        """The tree with all references replaced."""
        if isinstance(value.content, dict):
            return replace(value, content={key: self.tree(item) for key, item in value.content.items()})
        if isinstance(value.content, list):
            return replace(value, content=[self.tree(item) for item in value.content])
        if isinstance(value.content, str) and "${" in value.content:
            try:
                return replace(value, content=self.text(value.content, value.origin, ()))
            except ConfigError as problem:
                self.problems.append(problem)
        return value

    def text(self, text: str, where: str, above: tuple[str, ...]) -> Any:
        """One text. A text that is nothing but one variable keeps its kind (a number stays one)."""
        whole = _REFERENCE.fullmatch(text)
        if whole and whole[1] is not None:
            return self._value(whole[1].strip(), where, above)
        return _REFERENCE.sub(lambda hit: self._part(hit, where, above), text)

    def _part(self, hit: re.Match[str], where: str, above: tuple[str, ...]) -> str:
        if hit[0] == "$${":
            return "${"
        if hit[1] is None:
            raise ConfigError("`${` is not closed by `}`", where=where, fix="Write `$${` for a plain `${`.")
        value = self._value(hit[1].strip(), where, above)
        return ("true" if value else "false") if isinstance(value, bool) else str(value)

    def _value(self, name: str, where: str, above: tuple[str, ...]) -> Any:
        if name in above:
            raise ConfigError(
                "variables refer to each other in a circle", found=" -> ".join((*above, name)), where=where
            )
        if name.startswith("env:"):
            return self._environment(name.removeprefix("env:"), where)
        if name.startswith("lake."):
            return self._of_lake(name, where, above)
        if name not in self.variables:
            raise self._unknown(name, where)
        return self._resolved(self.variables[name], name, above)

    def _resolved(self, value: Value, name: str, above: tuple[str, ...]) -> Any:
        if isinstance(value.content, dict | list):
            raise ConfigError(
                f"${{{name}}} can't be put into a text", found="a mapping or a list", where=value.origin
            )
        if not isinstance(value.content, str):
            return "" if value.content is None else value.content
        return self.text(value.content, value.origin, (*above, name))

    def _environment(self, text: str, where: str) -> str:
        name, fallback, default = text.partition(":-")
        if name in self.environ:
            return self.environ[name]
        if fallback:
            return default
        raise ConfigError(
            f"the environment variable {name} is not set",
            where=where,
            fix=f"Set it, or give a default: ${{env:{name}:-default}}.",
        )

    def _of_lake(self, name: str, where: str, above: tuple[str, ...]) -> Any:
        path = name.split(".")[1:]
        _, value, there = find(self.lake, path)
        if there:
            found = self._resolved(value, name, above)
            # a path of a job is relative to the root: one that begins with the root has to be absolute
            return absolute(found) if name == "lake.root" and isinstance(found, str) else found
        if len(path) == 1 and self.defaults.get(path[0]) is not None:
            return self.defaults[path[0]]
        known = [f"lake.{key}" for key in {**self.defaults, **self.lake.content}]
        raise ConfigError(
            f"${{{name}}} is not a value of the lake", where=where, fix=did_you_mean(name, known)
        )

    def _unknown(self, name: str, where: str) -> ConfigError:
        near = nearest(name, [*self.variables, "lake.root", "lake.name"])
        if near is None and name in self.environ:
            near = f"env:{name}"
        fix = (
            f"Did you mean `${{{near}}}`?"
            if near
            else (f"Set `{name}:` below `variables:` in lake.yaml, or write `$${{` for a plain `${{`.")
        )
        return ConfigError(f"the variable ${{{name}}} is unknown", where=where, fix=fix)
