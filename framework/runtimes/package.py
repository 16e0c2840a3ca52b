"""The zip for `--py-files`: the framework, the lake's own code and its configuration.

A zip, not a wheel: executors put a zip on `sys.path`, and don't install. The same files give the same bytes,
so that a zip can be recognised by its checksum and uploaded only when something changed.

    python -m framework.runtimes.package --out build/sluice.zip --project .
"""

from __future__ import annotations

import argparse
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import framework
from framework.errors import ConfigError

FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16
FOLDER = (0o40755 << 16) | 0x10
LEFT_OUT = ("__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache")
OF_PROJECT = ("jobs", "conf")
"""Folders of a project that go into the zip if they are there."""


def package(out: Path, project: Path, *, include: Sequence[str] = ()) -> Path:
    """Write the zip, all or nothing, and return its path.

    `include` names further folders of the project, such as the package that its transforms import.
    """
    names = [*OF_PROJECT, *include]
    missing = [name for name in include if not (project / name).is_dir()]
    if missing:
        raise ConfigError("cannot package the project", found=f"no folder {', '.join(missing)} in {project}")
    roots = [
        Path(framework.__file__).parent,
        *(project / name for name in names if (project / name).is_dir()),
    ]
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in sorted(_members(roots)):
            archive.writestr(_entry(name), b"" if name.endswith("/") else path.read_bytes())
    temporary.replace(out)
    return out


def _members(roots: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for root in roots:
        yield f"{root.name}/", root
        for path in root.rglob("*"):
            name = path.relative_to(root.parent).as_posix()
            if not _left_out(path.relative_to(root)):
                # folders too: Python imports a package without __init__.py only if the zip lists its folder
                yield (f"{name}/" if path.is_dir() else name), path


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, FIRST_DAY_OF_ZIP)
    entry.external_attr = FOLDER if name.endswith("/") else READABLE
    entry.compress_type = zipfile.ZIP_STORED if name.endswith("/") else zipfile.ZIP_DEFLATED
    return entry


def _left_out(path: Path) -> bool:
    # hidden files hold secrets (.env) more often than anything a job needs
    return any(part in LEFT_OUT or part.startswith(".") for part in path.parts) or path.suffix in (
        ".pyc",
        ".env",
    )


def main(argv: Sequence[str]) -> None:
    """`python -m framework.runtimes.package`."""
    parser = argparse.ArgumentParser(prog="python -m framework.runtimes.package", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the zip to write")
    parser.add_argument("--project", type=Path, default=Path.cwd(), help="folder with jobs/ and conf/")
    parser.add_argument(
        "--include", action="append", default=[], help="a further folder of the project; repeatable"
    )
    arguments = parser.parse_args(argv)
    print(package(arguments.out, arguments.project, include=arguments.include))


if __name__ == "__main__":
    main(sys.argv[1:])
