"""Which jobs a command works on."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

import click

from framework.errors import ConfigError

if TYPE_CHECKING:
    from framework.config import Project


def chosen_jobs(project: Project, names: Sequence[str], *, everything: bool) -> list[str]:
    """The jobs that were named, or all enabled ones.

    Raises:
        ConfigError: a name is no job of the project.
    """
    if not names and not everything:
        known = ", ".join(sorted(project.jobs)) or "none yet"
        raise click.UsageError(f"name one or more jobs, or give --all.\nJobs: {known}")
    if names and everything:
        raise click.UsageError("name jobs or give --all, not both.")
    for name in names:
        if name not in project.jobs:
            near = get_close_matches(name, project.jobs, n=1)
            fix = (
                f"Did you mean `{near[0]}`?"
                if near
                else f"Jobs: {', '.join(sorted(project.jobs)) or 'none'}."
            )
            raise ConfigError(f"there is no job {name!r}", fix=fix)
    return list(names) or [name for name, job in project.jobs.items() if job.enabled]


def writer_of(project: Project, given: str) -> str:
    """The job that writes a table; a job is taken as it is.

    Raises:
        ConfigError: there is none.
    """
    from framework.cli.table_view import table_name

    name = table_name(project, given)
    writers = [job.job for job in project.jobs.values() if job.write.table == name]
    if not writers:
        raise ConfigError(f"no job writes table {name}", expected=f"one of {', '.join(sorted(project.jobs))}")
    return writers[0]
