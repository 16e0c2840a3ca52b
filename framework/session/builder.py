"""Makes the SparkSession of a run, or adopts the one that is there: the only place that does either.

A session that Sluice makes has Delta and Iceberg side by side; one that a platform made is checked and gets a
`newSession()` with Sluice's own settings, so that nothing leaks into the session of others.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark import __version__ as pyspark_version
from pyspark.sql import SparkSession

from framework.errors import SessionError
from framework.session.adopt import Live, check
from framework.session.catalogs import sqlite_file
from framework.session.conf import jar_conf, lake_conf, local_conf, s3_conf
from framework.session.jar_cache import cached_jars
from framework.session.java import find_java
from framework.session.settings import SessionSettings, local_root
from framework.session.versions import Lane, lane_of


def build_session(settings: SessionSettings) -> SparkSession:
    """The session that `settings` describe: a new one, or a checked child of the one that runs already.

    >>> spark = build_session(SessionSettings("demo", lake_root="/tmp/lake", master="local[2]"))  # doctest: +SKIP
    >>> spark.sql("SELECT current_timezone()").first()[0]  # doctest: +SKIP
    'UTC'
    """
    _make_folders(settings)
    active = SparkSession.getActiveSession()
    return adopt_session(active, settings) if active else _make(settings)


def adopt_session(live: SparkSession, settings: SessionSettings) -> SparkSession:
    """A session of our own beside `live`, after a check that it has what can't be set any more."""
    wanted = lake_conf(settings)
    check(_ask(live), settings, wanted)
    session = live.newSession()
    for key, value in {**wanted, **_runtime_only(session, settings.spark_conf)}.items():
        if session.conf.isModifiable(key) or key.startswith("spark.sql.catalog."):
            session.conf.set(key, value)
    return session


def _make(settings: SessionSettings) -> SparkSession:
    lane = lane_of(pyspark_version)
    launched_here = SparkContext._gateway is None and "PYSPARK_GATEWAY_PORT" not in os.environ
    with _log_config() as log_config:
        conf = session_conf(settings, lane, log_config, launched_here=launched_here)
        spark_conf = SparkConf(loadDefaults=False) if launched_here else SparkConf()
        spark_conf.setAll(list(conf.items()))
        with _environment(settings, lane) if launched_here else nullcontext():
            session = SparkSession.builder.config(conf=spark_conf).getOrCreate()
    # Under spark-submit the jars are the submission's business, so it has to be asked whether they came.
    check(_ask(session), settings, lake_conf(settings))
    if settings.is_local:
        session.sparkContext.setLogLevel(settings.log_level)
    return session


def session_conf(
    settings: SessionSettings, lane: Lane, log_config: Path | None, *, launched_here: bool
) -> dict[str, str]:
    """All settings of a new session. Jars and JVM options only count where the JVM is still to be launched."""
    conf = {"spark.app.name": settings.app_name}
    if settings.master:
        conf["spark.master"] = settings.master
    if settings.is_local:
        conf |= local_conf(settings, log_config)
    if launched_here:
        in_driver = (settings.master or "").split("[")[0] == "local"
        conf |= jar_conf(cached_jars(lane, settings.jars, os.environ), in_driver=in_driver)
        conf |= s3_conf(lane, settings.jars)
    return {**conf, **lake_conf(settings), **settings.spark_conf}


@contextmanager
def _environment(settings: SessionSettings, lane: Lane) -> Iterator[None]:
    """What the launcher of the JVM reads from the environment; put back afterwards."""
    ours = {"JAVA_HOME": str(find_java(lane, os.environ).home)}
    if settings.is_local:
        ours["SPARK_LOCAL_IP"] = "127.0.0.1"
        ours["PYSPARK_PYTHON"] = os.environ.get("PYSPARK_PYTHON", sys.executable)
    before = {key: os.environ.get(key) for key in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


@contextmanager
def _log_config() -> Iterator[Path]:
    with as_file(files("framework.session") / "log4j2.properties") as path:
        yield path.absolute()


def _make_folders(settings: SessionSettings) -> None:
    """SQLite makes its file, but not the folder of it."""
    wanted = [file.parent for catalog in settings.catalogs if (file := sqlite_file(catalog, settings))]
    root = local_root(settings)
    for folder in [*wanted, *([root] if root else [])]:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SessionError(
                f"the folder {folder} of the lake can't be made",
                found=str(error),
                fix="Set `root:` of the lake to a folder that you may write.",
            ) from error


def _runtime_only(session: SparkSession, wanted: Mapping[str, str]) -> dict[str, str]:
    """User settings a new session can still take; the others were fixed when the application started."""
    return {key: value for key, value in wanted.items() if session.conf.isModifiable(key)}


def _ask(session: SparkSession) -> Live:
    context = session.sparkContext
    jvm: Any = context._jvm
    loader = jvm.org.apache.spark.util.Utils.getContextOrSparkClassLoader

    def has_class(name: str) -> bool:
        try:
            jvm.java.lang.Class.forName(name, False, loader())
        except Exception:  # py4j wraps ClassNotFoundException and NoClassDefFoundError alike
            return False
        return True

    def setting(key: str) -> str | None:
        found: str | None = session.conf.get(key, None)
        return found

    return Live(setting, has_class)
