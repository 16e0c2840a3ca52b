"""The Spark settings of a session that Sluice makes, as one dictionary; each step may be overridden by the next."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from framework.session.catalogs import catalog_conf
from framework.session.settings import SessionSettings, root_uri
from framework.session.versions import Lane

_JAVA_OPTIONS = "spark.driver.extraJavaOptions"
_ON_CLASS_PATH = ("core", "aws")

# Planning small queries runs thousands of methods a few thousand times each: Java's optimising compiler, eager by
# default, then spends more than it gains. Ten to twenty times later it still gets every loop over many rows: a
# cold start with a few small tables took half the CPU, and writing and grouping 5 M rows no more than before.
_COMPILE_LATER = (
    "-XX:Tier4InvocationThreshold=100000",
    "-XX:Tier4MinInvocationThreshold=20000",
    "-XX:Tier4CompileThreshold=200000",
    "-XX:Tier4BackEdgeThreshold=400000",
)


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


def local_conf(settings: SessionSettings) -> dict[str, str]:
    """What a laptop needs: small shuffles, no UI, no network but the loopback, nothing dropped into the folder."""
    return {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "2g",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": f"{root_uri(settings)}/_warehouse",
        # Delta's default of 50 makes stages of 50 tasks out of a log of three files.
        "spark.databricks.delta.snapshotPartitions": "2",
        # The 100 of Spark are fewer than one merge into a Delta table makes: every batch would compile all anew.
        "spark.sql.codegen.cache.maxEntries": "1000",
    }


def split_groups(settings: SessionSettings) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Groups of jars for the driver's class path, and groups for `spark.jars`.

    With a local master the class path is enough, while `spark.jars` would copy every jar twice. Small groups that
    are seldom needed go there all the same: the class path stays the one that the class archive was made for.

    >>> split_groups(SessionSettings("a", lake_root="/l", master="local[2]", jars=("core", "quality")))
    (('core',), ('quality',))
    """
    if (settings.master or "").split("[")[0] != "local":
        return (), settings.jars
    on_path = tuple(group for group in settings.jars if group in _ON_CLASS_PATH)
    return on_path, tuple(group for group in settings.jars if group not in _ON_CLASS_PATH)


def class_path_conf(jars: Sequence[Path]) -> dict[str, str]:
    """Jars on the driver's class path, which is also the executor's with a local master."""
    return {"spark.driver.extraClassPath": os.pathsep.join(map(str, jars))} if jars else {}


def spark_jars_conf(jars: Sequence[Path]) -> dict[str, str]:
    """Jars that Spark hands to every executor."""
    return {"spark.jars": ",".join(path.as_uri() for path in jars)} if jars else {}


def java_options_conf(settings: SessionSettings, log_config: Path, more: Sequence[str]) -> dict[str, str]:
    """Options of the driver's JVM: UTC, and locally a quiet log and a quick start."""
    options = ["-Duser.timezone=UTC"]
    if settings.is_local:
        options.append(f"-Dsluice.log.level={settings.log_level}")
        options.append(f"-Dlog4j2.configurationFile={log_config.as_uri()}")
        options += _COMPILE_LATER
    return {_JAVA_OPTIONS: " ".join([*options, *more])}


def joined(layers: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Layers of settings as one; the last one wins, except that options of the JVM add up.

    >>> joined([{"spark.driver.extraJavaOptions": "-Da=b"}, {"spark.driver.extraJavaOptions": "-Xss4m"}])
    {'spark.driver.extraJavaOptions': '-Da=b -Xss4m'}
    """
    result: dict[str, str] = {}
    for layer in layers:
        options = " ".join(filter(None, [result.get(_JAVA_OPTIONS), layer.get(_JAVA_OPTIONS)]))
        result |= layer
        if options:
            result[_JAVA_OPTIONS] = options
    return result


def s3_conf(lane: Lane, groups: Sequence[str]) -> dict[str, str]:
    """`s3://` is what EMR and Glue say; locally the same address goes through S3A.

    A store that can't be reached is told within half a minute: S3A's own patience is over five minutes on Spark 3.5.
    """
    if "aws" not in groups or "aws" not in lane.groups:
        return {}
    return {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
        "spark.hadoop.fs.s3a.attempts.maximum": "4",
        "spark.hadoop.fs.s3a.retry.limit": "3",
    }
