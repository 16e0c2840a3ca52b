"""The Spark settings of a session that Sluice makes, as one dictionary; each step may be overridden by the next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from framework.session.catalogs import catalog_conf
from framework.session.settings import SessionSettings, root_uri
from framework.session.versions import Lane


def lake_conf(settings: SessionSettings) -> dict[str, str]:
    """What every session of Sluice needs, wherever it runs.

    >>> lake_conf(SessionSettings(app_name="a", lake_root="/lake"))["spark.sql.ansi.enabled"]
    'true'
    """
    conf = {
        "spark.sql.extensions": ",".join(settings.extensions),
        "spark.sql.catalog.spark_catalog": settings.spark_catalog,
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
    }
    for catalog in settings.catalogs:
        conf |= catalog_conf(catalog, settings)
    return conf


def local_conf(settings: SessionSettings, log_config: Path | None) -> dict[str, str]:
    """What a laptop needs: small shuffles, no UI, no network but the loopback, nothing dropped into the folder."""
    options = ["-Duser.timezone=UTC", f"-Dsluice.log.level={settings.log_level}"]
    if log_config:
        options.append(f"-Dlog4j2.configurationFile={log_config.as_uri()}")
    return {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.driver.extraJavaOptions": " ".join(options),
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": f"{root_uri(settings)}/_warehouse",
        # Delta's default of 50 makes stages of 50 tasks out of a log of three files.
        "spark.databricks.delta.snapshotPartitions": "2",
    }


def jar_conf(jars: Sequence[Path], *, in_driver: bool) -> dict[str, str]:
    """How jars reach Spark. With a local master the class path does: `spark.jars` would copy each of them."""
    if not jars:
        return {}
    if in_driver:
        return {"spark.driver.extraClassPath": os.pathsep.join(map(str, jars))}
    return {"spark.jars": ",".join(path.as_uri() for path in jars)}


def s3_conf(lane: Lane, groups: Sequence[str]) -> dict[str, str]:
    """`s3://` is what EMR and Glue say; locally the same address goes through S3A."""
    if "aws" not in groups or "aws" not in lane.groups:
        return {}
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
    }
