"""Reading a window of a source again, on purpose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from framework.readers.base import Inputs


@dataclass(frozen=True)
class Replay:
    """Files whose path matches the pattern are read again; also what a reader asks as `Seen`."""

    pattern: str

    def has(self, item: Mapping[str, Any]) -> bool:
        return False

    def last(self) -> Mapping[str, Any] | None:
        return None

    def within(self, inputs: Inputs) -> Inputs:
        """The inputs that the window takes in.

        >>> Replay("*2024-03*").within(Inputs("files", ({"path": "raw/2024-03-01.csv"}, {"path": "raw/x.csv"}))).items
        ({'path': 'raw/2024-03-01.csv'},)
        """
        return Inputs(inputs.reader, tuple(item for item in inputs.items if self._matches(item)))

    def _matches(self, item: Mapping[str, Any]) -> bool:
        return "path" not in item or fnmatch(str(item["path"]), self.pattern)
