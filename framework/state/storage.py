"""Small files of the lake (intents, manifests, facts), on any file system Spark can reach, by one protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class FileInfo:
    """A file as a listing shows it."""

    path: str
    size: int
    modified_ms: int


class Storage(Protocol):
    """A file system. Paths are URIs or bare local paths, and come back in the spelling they were asked for.

    `tests/integration/state/test_storage_contract.py` says what holds for every one of them.
    """

    def exists(self, path: str) -> bool:
        """Whether there is such a file or folder; a folder without files is none where there are only objects."""
        ...

    def read_text(self, path: str) -> str: ...

    def read_texts(self, paths: Sequence[str]) -> list[str]:
        """Several files; where each is a journey of its own, many at a time."""
        ...

    def create(self, path: str, text: str) -> bool:
        """Make the file with this content, all or nothing; False (and nothing changed) if it exists already.

        Of several writers at one time one gets True, on S3 as far as the store heeds `If-None-Match`.
        """
        ...

    def write(self, path: str, text: str) -> None:
        """Replace the file's content, all or nothing."""
        ...

    def files(self, path: str) -> list[FileInfo]:
        """Files below a folder, or those that a pattern means, or the one file; sorted by path; [] if there are none.

        Names below the folder that start with `_` or `.` are left out, as Spark does. What exists under the very
        path is meant even if the path could be a pattern. Patterns are those of `framework.state.patterns`.
        """
        ...

    def all_files(self, folder: str) -> list[FileInfo]:
        """Every file directly in a folder, hidden ones included; sorted by path."""
        ...

    def copy(self, source: str, target: str) -> tuple[int, str]:
        """Copy the bytes, all or nothing; returns size and SHA-256.

        The copy has the source's modification time where the file system can give it one; objects never have it.
        """
        ...

    def digest(self, path: str) -> tuple[int, str]:
        """Size and SHA-256 of a file."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file, or a folder with all that is in it; nothing if there is none."""
        ...


def child(folder: str, below: str) -> str:
    """The path of what lies below a folder, in the folder's spelling.

    >>> child("/in/", "a%b.csv"), child("file:///in", "a%b.csv"), child(".", "a.csv")
    ('/in/a%b.csv', 'file:///in/a%25b.csv', './a.csv')
    """
    if folder[:5].lower() == "file:":
        below = below.replace("%", "%25")
    return f"{folder.rstrip('/')}/{below}"
