"""From the lake's configuration to the settings of a session, for one platform."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from framework.config.places import is_s3
from framework.config.secrets import reveal, reveal_all
from framework.runtimes.platforms import Platform, platform_of
from framework.session import CatalogSettings, SessionSettings
from framework.session.settings import root_uri

if TYPE_CHECKING:
    from framework.config import Project
    from framework.config.job import Job, Read
    from framework.config.lake import Catalog, Lake


def settings_for(
    lake: Lake,
    runtime: str,
    *,
    jobs: Mapping[str, Job] | None = None,
    jars: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> SessionSettings:
    """The session that a lake needs on a runtime; secrets are resolved here, for the session alone.

    `jars` names groups of jars beyond those that the lake and its jobs ask for (`quality` for profiles).

    >>> from framework.config.lake import Lake
    >>> settings_for(Lake(root="s3://bank/lake"), "local").jars
    ('core', 'aws')
    """
    platform = platform_of(runtime)
    conf = {**platform.spark, **reveal_all(lake.spark, environ=environ)}
    settings = SessionSettings(
        app_name=f"sluice {lake.name}",
        lake_root=lake.root,
        master=_master(platform, conf),
        catalogs=(_catalog(lake.catalog, environ),),
        spark_conf=conf,
        jars=jar_groups(lake, jobs or {}, jars),
    )
    if not platform.warehouse_in_lake:
        return settings
    return replace(
        settings, spark_conf={"spark.sql.warehouse.dir": f"{root_uri(settings)}/_warehouse", **conf}
    )


def settings_of(project: Project, runtime: str, jars: Sequence[str] = ()) -> SessionSettings:
    """The session that a project needs on a runtime."""
    return settings_for(project.lake, runtime, jobs=project.jobs, jars=jars)


def jar_groups(lake: Lake, jobs: Mapping[str, Job], more: Sequence[str] = ()) -> tuple[str, ...]:
    """The groups of jars to load: the large one for AWS only where an address or the catalog is on AWS."""
    aws = lake.catalog.type == "glue" or any(map(is_s3, _addresses(lake, jobs)))
    wanted = ["core", *(["aws"] if aws else []), *more]
    return tuple(dict.fromkeys(wanted))


def _addresses(lake: Lake, jobs: Mapping[str, Job]) -> Iterator[str]:
    places = [lake.root, lake.catalog.warehouse, *(layer.location for layer in lake.layers)]
    reads: list[Read] = [read for job in jobs.values() for read in job.sources.values()]
    reads += [job.land.source for job in jobs.values() if job.land]
    yield from (place for place in [*places, *(read.path for read in reads)] if place)


def _master(platform: Platform, conf: dict[str, str]) -> str | None:
    # a master in the lake's own settings counts where Python launches Spark; a submission names its own
    named = conf.pop("spark.master", None)
    return (named or platform.master) if platform.launches else None


def _catalog(catalog: Catalog, environ: Mapping[str, str] | None) -> CatalogSettings:
    return CatalogSettings(
        name=catalog.name,
        type=catalog.type,
        warehouse=catalog.warehouse,
        uri=reveal(catalog.uri, environ=environ),
        properties=reveal_all(catalog.properties, environ=environ),
    )
