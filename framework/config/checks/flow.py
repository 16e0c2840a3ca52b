"""Data moves forward: from layer to layer, into tables that have one writer, never in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from framework.config import graph
from framework.config.checks.problem import problem
from framework.config.folders import canonical_table, folder_layer, layer_of, meet
from framework.config.job import Job
from framework.config.lake import Layer
from framework.config.project import Project
from framework.config.sources import TABLES, sources
from framework.config.words import nearest
from framework.errors import ConfigError, PlanError


def check_hops(project: Project, job: Job) -> Iterator[ConfigError]:
    """A job writes to a layer after each it reads from; to the same only where it says `same_layer: true`."""
    target = layer_of(project.lake, job.write.table.partition(".")[0])
    if target is None or not target.tables:
        return
    position = {layer.name: number for number, layer in enumerate(project.lake.layers)}
    for key, layer, read in _layers_read(project, job):
        if position[layer.name] > position[target.name]:
            yield problem(
                project,
                job,
                key,
                "lets data flow backward",
                kind=PlanError,
                found=f"{read} -> {job.write.table}",
                expected=f"a source before layer {target.name}",
                fix="Write to a later layer, or read an earlier one.",
            )
        elif layer is target and not target.same_layer and not _is_own(project, job, read):
            yield problem(
                project,
                job,
                key,
                f"is in the layer the job writes to, {target.name}",
                kind=PlanError,
                found=f"{read} -> {job.write.table}",
                fix=f"Write to a later layer, or set `same_layer: true` for {target.name} in lake.yaml.",
            )


def _layers_read(project: Project, job: Job) -> Iterator[tuple[str, Layer, str]]:
    for key, source in sources(job):
        if source.format in TABLES:
            layer = layer_of(project.lake, (source.table or "").partition(".")[0])
        else:
            layer = folder_layer(project.lake, source.path) if source.path else None
        if layer is not None:
            yield (
                f"{key}.table" if source.format in TABLES else f"{key}.path",
                layer,
                source.table or source.path or "",
            )


def _is_own(project: Project, job: Job, name: str) -> bool:
    """Whether a job reads its very own table; that is told as a circle."""
    return canonical_table(project.lake, name) == canonical_table(project.lake, job.write.table)


def check_writers(project: Project) -> Iterator[ConfigError]:
    """No two jobs write one table, nor land in folders that lie in each other."""
    tables: dict[str, Job] = {}
    landed: list[tuple[str, Job]] = []
    for job in project.jobs.values():
        target = graph.writes(project.lake, job)
        first = tables.setdefault(target.table, job)
        if first is not job:
            yield problem(
                project,
                job,
                "write.table",
                f"is written by job {first.job} too",
                found=target.table,
                kind=PlanError,
                fix="Give each job a table of its own, or make one job of the two.",
            )
        if target.folder:
            for folder, other in landed:
                if meet(folder, target.folder):
                    yield problem(
                        project,
                        job,
                        "land.to",
                        f"meets that of job {other.job}",
                        kind=PlanError,
                        found=f"{target.folder} and {folder}",
                        fix="Land each source in a folder of its own.",
                    )
            landed.append((target.folder, job))


def check_cycles(project: Project) -> Iterator[ConfigError]:
    """No job feeds itself, directly or through others."""
    for circle in graph.cycles(graph.edges(project)):
        job = project.jobs[circle[0]]
        if len(circle) == 2:
            key = _key_of(project, job, job)
            yield problem(
                project,
                job,
                key,
                "is the table that the job writes",
                kind=PlanError,
                found=job.write.table,
                fix="Read another table, or merge into this one with `changes.keys`.",
            )
        else:
            key = _key_of(project, job, project.jobs[circle[-2]])
            yield problem(
                project,
                job,
                key,
                "closes a circle of jobs",
                kind=PlanError,
                found=" -> ".join(circle),
                fix="Remove one of these dependencies.",
            )


def _key_of(project: Project, job: Job, producer: Job) -> str:
    """The key by which a job reads what another one writes."""
    written = graph.writes(project.lake, producer)
    read = graph.reads(project.lake, job)
    for key, table in read.tables:
        if graph.main_table(table) == written.table:
            return key
    return next(
        (key for key, folder in read.folders if written.folder and meet(folder, written.folder)), "read"
    )


def unread_landings(project: Project) -> Iterator[ConfigError]:
    """Jobs that land a source and then read something else."""
    for job in project.jobs.values():
        folder = graph.writes(project.lake, job).folder
        own = [path for key, path in graph.reads(project.lake, job).folders if not key.startswith("land.")]
        if folder and not any(meet(folder, path) for path in own):
            found = f"{folder}, and reads {', '.join(own) or 'no folder'}"
            yield problem(project, job, "land.to", "is not what the job reads", found=found)


def unwritten_tables(project: Project) -> Iterator[ConfigError]:
    """Tables that are read and that no job writes: made elsewhere, or misspelt."""
    written = {graph.writes(project.lake, job).table for job in project.jobs.values()}
    for job in project.jobs.values():
        for key, table in graph.reads(project.lake, job).tables:
            if graph.main_table(table) not in written:
                near = nearest(table, written)
                yield problem(
                    project,
                    job,
                    key,
                    "is a table that no job writes",
                    found=table,
                    fix=f"Did you mean `{near}`?" if near else "That is right if it is made elsewhere.",
                )
