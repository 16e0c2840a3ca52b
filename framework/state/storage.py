"""Small files of the lake (intents, manifests, facts), on any file system Spark can reach, by one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class FileInfo:
    """A file as a listing shows it."""

    path: str
    size: int
    modified_ms: int


class Storage(Protocol):
    """A file system. Paths are URIs or bare local paths, and come back in the spelling they were asked for."""

    def exists(self, path: str) -> bool: ...

    def read_text(self, path: str) -> str: ...

    def create(self, path: str, text: str) -> bool:
        """Make the file with this content, all or nothing; False (and nothing changed) if it exists already."""
        ...

    def write(self, path: str, text: str) -> None:
        """Replace the file's content, all or nothing."""
        ...

    def files(self, path: str, *, recursive: bool = True) -> list[FileInfo]:
        """Files below a folder, or matching a glob, or the one file; sorted by path; [] if there are none.

        Names that start with `_` or `.` are left out, as Spark does.
        """
        ...

    def all_files(self, folder: str) -> list[FileInfo]:
        """Every file directly in a folder, hidden ones included; sorted by path."""
        ...

    def copy(self, source: str, target: str) -> tuple[int, str]:
        """Copy the bytes all or nothing, keeping the modification time; returns size and SHA-256."""
        ...

    def delete(self, path: str) -> None: ...
