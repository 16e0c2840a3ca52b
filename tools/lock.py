"""Resolves the Python packages of both lanes again, with hashes, into `requirements/`; run by `make lock`.

uv does the resolving, in a virtual environment of its own; a lock names no package index.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
HOME = ROOT / ".venv" / "tools"
EXTRAS = ("quality", "kafka", "aws", "dev")
COMMON = ("--generate-hashes", "--no-emit-index-url", "--no-header", "--quiet", "--upgrade")


def main() -> int:
    uv = HOME / "bin" / "uv"
    if not uv.exists():
        run(sys.executable, "-m", "venv", HOME)
        run(HOME / "bin" / "python", "-m", "pip", "install", "--quiet", "uv")
    for extra in ("spark35", "spark41"):
        extras = [part for name in (extra, *EXTRAS) for part in ("--extra", name)]
        where = ("--universal", "--python-version", "3.11", "-o", REQUIREMENTS / f"{extra}.txt")
        run(uv, "pip", "compile", ROOT / "setup.py", *extras, *COMMON, *where)
    build(uv)
    return 0


def build(uv: Path) -> None:
    """setuptools alone, in the version that the lanes have: it builds what is published as source only."""
    lines = (REQUIREMENTS / "spark35.txt").read_text(encoding="utf-8").splitlines()
    pin = next(line.split()[0] for line in lines if line.startswith("setuptools=="))
    compile_one = (uv, "pip", "compile", "-", "--no-deps", "--no-annotate", *COMMON)
    run(*compile_one, "-o", REQUIREMENTS / "build.txt", text=f"{pin}\n")


def run(*command: object, text: str | None = None) -> None:
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True, input=text, text=True)


if __name__ == "__main__":
    sys.exit(main())
