"""One contender in a process of its own: applies the files it is told of, and says what each took."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.merges import contenders, frameworks
from benchmarks.merges.contenders import Apply, Setting
from benchmarks.merges.histories import snapshots_by_hand, versions_by_hand
from benchmarks.processes import cpu_seconds

_FRAMEWORKS = {"koheesio": frameworks.koheesio, "lakehouse-engine": frameworks.lakehouse_engine}
_BY_HAND = {"versions": versions_by_hand, "snapshots": snapshots_by_hand}
_COMPARED = ("valid_from", "valid_to")


def work(name: str, setting: Setting) -> None:
    """Read paths from standard input, apply each, print what it took; at the end, what the table holds."""
    if name.startswith(("deltalake", "duckdb")):
        apply: Apply = (
            contenders.duckdb(setting)
            if name == "duckdb"
            else contenders.deltalake(setting, bounded=name == "deltalake-bounds")
        )
        setting.folder.mkdir(parents=True)
        _serve(apply, _own_cpu, lambda: 0, setting)
        _tell(_sum_by_arrow(setting))
        return
    from framework.config import load_project
    from framework.runtimes import open_runtime

    contenders.make_project(setting)
    project = load_project(str(setting.folder / "conf"))
    runtime = open_runtime("local", project)
    spark = runtime.start()
    if name == "sluice":
        apply = contenders.sluice(spark, project, setting)
    elif name == "append":
        apply = contenders.append(spark, setting)
    elif name in _FRAMEWORKS:
        apply = _FRAMEWORKS[name](spark, setting)
    elif setting.work in _BY_HAND:
        spark.conf.set("spark.sql.shuffle.partitions", "4")
        spark.conf.set("spark.databricks.delta.snapshotPartitions", "2")
        apply = _BY_HAND[setting.work](spark, setting)
    else:
        apply = contenders.merge(spark, setting, name)
    scheduler: Any = spark.sparkContext._jsc.sc().dagScheduler()  # type: ignore[union-attr]
    _serve(apply, lambda: cpu_seconds(spark) + time.process_time(), scheduler.numTotalJobs, setting)
    _tell(_sum_by_spark(spark, setting))
    runtime.succeed()


def _serve(apply: Apply, cpu: Any, jobs: Any, setting: Setting) -> None:
    _tell({"ready": True})
    for line in sys.stdin:
        if not line.strip():
            return
        files = _files(setting)
        used, done, began = cpu(), jobs(), time.perf_counter()
        apply(Path(line.strip()))
        seconds = time.perf_counter() - began
        new = [size for name, size in _files(setting).items() if name not in files]
        told = {"seconds": seconds, "cpu": cpu() - used, "jobs": jobs() - done}
        _tell({**told, "files": len(new), "bytes": sum(new)})


def _files(setting: Setting) -> dict[str, int]:
    """The table's data and delete files, with what lies beside it."""
    kinds = (".parquet", ".bin", ".puffin")
    return {
        str(file): file.stat().st_size
        for file in setting.folder.rglob("*")
        if file.suffix in kinds and file.parent.name != "inbox"
    }


def _own_cpu() -> float:
    return time.process_time()


def _sum_by_spark(spark: Any, setting: Setting) -> dict[str, Any]:
    _sum(spark.table(setting.table))
    began = time.perf_counter()
    return {**_sum(spark.table(setting.table)), "query": time.perf_counter() - began}


def _sum(rows: Any) -> dict[str, Any]:
    """How many rows there are, and a sum over their hashes; the columns are the source's, and when a version holds."""
    names = sorted(name for name in rows.columns if name.startswith("o_") or name in _COMPARED)
    row = rows.selectExpr(
        "count(*) n", f"sum(cast(xxhash64({', '.join(names)}) AS decimal(38,0))) h"
    ).collect()[0]
    return {"rows": row.n, "checksum": str(row.h)}


def _sum_by_arrow(setting: Setting) -> dict[str, Any]:
    """The same sum by a Spark of its own, after the measurements: one function, one checksum."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    if (setting.data / "_delta_log").exists():
        from deltalake import DeltaTable

        frame = spark.read.parquet(*DeltaTable(str(setting.data)).file_uris())
    else:
        newest = max(setting.folder.glob("?.parquet"), key=lambda file: file.stat().st_mtime)
        frame = spark.read.parquet(str(newest))
    found = _sum(frame)
    spark.stop()
    return {**found, "query": None}


def _tell(value: dict[str, Any]) -> None:
    print(json.dumps(value), flush=True)
