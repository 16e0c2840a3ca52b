"""Makes the virtual environment of a lane below the checkout, and fetches its jars. Standard library only.

    python3 tools/bootstrap.py                # the lane that fits this interpreter
    python3 tools/bootstrap.py --lane 4.1
    python3 tools/bootstrap.py --which        # only print which lane that is

Everything is locked with hashes in `requirements/`. A second call finds the stamp and does nothing; a call after
a failure goes on where the last one stopped, because pip and Ivy keep what they had downloaded.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LANES = ("3.5", "4.1")
GROUPS = {"3.5": ("core", "quality"), "4.1": ("core",)}


class Refused(Exception):
    """Set-up can't go on; the text says why and what to do."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Set up one lane of Sluice.")
    parser.add_argument("--lane", choices=LANES, default=None)
    parser.add_argument("--which", action="store_true")
    parser.add_argument("--warm", action="store_true", help="also make later starts of Spark quicker")
    options = parser.parse_args()
    try:
        lane = choose_lane(options.lane, sys.version_info[:2])
        if options.which:
            print(lane)
        else:
            set_up(lane, chosen=options.lane is not None, warm=options.warm)
    except Refused as refusal:
        print(f"set-up: {refusal}", file=sys.stderr)
        return 1
    return 0


def choose_lane(asked: str | None, python: tuple[int, ...]) -> str:
    """The lane that was asked for, if the interpreter fits it, or the one that fits the interpreter."""
    version = ".".join(map(str, python))
    if python < (3, 11):
        raise Refused(
            f"this is Python {version}, Sluice needs 3.11 or newer. Say which: make PYTHON=python3.11"
        )
    if asked == "3.5" and python >= (3, 12):
        raise Refused(
            f"Spark 3.5 doesn't support Python {version}. Use make LANE=4.1, or make LANE=3.5 PYTHON=python3.11"
        )
    return asked or ("3.5" if python < (3, 12) else "4.1")


def set_up(lane: str, *, chosen: bool, warm: bool) -> None:
    why = "as asked" if chosen else f"the lane that fits Python {sys.version_info[0]}.{sys.version_info[1]}"
    print(f"set-up: Spark {lane}, {why}", flush=True)
    home = ROOT / ".venv" / lane
    python = home / "bin" / "python"
    make_venv(home, python)
    stamp, wanted = home / ".installed", fingerprint(lane)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        install(lane, python)
        stamp.write_text(wanted, encoding="utf-8")
    fetch_jars(lane, python)
    if warm:
        # Never a reason to fail: without the archive that this makes, Spark only starts more slowly.
        call(python, "-m", "framework.session.warm")


def make_venv(home: Path, python: Path) -> None:
    if python.exists() and call(python, "-c", "import pip", quiet=True):
        return
    print(f"set-up: making {home.relative_to(ROOT)}", flush=True)
    if not call(sys.executable, "-m", "venv", "--clear", home):
        raise Refused(
            "the virtual environment can't be made. On Debian and Ubuntu: apt-get install python3-venv"
        )


def install(lane: str, python: Path) -> None:
    """Packages by their lock, then the project itself, editable; nothing that isn't in the lock is downloaded."""
    started = time.monotonic()
    print("set-up: installing Python packages (a minute or two, once)", flush=True)
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    locked = (*pip, "--require-hashes")
    steps = (
        # What builds the few packages that are published as source only, pyspark among them.
        (*locked, "-r", ROOT / "requirements" / "build.txt"),
        (*locked, "--no-build-isolation", "--use-pep517", "-r", lock_of(lane)),
        (*pip, "--no-build-isolation", "--no-deps", "--editable", ROOT),
    )
    for step in steps:
        if not call(*step):
            raise Refused(
                f"pip could not install the packages of Spark {lane}; its message is above. Check the network "
                "and run the same command again: what was downloaded is kept."
            )
    print(f"set-up: packages installed in {time.monotonic() - started:.0f} s", flush=True)


def fetch_jars(lane: str, python: Path) -> None:
    groups = [part for group in GROUPS[lane] for part in ("--group", group)]
    if not call(python, "-m", "framework.session.jars", "--lane", lane, "--quiet", *groups):
        raise Refused(
            f"the jars of Spark {lane} are not complete; the lines above say which, and what to do."
        )


def fingerprint(lane: str) -> str:
    """Changes when anything changes that an installation is made of; the checkout's place is part of it."""
    texts = [str(ROOT).encode()]
    texts += [
        path.read_bytes() for path in (lock_of(lane), ROOT / "requirements" / "build.txt", ROOT / "setup.py")
    ]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def lock_of(lane: str) -> Path:
    return ROOT / "requirements" / f"spark{lane.replace('.', '')}.txt"


def call(*command: object, quiet: bool = False) -> bool:
    sink = subprocess.DEVNULL if quiet else None
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, check=False, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
