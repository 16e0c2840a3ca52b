"""The files of a configuration folder as trees: the lake with its environment on top, and each job."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framework.config import yaml_file
from framework.config.lake import Lake
from framework.config.project import LAKE
from framework.config.tree import DEFAULT, Value, find, merge, of, plain
from framework.config.words import did_you_mean, shown
from framework.errors import ConfigError

DEFAULT_ENVIRONMENT = "local"


@dataclass
class Files:
    """What was read. A lake that can't be read is None; a file that can't be read is a problem."""

    lake: Value | None = None
    jobs: dict[str, Value] = field(default_factory=dict)
    problems: list[ConfigError] = field(default_factory=list)
    count: int = 0


def read_files(conf: str, environment: str | None) -> Files:
    """Everything below a folder. Without a name the environment is `local`, whose file may be missing."""
    folder, files = Path(conf), Files()
    if not (folder / "lake.yaml").is_file():
        fix = "Run `sluice init` to make one, or give the folder with `--config`."
        files.problems.append(ConfigError(f"there is no lake.yaml in the folder {conf}", fix=fix))
        return files
    base = _read(folder / "lake.yaml", files)
    lake = of({"layers": _standard_layers()}, DEFAULT)
    for tree in (base, _environment(folder, environment, files)):
        if tree is not None:
            files.problems += check_layers(lake, tree)
            lake = merge(lake, tree)
    files.lake = lake if base is not None else None
    for path in sorted((folder / "jobs").rglob("*.y*ml")):
        job = _read(path, files)
        if job is not None:
            _add_job(job, files)
    return files


def check_layers(lake: Value, over: Value) -> Iterator[ConfigError]:
    """A mapping `layers:` changes layers that exist: a name that doesn't is a mistake, not a new layer."""
    value = over.content.get("layers")
    if value is None or not isinstance(value.content, dict):
        return
    layers = find(lake, ("layers",))[1].content
    known = [str(plain(item).get("name")) for item in layers if isinstance(item.content, dict)]
    for name, item in value.content.items():
        if name not in known:
            fix = f"{did_you_mean(name, known)} A list below `layers:` in lake.yaml defines all layers."
            yield ConfigError(f"the lake has no layer `{name}` to change", fix=fix, where=item.origin)


def _read(path: Path, files: Files) -> Value | None:
    files.count += 1
    name = _shown(path)
    try:
        tree = yaml_file.read(path.read_text(encoding="utf-8"), name)
        if isinstance(tree.content, dict):
            return tree
        found, expected = shown(tree.content), "lines of `key: value`"
        problem = ConfigError("the file is not a mapping", found=found, expected=expected, where=name)
    except ConfigError as error:
        problem = error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = f"the byte 0x{error.object[error.start]:02x}"
        problem = ConfigError("the file is not UTF-8 text", found=byte, where=f"{name}:{line}")
    except OSError as error:
        problem = ConfigError("the file can't be read", found=error.strerror, where=name)
    files.problems.append(problem)
    return None


def _shown(path: Path) -> str:
    """The path as messages show it: from the working directory if it is below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _environment(folder: Path, name: str | None, files: Files) -> Value | None:
    path = folder / "env" / f"{name or DEFAULT_ENVIRONMENT}.yaml"
    if path.is_file():
        return _read(path, files)
    if name is not None and name != DEFAULT_ENVIRONMENT:
        known = sorted(file.stem for file in (folder / "env").glob("*.yaml"))
        fix = did_you_mean(name, known) or f"Make the file {_shown(path)}."
        files.problems.append(ConfigError(f"there is no environment `{name}`", fix=fix))
    return None


def _add_job(tree: Value, files: Files) -> None:
    """The job by its name; one without a name by its place, to be refused with everything else in it."""
    _, value, there = find(tree, ("job",))
    name = value.content if there and isinstance(value.content, str) else f"({tree.origin})"
    if name in files.jobs:
        first = find(files.jobs[name], ("job",))[1].origin
        fix = f"It is also at {first}: rename one of them."
        files.problems.append(ConfigError(f"two jobs are called `{name}`", fix=fix, where=value.origin))
    elif "${" in name:
        fix = "Write the name out."
        files.problems.append(
            ConfigError("a job's name can't hold references", found=name, fix=fix, where=value.origin)
        )
    elif name == LAKE:
        files.problems.append(ConfigError("a job can't be called `lake`", where=value.origin))
    else:
        files.jobs[name] = tree


def _standard_layers() -> list[dict[str, Any]]:
    layers = Lake.model_fields["layers"].default
    return [layer.model_dump(exclude_defaults=True) for layer in layers]
