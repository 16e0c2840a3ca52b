"""A loaded project: the lake, its jobs, and where every value came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from framework.config import overrides
from framework.config.job import Job
from framework.config.lake import Lake
from framework.config.tree import DEFAULT, Value, find, of
from framework.config.words import did_you_mean
from framework.errors import ConfigError

LAKE = "lake"
_NOT_HASHED = {"parallel", "variables", "defaults"}
"""Keys of the lake that change how, not what; variables and defaults have become part of the jobs."""


@dataclass(frozen=True)
class Project:
    """The lake and its jobs as one environment has them.

    >>> project = Project(Lake(root="/data"), {})
    >>> project.environment, project.origin("lake", "parallel")
    ('local', 'default')
    """

    lake: Lake
    jobs: Mapping[str, Job]
    environment: str = "local"
    conf: str = "conf"
    trees: Mapping[str, Value] = field(default_factory=dict, repr=False, compare=False)
    """The merged tree of each job by name, and that of the lake as `lake`."""

    def origin(self, job: str, dotted_key: str = "") -> str:
        """Where a value came from: `file:line`, `--set`, or `default` if nobody set it.

        Keys that begin with `lake.` (or any key, for the job `lake`) are the lake's.
        """
        _, value, there = self._find(job, dotted_key)
        return value.origin if there else DEFAULT

    def where(self, job: str, dotted_key: str = "") -> str | None:
        """Where a message about a key points: its value, else the mapping around it; None without files."""
        _, value, _ = self._find(job, dotted_key)
        return None if value.origin == DEFAULT else value.origin

    def value(self, job: str, dotted_key: str) -> Value | None:
        """The value as the files have it, before it became part of a model."""
        _, value, there = self._find(job, dotted_key)
        return value if there else None

    def config_hash(self, job: str) -> str:
        """A stable hash of the job and the lake as resolved; secrets count as their references."""
        found = self.job(job).model_dump(mode="json", by_alias=True, exclude_defaults=True)
        lake = self.lake.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=_NOT_HASHED)
        text = json.dumps(
            {"job": found, "lake": lake}, sort_keys=True, ensure_ascii=False, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()

    def job(self, name: str) -> Job:
        """The job of a name; a wrong one is refused with the nearest."""
        if name not in self.jobs:
            raise ConfigError(f"there is no job `{name}`", fix=did_you_mean(name, self.jobs))
        return self.jobs[name]

    def _find(self, job: str, dotted_key: str) -> tuple[tuple[str, ...], Value, bool]:
        if dotted_key.startswith("lake."):
            job, dotted_key = LAKE, dotted_key.removeprefix("lake.")
        tree = self.trees.get(job, of({}, DEFAULT))
        return find(tree, overrides.path(dotted_key) if dotted_key else ())
