"""Patterns of file names, with one meaning on every file system.

    *  ?  [ab]  [!ab]     within a name          {a,b/c}   either
    **                    any number of folders

A folder that fits stands for all files below it. Names that begin with `_` or `.` fit only where the pattern
spells that first letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

_MAGIC = re.compile(r"[*?\[{]")
_CHOICE = re.compile(r"\{([^{}]*)\}")
_HIDDEN = ("_", ".")


def is_hidden(name: str) -> bool:
    """Whether a name is one that readers pass over."""
    return name.startswith(_HIDDEN)


def has_magic(path: str) -> bool:
    """Whether a path may be a pattern."""
    return _MAGIC.search(path) is not None


@dataclass(frozen=True)
class Pattern:
    """The folders before the first wildcard, and what has to follow, a tuple of parts for each alternative."""

    folder: str
    choices: tuple[tuple[str, ...], ...]

    def takes(self, below: str) -> bool:
        """Whether the file at this path below `folder` is meant.

        >>> parse_pattern("in/{a,b}/*.csv").takes("a/x.csv"), parse_pattern("in/*.csv").takes("sub/x.csv")
        (True, False)
        """
        names = below.split("/")
        return any(_takes(parts, names) for parts in self.choices)

    def enters(self, below: str) -> bool:
        """Whether a folder at this path may hold such files."""
        names = below.split("/")
        return any(_enters(parts, names) for parts in self.choices)


def parse_pattern(path: str) -> Pattern:
    """The pattern that a path spells.

    >>> parse_pattern("s3://b/in/2024-*/*.csv")
    Pattern(folder='s3://b/in', choices=(('2024-*', '*.csv'),))
    """
    folder = fixed_part(path)
    rest = path[len(folder) :].lstrip("/")
    choices = (tuple(part for part in each.split("/") if part) for each in _alternatives(rest))
    return Pattern(folder, tuple(choices))


def fixed_part(path: str) -> str:
    """The folders before the first wildcard.

    >>> fixed_part("/in/a*/b"), fixed_part("/*.csv"), fixed_part("*.csv"), fixed_part("/in/a")
    ('/in', '/', '.', '/in/a')
    """
    magic = _MAGIC.search(path)
    if magic is None:
        return path
    folder, slash, _ = path[: magic.start()].rpartition("/")
    return folder or slash or "."


def _alternatives(text: str) -> list[str]:
    """The text once for every choice of its braces."""
    found = _CHOICE.search(text)
    if found is None:
        return [text]
    head, tail = text[: found.start()], text[found.end() :]
    return [each for choice in found[1].split(",") for each in _alternatives(head + choice + tail)]


def _takes(parts: tuple[str, ...], names: list[str]) -> bool:
    if not parts:
        return not any(map(is_hidden, names))
    if not names:
        return False
    if parts[0] == "**":
        return _takes(parts[1:], names) or (not is_hidden(names[0]) and _takes(parts, names[1:]))
    return _fits(parts[0], names[0]) and _takes(parts[1:], names[1:])


def _enters(parts: tuple[str, ...], names: list[str]) -> bool:
    if not names:
        return True
    if not parts:
        return not any(map(is_hidden, names))
    if parts[0] == "**":
        return (not is_hidden(names[0]) and _enters(parts, names[1:])) or _enters(parts[1:], names)
    return _fits(parts[0], names[0]) and _enters(parts[1:], names[1:])


def _fits(part: str, name: str) -> bool:
    if is_hidden(name) and not part.startswith(_HIDDEN):
        return False
    return fnmatchcase(name, part.replace("[^", "[!"))
