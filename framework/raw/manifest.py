"""What was landed in a folder of the raw layer, and from where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from framework.config.places import identity
from framework.errors import StateError

if TYPE_CHECKING:
    from framework.state.storage import Storage

FOLDER = "_manifest"
_PENDING = "pending.json"


@dataclass(frozen=True)
class LandedFile:
    """A file of the raw layer and the file it is a copy of."""

    source: str
    size: int
    modified_ms: int
    """Of the source, in milliseconds."""
    path: str
    """In the raw layer, relative to the folder that was landed in."""
    sha256: str | None = None
    """None while the copy is only planned."""


@dataclass(frozen=True)
class Landing:
    """One landing: its files and, for a database, the range that was extracted."""

    run: str
    job: str
    at: str
    files: tuple[LandedFile, ...]
    range: Mapping[str, Any] | None = None

    def text(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"


class Manifest:
    """The landings of a folder, oldest first; also what a reader asks as `Seen` for an incremental extract.

    A landing is written down twice: as pending before the first byte is copied, as done after the last. So whatever a
    killed landing left behind has a name, and is finished rather than found.
    """

    def __init__(self, storage: Storage, folder: str) -> None:
        self._storage = storage
        self._folder = f"{folder}/{FOLDER}"
        found = [info.path for info in storage.all_files(self._folder)]
        done = [path for path in found if path.rpartition("/")[2] != _PENDING and path.endswith(".json")]
        self.landings: list[Landing] = self._read(sorted(done))
        pending = f"{self._folder}/{_PENDING}"
        self.pending: Landing | None = self._read([pending])[0] if pending in found else None
        self._known: set[tuple[Any, ...]] = set().union(*map(_keys, self.landings))

    @property
    def files(self) -> Iterable[LandedFile]:
        return (file for landing in self.landings for file in landing.files)

    def has(self, item: Mapping[str, Any]) -> bool:
        """Whether this very file (path, size, modification time) was landed before."""
        return (identity(str(item.get("path"))), item.get("size"), item.get("modified_ms")) in self._known

    def last(self) -> Mapping[str, Any] | None:
        """The newest range that was extracted."""
        return next((landing.range for landing in reversed(self.landings) if landing.range), None)

    def begin(self, landing: Landing) -> None:
        """Write down what is about to be copied.

        Raises:
            StateError: another landing is at it.
        """
        if not self._storage.create(f"{self._folder}/{_PENDING}", landing.text()):
            raise StateError(
                f"another run is landing files in {self._folder.rpartition('/')[0]}",
                fix=f"Wait for it; if it was killed, run the job again: it finishes what {_PENDING} says.",
            )
        self.pending = landing

    def finish(self, landing: Landing) -> None:
        """Write down what was copied."""
        if landing.files:
            number = len(self.landings) + 1
            while not self._storage.create(f"{self._folder}/{number:08d}.json", landing.text()):
                number += 1
            self.landings.append(landing)
            self._known |= _keys(landing)
        self._storage.delete(f"{self._folder}/{_PENDING}")
        self.pending = None

    def prepare(self) -> None:
        """Make the folder, so that a reader finds a place without files rather than no place."""
        if not self._storage.exists(self._folder):
            self._storage.create(f"{self._folder}/README", "What was landed here, and from where.\n")

    def _read(self, paths: Sequence[str]) -> list[Landing]:
        texts = self._storage.read_texts(paths)
        return [_parse(text, path) for text, path in zip(texts, paths, strict=True)]


def _parse(text: str, path: str) -> Landing:
    try:
        data = json.loads(text)
        files = tuple(LandedFile(**file) for file in data.pop("files"))
        return Landing(files=files, **data)
    except (ValueError, TypeError, KeyError) as error:
        raise StateError(
            f"the manifest {path} is damaged",
            found=str(error),
            fix="Restore it; the files it lists are beside it.",
        ) from error


def _keys(landing: Landing) -> set[tuple[Any, ...]]:
    """What tells the landing's files from others, however their places are spelled."""
    return {(identity(file.source), file.size, file.modified_ms) for file in landing.files}


def free_name(path: str, taken: Sequence[str] | set[str]) -> str:
    """The path, or the first of `name~2.csv`, `name~3.csv`, ... that nobody has.

    >>> free_name("2024/03/01/a.csv.gz", {"2024/03/01/a.csv.gz", "2024/03/01/a~2.csv.gz"})
    '2024/03/01/a~3.csv.gz'
    """
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.partition(".")
    number = 1
    while path in taken:
        number += 1
        path = f"{folder}{slash}{stem}~{number}{dot}{ending}"
    return path
