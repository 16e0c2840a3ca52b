"""Everything that can be wrong with a project and be seen without Spark.

Each check is a function from a project and one of its jobs to problems; those over all jobs take the
project alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from framework.config.checks.changes import check_changes
from framework.config.checks.columns import check_columns
from framework.config.checks.debezium import check_debezium
from framework.config.checks.flow import (
    check_cycles,
    check_hops,
    check_writers,
    unread_landings,
    unwritten_tables,
)
from framework.config.checks.lake import check_lake
from framework.config.checks.names import check_names
from framework.config.checks.reads import check_reads
from framework.config.checks.rules import check_rules
from framework.config.checks.transforms import check_transform
from framework.config.job import Job
from framework.config.problems import in_order
from framework.config.project import Project
from framework.errors import ConfigError

JobCheck = Callable[[Project, Job], Iterator[ConfigError]]

JOB_CHECKS: tuple[JobCheck, ...] = (
    check_names,
    check_hops,
    check_reads,
    check_columns,
    check_changes,
    check_debezium,
    check_transform,
    check_rules,
)
PROJECT_CHECKS: tuple[Callable[[Project], Iterator[ConfigError]], ...] = (
    check_lake,
    check_writers,
    check_cycles,
)


def check_project(project: Project) -> list[ConfigError]:
    """All problems of the lake and its jobs, by file and line; none if the project may run."""
    found = [problem for check in PROJECT_CHECKS for problem in check(project)]
    found += [
        problem for job in project.jobs.values() for check in JOB_CHECKS for problem in check(project, job)
    ]
    return in_order(found)


def warn_project(project: Project) -> list[ConfigError]:
    """What may well be meant, but deserves a look."""
    return in_order([*unwritten_tables(project), *unread_landings(project)])
