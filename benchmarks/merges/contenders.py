"""Everything that merges a batch into the table: each takes a file of changes and applies it.

sluice       a job with rules, its ledger on; layout and settings are the job's
plain        row_number and MERGE with few shuffle partitions, the table as the format makes it
defaults     the same with Spark's and Delta's own settings
tuned        what an expert does by hand: key bounds, one hash aggregate, one partition, the best layout, no AQE
deltalake    the merge of the Rust library; deltalake-bounds the same with key bounds
duckdb       the whole table read, joined and written again

koheesio and lakehouse-engine are in frameworks.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.merges.workload import KEY

Apply = Callable[[Path], None]
BASE = "base.parquet"
SANE = {"spark.sql.shuffle.partitions": "4", "spark.databricks.delta.snapshotPartitions": "2"}
_BY_HAND = {
    "spark.sql.shuffle.partitions": "2",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.adaptive.enabled": "false",
}
_JOB = """job: shop.orders
read:
  format: parquet
  path: {inbox}
changes:
  keys: [o_orderkey]
  sequence: [seq]
{changes}
quality:
  rules: |
    Rules = [ IsComplete "o_orderkey", ColumnValues "o_totalprice" >= 0 ]
write:
  table: standardized.shop.orders
  format: {format}
  properties: {{{layout}}}
"""
_EVENTS = """  envelope: generic
  operation: op
  ordered: {ordered}
"""
_CHANGES = {"versions": _EVENTS + "  history: scd2\n", "snapshots": "  snapshot: true\n"}


@dataclass(frozen=True)
class Setting:
    """Where a contender works, and at what."""

    work: str

    folder: Path
    format: str
    ordered: bool
    layout: str | None
    """Of Sluice's table and the tuned one; None: the framework's default."""

    @property
    def table(self) -> str:
        if self.format == "iceberg":
            return "lake.standardized_shop.orders"
        return f"delta.`{self.data}`"

    @property
    def data(self) -> Path:
        """Where the table's files are."""
        if self.format == "iceberg":
            return self.folder / "lake/standardized_shop/orders"
        return self.folder / "lake/standardized/shop/orders"


def make_project(setting: Setting) -> None:
    """The job and its inbox."""
    inbox = setting.folder / "inbox"
    inbox.mkdir(parents=True)
    (setting.folder / "conf/jobs").mkdir(parents=True)
    (setting.folder / "conf/lake.yaml").write_text(f"root: {setting.folder}/lake\n")
    layout = f"layout: {setting.layout}" if setting.layout else ""
    changes = _CHANGES.get(setting.work, _EVENTS).format(ordered=str(setting.ordered).lower())
    text = _JOB.format(inbox=inbox, changes=changes, format=setting.format, layout=layout)
    (setting.folder / "conf/jobs/orders.yaml").write_text(text)


def sluice(spark: Any, project: Any, setting: Setting) -> Apply:
    """The job, run for each file."""
    from framework.run.api import run_project

    def apply(file: Path) -> None:
        shutil.copy(file, setting.folder / "inbox" / file.name)
        outcome = run_project(project, [], spark=spark)
        assert outcome.exit_code == 0, outcome.jobs[0].error
        stages = {each.name: round(each.seconds, 2) for each in outcome.jobs[0].stages}
        print({"stages": stages, "run": round(outcome.seconds, 2)}, flush=True)

    return apply


def merge(spark: Any, setting: Setting, kind: str) -> Apply:
    """plain, defaults and tuned: SQL."""
    for name, value in {"plain": SANE, "defaults": {}, "tuned": _BY_HAND}[kind].items():
        spark.conf.set(name, value)

    def apply(file: Path) -> None:
        changes = spark.read.parquet(str(file))
        if file.name == BASE:
            create(spark, changes.drop("op", "seq"), setting, tuned=kind == "tuned")
        elif kind == "tuned":
            _merge_bounded(spark, changes, setting)
        else:
            changes.createOrReplaceTempView("changes")
            newest = f"""SELECT * FROM (
              SELECT *, row_number() OVER (PARTITION BY {KEY} ORDER BY seq DESC) n FROM changes) WHERE n = 1"""
            _merge(spark, f"({newest})", f"t.{KEY} = s.{KEY}", setting)

    return apply


def create(spark: Any, rows: Any, setting: Setting, *, tuned: bool) -> None:
    """The table with its first rows."""
    rows = rows.repartitionByRange(16, KEY).sortWithinPartitions(KEY) if tuned else rows
    if setting.format == "iceberg":
        spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.standardized_shop")
        writer = rows.writeTo(setting.table).using("iceberg")
        if tuned:
            for command in ("merge", "update", "delete"):
                writer = writer.tableProperty(f"write.{command}.mode", "merge-on-read")
            version = "3" if setting.layout == "deletion-vectors" else "2"
            writer = writer.tableProperty("format-version", version)
            writer = writer.tableProperty("write.merge.distribution-mode", "none")
        writer.create()
    else:
        vectors = str(setting.layout == "deletion-vectors").lower()
        writer = rows.write.format("delta")
        (writer.option("delta.enableDeletionVectors", vectors) if tuned else writer).save(str(setting.data))


def _merge_bounded(spark: Any, changes: Any, setting: Setting) -> None:
    from pyspark.sql import functions as F

    row = F.struct(*changes.columns)
    newest = changes.groupBy(KEY).agg(F.max_by(row, "seq").alias("r")).select("r.*").coalesce(1)
    newest = newest.localCheckpoint()
    low, high = newest.agg(F.min(KEY), F.max(KEY)).first()
    newest.createOrReplaceTempView("newest")
    _merge(spark, "newest", f"t.{KEY} = s.{KEY} AND t.{KEY} BETWEEN {low} AND {high}", setting)


def _merge(spark: Any, source: str, on: str, setting: Setting) -> None:
    columns = spark.table(setting.table).columns
    sets = ", ".join(f"t.{name} = s.{name}" for name in columns)
    spark.sql(
        f"""MERGE INTO {setting.table} t USING {source} s ON {on}
            WHEN MATCHED AND s.op = 'D' THEN DELETE
            WHEN MATCHED THEN UPDATE SET {sets}
            WHEN NOT MATCHED AND s.op <> 'D' THEN INSERT ({", ".join(columns)})
              VALUES ({", ".join(f"s.{name}" for name in columns)})"""
    )


def append(spark: Any, setting: Setting) -> Apply:
    """Not a merge: what it costs to write the rows down, blindly."""
    spark.conf.set("spark.sql.shuffle.partitions", "2")

    def apply(file: Path) -> None:
        rows = spark.read.parquet(str(file)).drop("op", "seq")
        if file.name == BASE:
            create(spark, rows, setting, tuned=False)
        elif setting.format == "iceberg":
            rows.writeTo(setting.table).append()
        else:
            rows.write.format("delta").mode("append").save(str(setting.data))

    return apply


def deltalake(setting: Setting, *, bounded: bool) -> Apply:
    """The Rust library's merge."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from deltalake import DeltaTable, write_deltalake

    def apply(file: Path) -> None:
        changes = pq.read_table(file)
        if file.name == BASE:
            write_deltalake(str(setting.data), changes.drop_columns(["op", "seq"]))
            return
        newest = changes.sort_by([(KEY, "ascending"), ("seq", "descending")])
        first = newest[KEY].to_numpy()
        newest = newest.filter(_first_of_each(first))
        on = f"t.{KEY} = s.{KEY}"
        if bounded:
            low, high = pc.min_max(newest[KEY]).values()
            on += f" AND t.{KEY} >= {low} AND t.{KEY} <= {high}"
        values = {name: f"s.{name}" for name in changes.column_names if name not in ("op", "seq")}
        (
            DeltaTable(str(setting.data))
            .merge(newest, on, source_alias="s", target_alias="t")
            .when_matched_delete("s.op = 'D'")
            .when_matched_update(values)
            .when_not_matched_insert(values, "s.op <> 'D'")
            .execute()
        )

    return apply


def duckdb(setting: Setting) -> Apply:
    """A full rewrite into a new Parquet file: what a table without a format could do."""
    import duckdb as db

    connection = db.connect()
    connection.sql("SET threads = 2")
    files = [setting.folder / "a.parquet", setting.folder / "b.parquet"]

    def apply(file: Path) -> None:
        if file.name == BASE:
            connection.sql(f"COPY (SELECT * EXCLUDE (op, seq) FROM '{file}') TO '{files[0]}'")
            return
        connection.sql(
            f"""COPY (
              WITH s AS (SELECT * FROM '{file}' QUALIFY row_number() OVER (PARTITION BY {KEY} ORDER BY seq DESC) = 1)
              SELECT * FROM '{files[0]}' t WHERE NOT EXISTS (SELECT 1 FROM s WHERE s.{KEY} = t.{KEY})
              UNION ALL SELECT * EXCLUDE (op, seq) FROM s WHERE op <> 'D') TO '{files[1]}'"""
        )
        files.reverse()

    return apply


def _first_of_each(values: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    first = np.ones(len(values), bool)
    first[1:] = values[1:] != values[:-1]
    return pa.array(first)
