"""How checks say what is wrong: the key, the job, and the place in its file."""

from __future__ import annotations

from framework.config.job import Job
from framework.config.project import LAKE, Project
from framework.errors import ConfigError


def problem(
    project: Project,
    job: Job | None,
    key: str,
    what: str = "",
    *,
    found: object = None,
    expected: object = None,
    fix: str | None = None,
    kind: type[ConfigError] = ConfigError,
) -> ConfigError:
    """A problem of one key: `read.path of job a.b <what>`; of the lake where there is no job."""
    subject = f"job {job.job}" if job else "the lake"
    name = f"{key} of {subject}" if key else subject
    where = project.where(job.job if job else LAKE, key)
    return kind(f"{name} {what}".rstrip(), found=found, expected=expected, fix=fix, where=where)
