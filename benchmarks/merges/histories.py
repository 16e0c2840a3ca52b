"""Versions and snapshots: what is delivered, and what a competent engineer writes to merge it by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.merges.contenders import BASE, Apply, Setting
from benchmarks.merges.workload import KEY

_STATES = ("F", "O", "P")


def generate_versions(folder: Path, keys: int, events: int, batches: int) -> list[Path]:
    """base.parquet and batch001.parquet ...: an event for each key, then events of random keys, every tenth of them
    older than some that came in the batch before.
    """
    import numpy as np
    import pyarrow.parquet as pq

    files = [folder / BASE, *[folder / f"batch{n:03d}.parquet" for n in range(1, batches + 1)]]
    if all(file.exists() for file in files):
        return files
    draw, size = np.random.default_rng(7), events // batches
    pq.write_table(_events(np.arange(keys), np.arange(keys), draw), files[0], row_group_size=500_000)
    order = keys + np.arange(batches * size)
    # late: its place in the order of deliveries is up to a batch and a half behind the one in the order of changes
    late = draw.random(len(order)) < 0.1
    delivered = np.argsort(order + np.where(late, draw.integers(0, size * 3 // 2, len(order)), 0))
    for n, file in enumerate(files[1:]):
        part = order[delivered[n * size : (n + 1) * size]]
        pq.write_table(_events(draw.integers(0, keys, size), part, draw), file)
    return files


def generate_snapshots(folder: Path, rows: int, snapshots: int) -> list[Path]:
    """base.parquet and batch001.parquet ...: the whole table each time, two in a hundred of its rows changed."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [folder / BASE, *[folder / f"batch{n:03d}.parquet" for n in range(1, snapshots + 1)]]
    if all(file.exists() for file in files):
        return files
    draw = np.random.default_rng(7)
    table = _events(np.arange(rows), np.zeros(rows, "int64"), draw)
    for n, file in enumerate(files):
        if n:
            prices = table["o_totalprice"].to_numpy().copy()
            changed = draw.choice(len(prices), rows // 50, replace=False)
            prices[changed] = draw.integers(1, 10_000_000, len(changed))
            table = table.set_column(2, "o_totalprice", pa.array(prices))
        said = table.set_column(4, "seq", pa.array(np.full(len(table), n, "int64")))
        pq.write_table(said.drop_columns(["op"]), file, row_group_size=500_000)
    return files


def _events(keys: Any, sequence: Any, draw: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    size = len(keys)
    return pa.table(
        {
            KEY: pa.array(keys.astype("int64")),
            "o_orderstatus": pa.array(np.array(_STATES, object)[draw.integers(0, 3, size)]),
            "o_totalprice": pa.array(draw.integers(1, 10_000_000, size)),
            # no two versions of a key are equal
            "o_comment": pa.array([f"order as of change {n}" for n in sequence]),
            "seq": pa.array(sequence.astype("int64")),
            "op": pa.array(np.full(size, "U", object)),
        }
    )


def versions_by_hand(spark: Any, setting: Setting) -> Apply:
    """The two-step MERGE (close the old version, insert the new one), made right for events that come late: the
    versions of a batch's keys are ordered anew together with its events, and those that differ are merged.
    """

    def apply(file: Path) -> None:
        events = spark.read.parquet(str(file)).drop("op").withColumnRenamed("seq", "valid_from")
        events.dropDuplicates([KEY, "valid_from"]).createOrReplaceTempView("events")
        until = f"lead(valid_from) OVER (PARTITION BY {KEY} ORDER BY valid_from)"
        if file.name == BASE:
            _create(spark, spark.sql(f"SELECT *, {until} AS valid_to FROM events"), setting)
            return
        columns = ", ".join(name for name in events.columns)
        changed = spark.sql(
            f"""
            WITH known AS (
              SELECT * FROM {setting.table} t LEFT SEMI JOIN events e ON t.{KEY} = e.{KEY}),
            every AS (
              SELECT {columns}, valid_to AS was, false AS fresh FROM known UNION ALL
              SELECT {columns}, NULL, true FROM events e
              WHERE NOT EXISTS (SELECT 1 FROM known k WHERE k.{KEY} = e.{KEY} AND k.valid_from = e.valid_from))
            SELECT * FROM (SELECT *, {until} AS valid_to FROM every) WHERE fresh OR NOT was <=> valid_to"""
        )
        changed.drop("was", "fresh").createOrReplaceTempView("changed")
        names = ", ".join([*events.columns, "valid_to"])
        spark.sql(
            f"""MERGE INTO {setting.table} t USING changed s ON t.{KEY} = s.{KEY} AND t.valid_from = s.valid_from
                WHEN MATCHED THEN UPDATE SET t.valid_to = s.valid_to
                WHEN NOT MATCHED THEN INSERT ({names}) VALUES ({", ".join("s." + n for n in names.split(", "))})"""
        )

    return apply


def snapshots_by_hand(spark: Any, setting: Setting) -> Apply:
    """A full outer join that finds what changed, and the table written anew."""

    def apply(file: Path) -> None:
        rows = spark.read.parquet(str(file))
        if file.name == BASE:
            _create(spark, rows, setting)
            return
        rows.createOrReplaceTempView("snapshot")
        values = [name for name in rows.columns if name not in (KEY, "seq")]
        same = " AND ".join(f"t.{name} <=> s.{name}" for name in values)
        columns = ", ".join(f"s.{name}" for name in (KEY, *values))
        merged = spark.sql(
            f"""SELECT {columns}, CASE WHEN t.{KEY} IS NOT NULL AND {same} THEN t.seq ELSE s.seq END AS seq
                FROM {setting.table} t FULL OUTER JOIN snapshot s ON t.{KEY} = s.{KEY} WHERE s.{KEY} IS NOT NULL"""
        )
        if setting.format == "iceberg":
            merged.createOrReplaceTempView("merged")
            spark.sql(f"INSERT OVERWRITE {setting.table} SELECT * FROM merged")
        else:
            merged.write.format("delta").mode("overwrite").save(str(setting.data))

    return apply


def _create(spark: Any, rows: Any, setting: Setting) -> None:
    if setting.format == "iceberg":
        spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.standardized_shop")
        rows.writeTo(setting.table).using("iceberg").create()
    else:
        rows.write.format("delta").save(str(setting.data))
