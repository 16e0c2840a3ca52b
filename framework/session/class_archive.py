"""Loads Spark's classes from an archive of them: a JVM that needn't parse and verify 15,000 classes starts sooner.

Java calls it class data sharing. The archive belongs to one Java and one class path, which its name is made of:
after a change of either there is just none, and Java starts as it always did. `warm.py` makes it, once.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from framework.session.ivy import pyspark_jars
from framework.session.jar_cache import cache_root
from framework.session.java import Java

_KEPT = 4
# What Java has to say about an archive that it can't use helps nobody: it goes on without.
_SILENT = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off", "-Xlog:class+path=off")


def archive_path(java: Java, class_path: Sequence[Path], environ: Mapping[str, str]) -> Path:
    """Where the archive for this Java and this class path is, or would be."""
    release = java.home / "release"
    facts = [str(java.home), release.read_text(encoding="utf-8") if release.is_file() else ""]
    facts += [_identity(path) for path in (*class_path, *sorted(pyspark_jars().glob("*.jar")))]
    name = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]
    return cache_root(environ) / "classes" / f"{name}.jsa"


def use_options(archive: Path) -> tuple[str, ...]:
    """JVM options that load from the archive; none if it isn't there."""
    return (f"-XX:SharedArchiveFile={archive}", *_SILENT) if archive.is_file() else ()


def record_options(archive: Path) -> tuple[str, ...]:
    """JVM options that write the archive when the JVM ends."""
    return (f"-XX:ArchiveClassesAtExit={archive}", "-Xlog:disable")


def ensure_base(java: Java) -> bool:
    """Whether Java has the archive of its own classes, which ours builds upon; the wheel's JDK comes without."""
    base = java.home / "lib" / "server" / "classes.jsa"
    if not base.is_file():
        command = [str(java.executable), "-Xshare:dump"]
        subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return base.is_file()


def prune(folder: Path) -> None:
    """Room for one more: each is 200 MB, and a new Java, jar or checkout leaves the old one behind."""
    archives = sorted(folder.glob("*.jsa"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in [*archives[_KEPT - 1 :], *folder.glob("*.part")]:
        old.unlink(missing_ok=True)


def _identity(path: Path) -> str:
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"
