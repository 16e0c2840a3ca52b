"""Plain words for messages: what was found, what was expected, and which right name is nearest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that the wrong one most likely stands for.

    >>> nearest("Partition-By", ["partition_by", "mode"])
    'partition_by'
    >>> nearest("colour", ["partition_by", "mode"]) is None
    True
    """
    folded = {_fold(item): item for item in known}
    close = get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def _fold(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A sentence with the nearest name, or with all of them if none is near."""
    names = list(known)
    near = nearest(name, names)
    if near is not None:
        return f"Did you mean `{near}`?"
    return f"Known here: {', '.join(names)}." if names else None


def one_of(names: Sequence[str]) -> str:
    """`a, b or c`.

    >>> one_of(["iceberg", "delta"])
    'iceberg or delta'
    """
    items = [str(name) for name in names]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} or {items[-1]}"


def shown(value: object) -> str:
    """A configuration value in plain words.

    >>> shown("four"), shown(4), shown(None), shown({"a": 1}), shown(True)
    ('text "four"', 'the number 4', 'nothing', 'a mapping', 'true')
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f'text "{_short(value)}"'
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return type(value).__name__


def _short(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
