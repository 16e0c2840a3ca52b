"""From a folder to a project: files, layers, references, models.

    conf/lake.yaml                 the lake
    conf/env/<name>.yaml           an environment: keys of lake.yaml that differ there, `variables` among them
    conf/jobs/**/*.yaml            the jobs, one per file

Later layers win: lake.yaml, then the environment, then `--set lake....` for the lake; `defaults:` of these
two, then the job's file, then `--set` for a job. Mappings merge key by key; lists and plain values are
replaced.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from framework.config import invalid, secrets, yaml_file
from framework.config.base import Model
from framework.config.interpolate import Interpolator
from framework.config.job import Job
from framework.config.keys import fields_of
from framework.config.lake import Lake
from framework.config.literals import literal_secrets
from framework.config.overrides import Override, parse
from framework.config.project import LAKE, Project
from framework.config.tree import DEFAULT, Value, find, merge, of, plain
from framework.config.words import did_you_mean, shown
from framework.errors import ConfigError

DEFAULT_ENVIRONMENT = "local"
DEFAULTS = ("changes", "quality", "spark", "tags", "write")
"""Keys that `defaults:` of the lake may give to every job."""


class ConfigErrors(ConfigError):
    """Several configuration errors, all shown; `problems` has them one by one."""

    def __init__(self, problems: Sequence[ConfigError]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"{len(problems)} problems in the configuration\n" + "\n".join(f"  {p}" for p in problems)
        )


@dataclass
class Loading:
    """What could be loaded, and everything that was wrong. The project is there if the lake is."""

    project: Project | None = None
    problems: list[ConfigError] = field(default_factory=list)
    files: int = 0


def load_project(
    conf: str,
    *,
    environment: str | None = None,
    overrides: Sequence[str] = (),
    selected: Sequence[str] | None = None,
) -> Project:
    """The project of a folder.

    `overrides` are texts of `--set`; those without `lake.` or `jobs.<name>.` go to the jobs of `selected`
    (all if None). Without a name of an environment it is `local`, whose file may be missing.

    Raises:
        ConfigError: something in the files is wrong; several mistakes are shown together by a ConfigErrors.
    """
    loading = load(conf, environment=environment, overrides=overrides, selected=selected)
    if loading.problems:
        raise loading.problems[0] if len(loading.problems) == 1 else ConfigErrors(loading.problems)
    assert loading.project is not None
    return loading.project


def load(
    conf: str,
    *,
    environment: str | None = None,
    overrides: Sequence[str] = (),
    selected: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Loading:
    """Like `load_project`, but problems are returned, and what is sound is loaded in spite of them."""
    loading = Loading()
    lake, jobs = _read_files(conf, environment, loading)
    if lake is None:
        return loading
    changes, unknown = parse(overrides, list(jobs), fields_of(Lake), fields_of(Job))
    loading.problems += unknown
    lake = _lake_tree(lake, changes, loading)
    defaults = find(lake, ("defaults",))[1] if "defaults" in lake.content else of({}, DEFAULT)
    _check_defaults(defaults, loading)
    lake = _without(lake, "defaults")
    interpolator = Interpolator(lake, secrets.environment(environ), _lake_defaults())
    trees = {LAKE: interpolator.tree(lake)}
    trees.update(
        {
            name: interpolator.tree(_job_tree(name, tree, defaults, changes, selected))
            for name, tree in jobs.items()
        }
    )
    loading.problems += interpolator.problems
    _build(trees, environment or DEFAULT_ENVIRONMENT, conf, loading)
    loading.problems = in_order(_once(loading.problems))
    return loading


def _read_files(
    conf: str, environment: str | None, loading: Loading
) -> tuple[Value | None, dict[str, Value]]:
    folder = Path(conf)
    if not (folder / "lake.yaml").is_file():
        fix = "Run `sluice init` to make one, or give the folder with `--config`."
        loading.problems.append(ConfigError(f"there is no lake.yaml in the folder {conf}", fix=fix))
        return None, {}
    base = _read(folder / "lake.yaml", loading)
    lake = of({"layers": _lake_layers()}, DEFAULT)
    for tree in (base, _environment(folder, environment, loading)):
        if tree is not None:
            _check_layers(lake, tree, loading)
            lake = merge(lake, tree)
    jobs: dict[str, Value] = {}
    for path in sorted((folder / "jobs").rglob("*.y*ml")):
        found = _read(path, loading)
        if found is not None:
            _add_job(found, jobs, loading)
    return lake if base is not None else None, jobs


def _read(path: Path, loading: Loading) -> Value | None:
    loading.files += 1
    name = _shown(path)
    try:
        tree = yaml_file.read(path.read_text(encoding="utf-8"), name)
    except ConfigError as problem:
        loading.problems.append(problem)
        return None
    except (UnicodeDecodeError, OSError) as error:
        loading.problems.append(
            ConfigError("the file can't be read", found=error, expected="UTF-8 text", where=name)
        )
        return None
    if not isinstance(tree.content, dict):
        loading.problems.append(
            ConfigError(
                "the file is not a mapping",
                found=shown(tree.content),
                expected="lines of `key: value`",
                where=name,
            )
        )
        return None
    return tree


def _shown(path: Path) -> str:
    """The path as messages show it: from the working directory if it is below it."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _environment(folder: Path, name: str | None, loading: Loading) -> Value | None:
    path = folder / "env" / f"{name or DEFAULT_ENVIRONMENT}.yaml"
    if path.is_file():
        return _read(path, loading)
    if name is not None and name != DEFAULT_ENVIRONMENT:
        known = sorted(file.stem for file in (folder / "env").glob("*.yaml"))
        fix = did_you_mean(name, known) or f"Make the file {_shown(path)}."
        loading.problems.append(ConfigError(f"there is no environment `{name}`", fix=fix))
    return of({}, DEFAULT)


def _add_job(tree: Value, jobs: dict[str, Value], loading: Loading) -> None:
    _, value, there = find(tree, ("job",))
    name = value.content if there and isinstance(value.content, str) else None
    if name in jobs:
        first = find(jobs[name], ("job",))[1].origin
        fix = f"It is also at {first}: rename one of them."
        loading.problems.append(ConfigError(f"two jobs are called `{name}`", fix=fix, where=value.origin))
    elif name == LAKE:
        loading.problems.append(ConfigError("a job can't be called `lake`", where=value.origin))
    else:
        jobs[name or f"({tree.origin})"] = tree


def _lake_tree(lake: Value, changes: Sequence[Override], loading: Loading) -> Value:
    for change in changes:
        if change.job is None and not change.everywhere:
            _check_layers(lake, change.tree, loading)
            lake = merge(lake, change.tree)
    return lake


def _job_tree(
    name: str, tree: Value, defaults: Value, changes: Sequence[Override], selected: Sequence[str] | None
) -> Value:
    if isinstance(defaults.content, dict) and defaults.content:
        tree = merge(defaults, tree)
    for change in changes:
        if change.job == name or (change.everywhere and (not selected or name in selected)):
            tree = merge(tree, change.tree)
    return tree


def _check_layers(lake: Value, over: Value, loading: Loading) -> None:
    """A mapping `layers:` changes layers that exist: a name that doesn't is a mistake, not a new layer."""
    value = over.content.get("layers")
    if value is None or not isinstance(value.content, dict):
        return
    known = [str(plain(item).get("name")) for item in find(lake, ("layers",))[1].content]
    for name, item in value.content.items():
        if name not in known:
            fix = f"{did_you_mean(name, known)} A list below `layers:` in lake.yaml defines all layers."
            loading.problems.append(
                ConfigError(f"the lake has no layer `{name}` to change", fix=fix, where=item.origin)
            )


def _check_defaults(defaults: Value, loading: Loading) -> None:
    keys = defaults.content if isinstance(defaults.content, dict) else {}
    for key, value in keys.items():
        if key not in DEFAULTS:
            fix = did_you_mean(key, DEFAULTS)
            loading.problems.append(
                ConfigError(f"`defaults` can't give jobs the key `{key}`", fix=fix, where=value.origin)
            )


def _lake_defaults() -> dict[str, Any]:
    return {
        name: item.default for name, item in Lake.model_fields.items() if isinstance(item.default, str | int)
    }


def _lake_layers() -> list[dict[str, Any]]:
    layers = Lake.model_fields["layers"].default
    return [layer.model_dump(exclude_defaults=True) for layer in layers]


def _without(tree: Value, key: str) -> Value:
    return Value({name: item for name, item in tree.content.items() if name != key}, tree.origin)


def _build(trees: dict[str, Value], environment: str, conf: str, loading: Loading) -> None:
    lake = _model(Lake, trees[LAKE], "the lake", loading)
    jobs: dict[str, Job] = {}
    for name, tree in trees.items():
        if name != LAKE:
            job = _model(Job, tree, "the job" if name.startswith("(") else f"job {name}", loading)
            if isinstance(job, Job):
                jobs[job.job] = job
    if isinstance(lake, Lake):
        loading.project = Project(lake, jobs, environment, conf, trees)


def _model(model: type[Model], tree: Value, subject: str, loading: Loading) -> Model | None:
    loading.problems += literal_secrets(tree, subject)
    try:
        return model.model_validate(plain(tree))
    except ValidationError as error:
        loading.problems += invalid.problems(error, tree, subject, model)
        return None


def _once(problems: Sequence[ConfigError]) -> list[ConfigError]:
    """A mistake in `defaults` shows in every job: keep one of those with the same place and words."""
    seen: dict[tuple[str | None, object, object, str | None], ConfigError] = {}
    for problem in problems:
        seen.setdefault((problem.where, problem.found, problem.expected, problem.fix), problem)
    return list(seen.values())


def in_order(problems: Sequence[ConfigError]) -> list[ConfigError]:
    """By file and line; what has no place in a file comes first."""

    def place(problem: ConfigError) -> tuple[str, int]:
        file, _, line = (problem.where or "").rpartition(":")
        return (file, int(line)) if line.isdigit() else (problem.where or "", 0)

    return sorted(problems, key=place)
