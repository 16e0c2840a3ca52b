"""Fetches the jars of a lane, group by group, or records a lane's lock anew after a change of `versions.py`.

python -m framework.session.jars --lane 3.5 --group core --group quality
python -m framework.session.jars --lane 3.5 --lock
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from framework.errors import SessionError, SluiceError
from framework.session.ivy import Found, Ivy, Request, pyspark_jars
from framework.session.jar_cache import fetch_groups, ivy_for
from framework.session.jar_lock import JarLock, LockedGroup, LockedJar, digest, dump_lock, lock_name
from framework.session.versions import DEFAULT_LINE, LANES, Lane

# Without these the rest goes on: what needs them says so when it is asked for.
OPTIONAL = frozenset({"quality"})


def main(arguments: Sequence[str]) -> int:
    """Run the command; 0 unless a group that others need could not be had."""
    options = _parser().parse_args(arguments)
    lane = LANES[options.lane]
    groups = options.group or ["core"]
    try:
        if options.lock:
            _write_lock(lane)
        failed = fetch_groups(lane, groups, os.environ, _say, quiet=options.quiet)
    except SluiceError as error:
        _say(str(error))
        return error.exit_code
    return SessionError.exit_code if set(failed) - OPTIONAL else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m framework.session.jars", description="Fetches the jars of a lane."
    )
    parser.add_argument("--lane", choices=sorted(LANES), default=DEFAULT_LINE)
    parser.add_argument("--group", action="append", help="core (default), quality or aws; may be repeated")
    parser.add_argument(
        "--quiet", action="store_true", help="say nothing of groups that are complete already"
    )
    parser.add_argument("--lock", action="store_true", help="resolve again and record the lane's jars")
    return parser


def _write_lock(lane: Lane) -> None:
    lock = make_lock(lane, ivy_for(lane, os.environ))
    target = Path(str(files("framework.session"))) / "locks" / lock_name(lane)
    target.parent.mkdir(exist_ok=True)
    target.write_text(dump_lock(lock), encoding="utf-8")
    _say(f"recorded {sum(len(group.jars) for group in lock.groups.values())} jars in {target.name}")


def make_lock(lane: Lane, ivy: Ivy) -> JarLock:
    """Resolve every group of a lane with all it depends on, and record what pyspark doesn't have already."""
    present = {bare_name(path.name) for path in pyspark_jars().glob("*.jar")}
    return JarLock(lane.line, {group: _locked(lane, group, ivy, present) for group in lane.groups})


def _locked(lane: Lane, group: str, ivy: Ivy, present: set[str]) -> LockedGroup:
    asked = lane.groups[group]
    answer = ivy.resolve(Request(asked, True, lane.overrides, lane.exclusions))
    if answer.complaint:
        raise SessionError(f"group {group} of lane {lane.line} does not resolve", found=answer.complaint)
    kept = [found for found in answer.found if found.artifact.name not in present]
    order = {artifact: place for place, artifact in enumerate(asked)}
    # Direct jars as `versions.py` orders them, but what they depend on comes before the last of them:
    # Hadoop's SDK bundle has to win over Iceberg's.
    last = len(asked) - 1
    kept.sort(key=lambda found: (order.get(found.artifact, last - 0.5), str(found.artifact)))
    return LockedGroup(tuple(map(str, asked)), tuple(map(_record, _single(kept))))


def _single(found: Iterable[Found]) -> list[Found]:
    unique: dict[object, Found] = {}
    for one in found:
        if one.artifact in unique:
            raise SessionError(f"{one.artifact} has two jars", fix="Teach jars.py about classifiers.")
        unique[one.artifact] = one
    return list(unique.values())


def _record(found: Found) -> LockedJar:
    artifact, path = found.artifact, found.path
    return LockedJar(artifact.org, artifact.name, artifact.rev, path.name, path.stat().st_size, digest(path))


def bare_name(file: str) -> str:
    """A jar's name without its version.

    >>> bare_name("jackson-core-asl-1.9.13.jar"), bare_name("RoaringBitmap-0.9.45.jar")
    ('jackson-core-asl', 'RoaringBitmap')
    """
    return re.sub(r"(-\d[^/]*)?\.jar$", "", file)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
