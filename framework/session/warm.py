"""Makes the class archive of a lane, by doing once what runs do: `python -m framework.session.warm`.

Part of set-up. It saves every later start some seconds of CPU; where it can't be made, everything works without.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from framework.session.class_archive import archive_path, ensure_base, prune, record_options
from framework.session.jar_cache import cached_jars
from framework.session.java import find_java
from framework.session.settings import CatalogSettings, SessionSettings
from framework.session.versions import lane_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TABLES = (("lake.warm.t", "iceberg", "lake.warm.t"), ("delta.`{root}/d`", "delta", "delta.`{root}/d`"))


def main() -> int:
    """Make the archive unless it is there; never a reason to fail."""
    try:
        _warm()
    except Exception as error:  # whatever Java or Spark says: it is only about speed
        print(f"set-up: starts of Spark stay as slow as they are: {_first_line(error)}", flush=True)
    return 0


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _warm() -> None:
    lane = lane_of(version("pyspark"))
    java = find_java(lane, os.environ)
    archive = archive_path(java, cached_jars(lane, ("core",), os.environ), os.environ)
    if archive.is_file() or not ensure_base(java):
        return
    started = time.monotonic()
    print("set-up: teaching Java the classes of Spark, so that it starts sooner (once)", flush=True)
    archive.parent.mkdir(parents=True, exist_ok=True)
    prune(archive.parent)
    part = archive.with_suffix(f".{os.getpid()}.part")
    with tempfile.TemporaryDirectory(prefix="sluice-warm-") as folder:
        _work(Path(folder), part)
    if part.is_file():
        part.replace(archive)
        print(f"set-up: done in {time.monotonic() - started:.0f} s", flush=True)


def _work(root: Path, archive: Path) -> None:
    from framework.session.builder import build_session  # pyspark, which an archive that is there spares us

    settings = SessionSettings(
        app_name="sluice-warm",
        lake_root=str(root),
        master="local[2]",
        catalogs=(CatalogSettings("lake", "jdbc"),),
        spark_conf={
            "spark.driver.extraJavaOptions": " ".join([*record_options(archive), "-XX:TieredStopAtLevel=1"])
        },
    )
    session = build_session(settings)
    session.sql("CREATE DATABASE lake.warm")
    for name, provider, target in _TABLES:
        _use(session, name.format(root=root), provider, target.format(root=root), root)
    session.stop()
    _end_jvm()


def _use(session: SparkSession, name: str, provider: str, target: str, root: Path) -> None:
    csv = root / "in.csv"
    csv.write_text("id,v\n1,a\n2,b\n", encoding="utf-8")
    session.read.schema("id INT, v STRING").option("header", True).csv(str(csv)).createOrReplaceTempView("s")
    session.sql(f"CREATE TABLE {name} (id INT, v STRING) USING {provider}")
    session.sql(
        f"MERGE INTO {target} t USING s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)"
    )
    session.sql(f"SELECT v, count(*) n FROM {target} GROUP BY v ORDER BY v").collect()


def _end_jvm() -> None:
    """The archive is written when the JVM ends, which is when it has nobody to talk to any more."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    process = getattr(gateway, "proc", None)
    if gateway is None or process is None:
        return
    gateway.shutdown()
    process.stdin.close()
    process.wait(timeout=300)


if __name__ == "__main__":
    sys.exit(main())
