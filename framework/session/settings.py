"""What a session is asked to be: plain values, so that the configuration and the tests can both make them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from framework.config.places import absolute, is_local

CatalogType = Literal["jdbc", "hadoop", "glue", "rest", "hive"]

DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension"
ICEBERG_EXTENSION = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog"


@dataclass(frozen=True)
class CatalogSettings:
    """An Iceberg catalog under a name of its own. A `jdbc` one without `uri` is a SQLite file in the lake."""

    name: str
    type: CatalogType
    warehouse: str | None = None
    uri: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionSettings:
    """Everything that `build_session` needs to know.

    `master` None leaves the master as spark-submit or the platform set it. `local` adds what a laptop needs
    (small shuffles, no UI, only the loopback address); None means: if the master is a local one. `jars` names
    groups of jars from the cache; on platforms that bring their own jars it is ignored.

    >>> SessionSettings(app_name="demo", master="local[2]", lake_root="/tmp/lake").is_local
    True
    """

    app_name: str
    lake_root: str
    master: str | None = None
    catalogs: tuple[CatalogSettings, ...] = ()
    spark_conf: Mapping[str, str] = field(default_factory=dict)
    jars: tuple[str, ...] = ("core",)
    local: bool | None = None
    log_level: str = "ERROR"
    extensions: tuple[str, ...] = (DELTA_EXTENSION, ICEBERG_EXTENSION)
    spark_catalog: str = DELTA_CATALOG

    @property
    def is_local(self) -> bool:
        if self.local is not None:
            return self.local
        return self.master is not None and self.master.split("[")[0] == "local"


def local_root(settings: SessionSettings) -> Path | None:
    """The lake's root as an absolute path, if it lies on this machine.

    >>> local_root(SessionSettings(app_name="a", lake_root="file:///lake"))
    PosixPath('/lake')
    """
    return Path(absolute(settings.lake_root)) if is_local(settings.lake_root) else None


def root_uri(settings: SessionSettings) -> str:
    """The lake's root as Spark can use it from any folder: absolute, or a URI as it was given."""
    return absolute(settings.lake_root)
