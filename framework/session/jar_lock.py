"""The recorded set of jars per lane: coordinates, file, size and SHA-256, as JSON beside this module.

A lock is made from `versions.py` by resolving once (`python -m framework.session.jars --lane 3.5 --lock`), and
is committed. Fetching follows it to the letter, so two machines never run different jars.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from framework.errors import SessionError
from framework.session.versions import Artifact, Lane


@dataclass(frozen=True)
class LockedJar:
    """One jar, as it must be."""

    org: str
    name: str
    rev: str
    file: str
    size: int
    sha256: str

    @property
    def artifact(self) -> Artifact:
        return Artifact(self.org, self.name, self.rev)


@dataclass(frozen=True)
class LockedGroup:
    """What a group asks for, and the jars that answer it, in class path order."""

    asked: tuple[str, ...]
    jars: tuple[LockedJar, ...]


@dataclass(frozen=True)
class JarLock:
    """The groups of a lane."""

    line: str
    groups: Mapping[str, LockedGroup]

    def jars(self, group: str) -> tuple[LockedJar, ...]:
        """The jars of one group; an unknown group is named with the known ones."""
        if group not in self.groups:
            raise SessionError(
                f"there is no group of jars for Spark {self.line} of this name",
                found=repr(group),
                expected=", ".join(sorted(self.groups)),
            )
        return self.groups[group].jars


def load_lock(lane: Lane) -> JarLock:
    """The lock that ships with Sluice.

    >>> from framework.session.versions import LANES
    >>> load_lock(LANES["3.5"]).line
    '3.5'
    """
    source = files("framework.session") / "locks" / lock_name(lane)
    return parse_lock(source.read_text(encoding="utf-8")) if source.is_file() else JarLock(lane.line, {})


def lock_name(lane: Lane) -> str:
    """The file of a lane's lock."""
    return f"lane-{lane.line}.lock.json"


def parse_lock(text: str) -> JarLock:
    """A lock from its JSON."""
    raw = json.loads(text)
    groups = {
        name: LockedGroup(tuple(group["asked"]), tuple(LockedJar(**jar) for jar in group["jars"]))
        for name, group in raw["groups"].items()
    }
    return JarLock(raw["lane"], groups)


def dump_lock(lock: JarLock) -> str:
    """A lock as JSON, one jar per entry, stable from run to run."""
    groups = {name: asdict(group) for name, group in lock.groups.items()}
    return json.dumps({"lane": lock.line, "groups": groups}, indent=1) + "\n"


def digest(path: Path) -> str:
    """The SHA-256 of a file, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
