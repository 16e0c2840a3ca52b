"""Reads the rulesets of the corpus: cases begin with `==== name`, `---- text` is what the error must say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent / "rulesets"


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    error: str = ""

    def __str__(self) -> str:
        return self.name


def read(name: str) -> list[Case]:
    """The cases of one file."""
    cases = []
    for part in _FOLDER.joinpath(name).read_text(encoding="utf-8").split("==== ")[1:]:
        title, _, text = part.partition("\n")
        error = ""
        if text.startswith("---- "):
            error, _, text = text.removeprefix("---- ").partition("\n")
        cases.append(Case(title, text, error))
    return cases
