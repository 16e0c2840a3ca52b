"""Makes the SparkSession of a run, or adopts the one that is there: the only place that does either.

A session that Sluice makes has Delta and Iceberg side by side; one that a platform made is checked and gets a
`newSession()` with Sluice's own settings, so that nothing leaks into the session of others.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark import __version__ as pyspark_version
from pyspark.errors import AnalysisException, PySparkRuntimeError
from pyspark.sql import SparkSession

from framework.errors import SessionError
from framework.session.adopt import EXTENSIONS, MADE_BY_SLUICE, Live, check, merged_extensions
from framework.session.catalogs import sqlite_file
from framework.session.class_archive import archive_path, use_options
from framework.session.conf import (
    class_path_conf,
    java_options_conf,
    joined,
    lake_conf,
    local_conf,
    s3_conf,
    spark_jars_conf,
    split_groups,
)
from framework.session.jar_cache import cached_jars
from framework.session.java import find_java
from framework.session.settings import SessionSettings, local_root
from framework.session.versions import Lane, lane_of

_LOG = logging.getLogger("sluice.session")


def build_session(settings: SessionSettings) -> SparkSession:
    """The session that `settings` describe: a new one, or a checked child of the one that runs already.

    >>> spark = build_session(SessionSettings("demo", lake_root="/tmp/lake", master="local[2]"))  # doctest: +SKIP
    >>> spark.sql("SELECT current_timezone()").first()[0]  # doctest: +SKIP
    'UTC'
    """
    _make_folders(settings)
    live = _live()
    return adopt_session(live, settings) if live else _make(settings)


def adopt_session(live: SparkSession, settings: SessionSettings) -> SparkSession:
    """A session of our own beside `live`, after a check that it has what can't be set any more."""
    wanted = lake_conf(settings)
    check(_ask(live), settings, wanted)
    session = live.newSession()
    _forget_other_catalogs(session, settings, wanted)
    refused = [
        key for key, value in {**wanted, **settings.spark_conf}.items() if not _take(session, key, value)
    ]
    if refused:
        _LOG.warning(
            "settings of a running application that can't be changed: %s", ", ".join(sorted(refused))
        )
    return session


def _live() -> SparkSession | None:
    """The session of this application, whichever thread made it."""
    context = SparkContext._active_spark_context
    if context is None or context._jsc is None:
        return None
    return SparkSession.getActiveSession() or SparkSession(context)


def _forget_other_catalogs(
    session: SparkSession, settings: SessionSettings, wanted: Mapping[str, str]
) -> None:
    """What another lake said of a catalog of the same name must not mix with what this one says."""
    prefixes = tuple(f"spark.sql.catalog.{catalog.name}." for catalog in settings.catalogs)
    known = [key for key, _ in session.sparkContext.getConf().getAll()]
    for key in known:
        if key.startswith(prefixes) and key not in wanted:
            session.conf.unset(key)


def _take(session: SparkSession, key: str, value: str) -> bool:
    """Set `key` where the running session still can; True if it then has this value."""
    if session.conf.get(key, None) == value:
        return True
    try:
        session.conf.set(key, value)
    except AnalysisException:
        # The list of extensions was checked: there may be others in it, and in another order.
        return key == "spark.sql.extensions"
    return True


def _make(settings: SessionSettings) -> SparkSession:
    lane = lane_of(pyspark_version)
    launched_here = SparkContext._gateway is None and "PYSPARK_GATEWAY_PORT" not in os.environ
    with _log_config() as log_config:
        conf = session_conf(settings, lane, log_config, launched_here=launched_here)
        spark_conf = SparkConf(loadDefaults=False) if launched_here else SparkConf()
        conf[EXTENSIONS] = merged_extensions(
            spark_conf.get(EXTENSIONS, ""), conf[EXTENSIONS], settings.extensions
        )
        spark_conf.setAll(list(conf.items()))
        with _environment(settings, lane) if launched_here else nullcontext():
            session = _launch(spark_conf)
    # Under spark-submit the jars are the submission's business, so it has to be asked whether they came.
    check(_ask(session), settings, lake_conf(settings))
    if settings.is_local:
        session.sparkContext.setLogLevel(settings.log_level)
    return session


def _launch(conf: SparkConf) -> SparkSession:
    try:
        return SparkSession.builder.config(conf=conf).getOrCreate()
    except PySparkRuntimeError as error:
        raise SessionError(
            "Spark's Java process could not be started",
            found=str(error),
            fix="What Java said is above; `spark.driver.memory` and `spark.driver.extraJavaOptions` are the usual "
            "causes. `sluice doctor` checks this machine.",
        ) from error


def session_conf(
    settings: SessionSettings, lane: Lane, log_config: Path, *, launched_here: bool
) -> dict[str, str]:
    """All settings of a new session; the user's own come last and win, except that Java options are joined."""
    conf = {"spark.app.name": settings.app_name, MADE_BY_SLUICE: "true"}
    if settings.master:
        conf["spark.master"] = settings.master
    if settings.is_local:
        conf |= local_conf(settings)
    if launched_here:
        conf |= jvm_conf(settings, lane, log_config)
    return joined([conf, lake_conf(settings), settings.spark_conf])


def jvm_conf(settings: SessionSettings, lane: Lane, log_config: Path) -> dict[str, str]:
    """What only a JVM that is still to be launched can take: jars, its options, classes from an archive."""
    on_path, beside = split_groups(settings)
    class_path = cached_jars(lane, on_path, os.environ)
    archive = archive_path(find_java(lane, os.environ), class_path, os.environ)
    return {
        **class_path_conf(class_path),
        **spark_jars_conf(cached_jars(lane, beside, os.environ)),
        **s3_conf(lane, settings.jars),
        **java_options_conf(settings, log_config, use_options(archive)),
    }


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
