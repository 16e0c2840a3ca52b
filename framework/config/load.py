"""From a folder to a project: files, layers, references, models.

    conf/lake.yaml                 the lake
    conf/env/<name>.yaml           an environment: keys of lake.yaml that differ there, `variables` among them
    conf/jobs/**/*.yaml            the jobs, one per file

Later layers win: lake.yaml, then the environment, then `--set lake....` for the lake; `defaults:` of these
two, then the job's file, then `--set` for a job. Mappings merge key by key; lists and plain values are
replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from framework.config import invalid, secrets
from framework.config.base import Model
from framework.config.files import DEFAULT_ENVIRONMENT, check_layers, read_files
from framework.config.interpolate import Interpolator
from framework.config.job import Job
from framework.config.keys import fields_of
from framework.config.lake import Lake
from framework.config.literals import literal_secrets
from framework.config.overrides import Override, parse
from framework.config.problems import ConfigErrors, follows, in_order, once
from framework.config.project import LAKE, Project
from framework.config.tree import DEFAULT, Value, find, merge, of, plain
from framework.config.words import did_you_mean
from framework.errors import ConfigError

DEFAULTS = ("changes", "quality", "spark", "tags", "write")
"""Keys that `defaults:` of the lake may give to every job."""


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
    files = read_files(conf, environment)
    loading = Loading(problems=files.problems, files=files.count)
    lake, jobs = files.lake, files.jobs
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
    for name, tree in jobs.items():
        trees[name] = interpolator.tree(_job_tree(name, tree, defaults, changes, selected))
    _build(trees, environment or DEFAULT_ENVIRONMENT, conf, loading)
    loading.problems = [p for p in loading.problems if not follows(p, interpolator.problems)]
    loading.problems = in_order(once([*interpolator.problems, *loading.problems]))
    return loading


def _lake_tree(lake: Value, changes: Sequence[Override], loading: Loading) -> Value:
    for change in changes:
        if change.job is None and not change.everywhere:
            loading.problems += check_layers(lake, change.tree)
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
