"""Names of tables and layers."""

from __future__ import annotations

from collections.abc import Iterator

from framework.config.checks.problem import problem
from framework.config.folders import folder_layer, layer_names, layer_of
from framework.config.job import Job
from framework.config.project import Project
from framework.config.sources import TABLES, sources
from framework.config.words import did_you_mean
from framework.errors import ConfigError


def check_names(project: Project, job: Job) -> Iterator[ConfigError]:
    """Every table is called layer.domain.table, in a layer of tables; a job lands in a layer of files."""
    yield from _table(project, job, "write.table", job.write.table)
    yield from _side_table(project, job)
    for key, source in sources(job):
        if source.format in TABLES and source.table:
            yield from _table(project, job, f"{key}.table", source.table)
    if job.land:
        yield from _landing(project, job, job.land.to)


def _table(project: Project, job: Job, key: str, name: str) -> Iterator[ConfigError]:
    from framework.tables.names import name_parts

    try:
        layer_name, _, _ = name_parts(name)
    except ConfigError as error:
        yield problem(
            project, job, key, "is no table name", found=error.found, expected=error.expected, fix=error.fix
        )
        return
    layer = layer_of(project.lake, layer_name)
    if layer is None:
        yield problem(
            project,
            job,
            key,
            "is in an unknown layer",
            found=layer_name,
            fix=did_you_mean(layer_name, layer_names(project.lake)),
        )
    elif not layer.tables:
        yield problem(
            project,
            job,
            key,
            f"is in layer {layer.name}, which holds files and no tables",
            found=name,
            fix=f"Use another layer, or set `tables: true` for {layer.name} in lake.yaml.",
        )


def _side_table(project: Project, job: Job) -> Iterator[ConfigError]:
    from framework.tables.names import SIDE_ROLES

    for role in SIDE_ROLES:
        if job.write.table.endswith(f"__{role}"):
            what = f"is a name that the framework keeps for the {role} of other tables"
            yield problem(
                project, job, "write.table", what, found=job.write.table, fix="Choose another name."
            )


def _landing(project: Project, job: Job, folder: str) -> Iterator[ConfigError]:
    layer = folder_layer(project.lake, folder)
    files = [layer.name for layer in project.lake.layers if not layer.tables]
    if layer is None or layer.tables:
        yield problem(
            project,
            job,
            "land.to",
            "is not in a layer of files",
            found=folder,
            expected=f"a folder such as {files[0]}/{folder.rpartition('/')[2]}" if files else None,
            fix=None if files else "Add a layer with `tables: false` to lake.yaml.",
        )
