"""How outcomes are named, marked and coloured on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STATUS_STYLES: Mapping[str, str] = MappingProxyType(
    {
        "applied": "green",
        "unchanged": "green",
        "nothing_new": "dim",
        "failed": "bold red",
        "skipped": "yellow",
        "planned": "cyan",
    }
)
STATUS_MARKS: Mapping[str, str] = MappingProxyType(
    {"applied": "✓", "unchanged": "✓", "nothing_new": "·", "failed": "✗", "skipped": "-", "planned": "·"}
)


def status_word(status: str) -> str:
    """A status in words.

    >>> status_word("nothing_new")
    'nothing new'
    """
    return status.replace("_", " ")


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    >>> plural(1, "job"), plural(1200, "job")
    ('1 job', '1,200 jobs')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
