"""Planning jobs that read what other jobs haven't made yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from graphlib import CycleError
from typing import TYPE_CHECKING

from framework.config import Project
from framework.config.graph import edges, main_table, order, reads, writes
from framework.context import RunContext
from framework.run.outcome import JobPlan
from framework.run.plan import plan_job
from framework.tables import table_format, table_ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql.types import StructType


def plan_jobs(
    ctx: RunContext,
    project: Project,
    names: Sequence[str],
    config_hash: Callable[[str], str],
    *,
    no_data: bool,
) -> list[JobPlan]:
    """Plans in the order of a run. A table that isn't there yet is taken for empty, with the columns that the plan of
    the job which makes it came to."""
    expected: dict[str, StructType] = {}
    ctx = replace(ctx, expected=expected)
    plans: dict[str, JobPlan] = {}
    for name in _in_order(project, names):
        job = project.jobs[name]
        unmade = unmade_sources(ctx, project, name)
        plan, schema = plan_job(ctx, job, config_hash(name), no_data=no_data, unmade=unmade)
        if schema is not None and not plan.exists:
            expected[plan.target] = schema
        plan.notes += _stale(project, name, plans)
        plans[name] = plan
    return list(plans.values())


def unmade_sources(ctx: RunContext, project: Project, name: str) -> dict[str, str]:
    """The tables and folders that a job reads and that aren't there yet, each with the job that makes it."""
    found: dict[str, str] = {}
    read = reads(project.lake, project.jobs[name])
    for maker in [a for a, b in edges(project) if b == name and a != name]:
        made = writes(project.lake, project.jobs[maker])
        tables = [table for _, table in read.tables if main_table(table) == made.table]
        if tables and not _has_table(ctx, project, maker):
            found |= dict.fromkeys(tables, maker)
        elif not tables and made.folder is not None and not ctx.storage.exists(made.folder):
            found[made.folder] = maker
    return found


def _has_table(ctx: RunContext, project: Project, name: str) -> bool:
    write = project.jobs[name].write
    table = table_ref(ctx.lake, write.table, write.format)
    return table_format(ctx.spark, table.format).exists(table)


def _in_order(project: Project, names: Sequence[str]) -> list[str]:
    try:
        return [name for step in order(project, names) for name in step]
    except CycleError:
        return list(names)


def _stale(project: Project, name: str, plans: dict[str, JobPlan]) -> list[str]:
    """What to know of sources that a run would change before this job reads them."""
    changing = [
        a
        for a, b in edges(project)
        if b == name and a in plans and plans[a].exists and (counts := plans[a].counts) and counts.applied
    ]
    return [f"a run would change what it reads first ({maker}); counted as it is now" for maker in changing]
