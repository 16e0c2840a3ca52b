"""Which job feeds which, by the tables and raw folders they read and write."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from framework.config.folders import canonical_folder, canonical_table, meet
from framework.config.job import Job
from framework.config.lake import Lake
from framework.config.project import Project
from framework.config.sources import TABLES, sources
from framework.errors import ConfigError

_TABLE = re.compile(r"\w\.\w+`?\.`?\w")
RULES = "quality.rules"
_SIDE_TABLES = ("__quarantine", "__tombstones")


@dataclass(frozen=True)
class Reads:
    """The tables and folders a job reads, as (its key in the job, the name in its canonical spelling)."""

    tables: tuple[tuple[str, str], ...]
    folders: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Writes:
    """The table a job writes and the folder it lands in, in their canonical spelling."""

    table: str
    folder: str | None


def reads(lake: Lake, job: Job) -> Reads:
    """What a job reads, tables that its rules compare with included."""
    tables: list[tuple[str, str]] = []
    folders: list[tuple[str, str]] = []
    for key, source in sources(job):
        if source.format in TABLES and source.table:
            tables.append((f"{key}.table", canonical_table(lake, source.table)))
        elif source.path:
            folders.append((f"{key}.path", canonical_folder(lake, source.path)))
    tables += [(RULES, canonical_table(lake, name)) for name in _tables_in_rules(job)]
    return Reads(tuple(tables), tuple(folders))


def writes(lake: Lake, job: Job) -> Writes:
    """What a job writes.

    >>> job = Job(job="a.b", read={"format": "csv", "path": "x"}, write={"table": "bronze.a.b"})
    >>> writes(Lake(root="/data"), job)
    Writes(table='standardized.a.b', folder=None)
    """
    return Writes(
        canonical_table(lake, job.write.table), canonical_folder(lake, job.land.to) if job.land else None
    )


def edges(project: Project) -> list[tuple[str, str]]:
    """(producer, consumer) for every pair of jobs where one reads what the other writes.

    A job that reads its own table is an edge to itself; one that reads the folder it lands is not, nor one
    whose rules look into its own table.
    """
    written = {name: writes(project.lake, job) for name, job in project.jobs.items()}
    writers: dict[str, list[str]] = {}
    for name, target in written.items():
        writers.setdefault(target.table, []).append(name)
    landers = [(name, target.folder) for name, target in written.items() if target.folder]
    found: dict[tuple[str, str], None] = {}
    for name, job in project.jobs.items():
        read = reads(project.lake, job)
        for key, table in read.tables:
            feeding = [
                writer for writer in writers.get(main_table(table), ()) if writer != name or key != RULES
            ]
            found.update({(writer, name): None for writer in feeding})
        for _, folder in read.folders:
            found.update(
                {(lander, name): None for lander, to in landers if lander != name and meet(folder, to)}
            )
    return list(found)


def order(project: Project, names: Sequence[str] = ()) -> list[list[str]]:
    """The jobs (all, if none is named) in steps: those of one step don't feed each other.

    Raises:
        graphlib.CycleError: jobs feed each other in a circle; `check_project` says which.
    """
    chosen = set(names) or set(project.jobs)
    sorter: TopologicalSorter[str] = TopologicalSorter({name: () for name in project.jobs if name in chosen})
    for producer, consumer in edges(project):
        if producer in chosen and consumer in chosen:
            sorter.add(consumer, producer)
    sorter.prepare()
    steps = []
    while sorter.is_active():
        step = sorted(sorter.get_ready())
        steps.append(step)
        sorter.done(*step)
    return steps


def downstream(project: Project, name: str) -> set[str]:
    """Every job that depends on this one, directly or not."""
    return _reach(name, edges(project))


def upstream(project: Project, name: str) -> set[str]:
    """Every job that this one depends on, directly or not."""
    return _reach(name, [(consumer, producer) for producer, consumer in edges(project)])


def cycles(arrows: Collection[tuple[str, str]]) -> Iterator[list[str]]:
    """Circles among the jobs, each as `a, b, ..., a`; enough of them that without these no circle is left."""
    left = list(arrows)
    while True:
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for producer, consumer in left:
            sorter.add(consumer, producer)
        try:
            sorter.prepare()
            return
        except CycleError as error:
            circle = list(error.args[1])
            yield circle
            left.remove((circle[0], circle[1]))


def _reach(start: str, arrows: Sequence[tuple[str, str]]) -> set[str]:
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        fresh = {after for before, after in arrows if before == name} - reached
        reached |= fresh
        waiting += fresh
    return reached - {start}


def _tables_in_rules(job: Job) -> list[str]:
    """Tables that rules compare with, such as in ReferentialIntegrity."""
    if not job.quality.rules or not _TABLE.search(job.quality.rules):
        return []
    from framework.quality import parse_ruleset

    try:
        names = parse_ruleset(job.quality.rules).reference_aliases()
    except ConfigError:  # `check_project` tells
        return []
    return [name for name in names if name not in job.sources and name.count(".") == 2]


def main_table(table: str) -> str:
    """The table that a side table belongs to; any other is itself."""
    for suffix in _SIDE_TABLES:
        table = table.removesuffix(suffix)
    return table
