"""What `sluice validate` says: every problem of a folder, without Spark, in well under a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from framework.config.checks import check_project, warn_project
from framework.config.load import load
from framework.config.problems import follows, in_order
from framework.config.project import Project
from framework.errors import ConfigError


@dataclass(frozen=True)
class Validation:
    """What was looked at and what was found; sound if there are no problems (warnings may be there)."""

    problems: tuple[ConfigError, ...]
    warnings: tuple[ConfigError, ...]
    files: int
    jobs: int
    tables: int
    project: Project | None = None

    @property
    def ok(self) -> bool:
        """True if nothing keeps the project from running."""
        return not self.problems

    @property
    def exit_code(self) -> int:
        """0, or the exit code of the first problem."""
        return self.problems[0].exit_code if self.problems else 0


def validate(
    conf: str,
    *,
    environment: str | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Validation:
    """Load and check a folder, collecting all problems: unreadable files as well as contradictions."""
    loading = load(conf, environment=environment, overrides=overrides, environ=environ)
    project = loading.project
    if project is None:
        return Validation(tuple(loading.problems), (), loading.files, 0, 0)
    checked = [problem for problem in check_project(project) if not follows(problem, loading.problems)]
    problems = in_order([*loading.problems, *checked])
    # with a job missing, tables only seem to be written by nobody
    warnings = () if loading.problems else tuple(warn_project(project))
    tables = {job.write.table for job in project.jobs.values()}
    return Validation(tuple(problems), warnings, loading.files, len(project.jobs), len(tables), project)
