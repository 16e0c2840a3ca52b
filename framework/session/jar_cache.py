"""The jars of a lane in the user's cache: fetched once, checked against the lock, needed from no network afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from framework.errors import SessionError, SluiceError
from framework.session.ivy import Answer, Ivy, Request
from framework.session.jar_lock import JarLock, LockedJar, digest, load_lock
from framework.session.java import find_java
from framework.session.versions import Artifact, Lane

Say = Callable[[str], None]


def cache_root(environ: Mapping[str, str]) -> Path:
    """The folder that holds everything fetched: `$XDG_CACHE_HOME/sluice`, or `~/.cache/sluice`."""
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "sluice"


def jars_folder(lane: Lane, environ: Mapping[str, str]) -> Path:
    """Where the jars of a lane are kept."""
    return cache_root(environ) / "jars" / lane.line


def cached_jars(lane: Lane, groups: Iterable[str], environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The jars of `groups`, which must have been fetched; looks at sizes only, so that a session starts quickly.

    >>> cached_jars(LANES["3.5"], ["core"], os.environ)[0].name  # doctest: +SKIP
    'delta-spark_2.12-3.3.3.jar'
    """
    lock, folder = load_lock(lane), jars_folder(lane, environ)
    wanted = _unique(jar for group in groups for jar in lock.jars(group))
    missing = [jar.file for jar in wanted if not _has_size(folder / jar.file, jar)]
    if missing:
        raise SessionError(
            f"jars of Spark {lane.line} are not in the cache {folder}",
            found=f"{len(missing)} missing or cut short: {', '.join(missing)}",
            fix=_fetch_hint(lane, groups),
        )
    return tuple(folder / jar.file for jar in wanted)


def available_groups(lane: Lane, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The groups whose jars are all in the cache."""
    lock, folder = load_lock(lane), jars_folder(lane, environ)
    return tuple(
        name for name in lock.groups if all(_has_size(folder / jar.file, jar) for jar in lock.jars(name))
    )


def fetch(lock: JarLock, group: str, folder: Path, resolve: Callable[[Request], Answer]) -> int:
    """Bring what is missing of one group into `folder`, verified; the number of jars that were missing.

    A file is first written beside its place and then renamed, so a killed run leaves no half jar behind.
    """
    wanted = lock.jars(group)
    missing = [jar for jar in wanted if not _is_whole(folder / jar.file, jar)]
    if not missing:
        return 0
    answer = resolve(Request(tuple(jar.artifact for jar in missing), transitive=False))
    sources = {found.artifact: found.path for found in answer.found}
    absent = [jar for jar in missing if not _place(jar, sources, folder)]
    if absent:
        raise SessionError(
            f"the jars of group {group} for Spark {lock.line} could not all be downloaded",
            found=f"{len(missing) - len(absent)} of {len(missing)} ({answer.complaint})",
            expected="also " + ", ".join(jar.file for jar in absent),
            fix="Check the network (or name a mirror's Ivy settings in SLUICE_IVY_SETTINGS) and run the same "
            "command again: it goes on where it stopped.",
        )
    return len(missing)


def fetch_groups(
    lane: Lane, groups: Iterable[str], environ: Mapping[str, str], say: Say, *, quiet: bool = False
) -> list[str]:
    """Fetch group by group; one that fails doesn't stop the others. Gives back the groups that failed."""
    lock, folder, failed = load_lock(lane), jars_folder(lane, environ), []
    for group in groups:
        if group in lane.unavailable:
            say(f"jars {lane.line}/{group}: left out. {lane.unavailable[group]}")
            continue
        try:
            count = fetch(lock, group, folder, lambda request: ivy_for(lane, environ).resolve(request))
            if count or not quiet:
                say(f"jars {lane.line}/{group}: {len(lock.jars(group))} at hand, {count} of them fetched now")
        except SluiceError as error:
            failed.append(group)
            say(f"jars {lane.line}/{group}: {error}")
    return failed


def ivy_for(lane: Lane, environ: Mapping[str, str]) -> Ivy:
    """Ivy with a Java that fits the lane, and its cache beside the jars."""
    settings = environ.get("SLUICE_IVY_SETTINGS")
    java = find_java(lane, environ).executable
    return Ivy(java, cache_root(environ) / "ivy", Path(settings) if settings else None)


def _place(jar: LockedJar, sources: Mapping[Artifact, Path], folder: Path) -> bool:
    source = sources.get(jar.artifact)
    if source is None or not source.is_file():
        return False
    found = digest(source)
    if found != jar.sha256:
        source.unlink()
        raise SessionError(
            f"the download of {jar.artifact} is not the jar that Sluice recorded",
            found=f"sha256 {found}",
            expected=f"sha256 {jar.sha256}",
            fix="It was thrown away; run the same command again, and if it stays so, don't trust the source.",
        )
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{jar.file}.{os.getpid()}.part"
    shutil.copyfile(source, part)
    part.replace(folder / jar.file)
    source.unlink()  # Ivy's copy is not needed any more, and the bundles are large
    return True


def _is_whole(path: Path, jar: LockedJar) -> bool:
    return _has_size(path, jar) and digest(path) == jar.sha256


def _has_size(path: Path, jar: LockedJar) -> bool:
    return path.is_file() and path.stat().st_size == jar.size


def _unique(jars: Iterable[LockedJar]) -> list[LockedJar]:
    return list({jar.file: jar for jar in jars}.values())


def _fetch_hint(lane: Lane, groups: Iterable[str]) -> str:
    options = " ".join(f"--group {group}" for group in groups)
    return f"Run `python -m framework.session.jars --lane {lane.line} {options}`, or `make setup`."
