"""Batches of changes into a large table: Sluice's scd1 against the MERGE that a competent engineer writes.

    python -m benchmarks.scd1_batches --scale 3 --batches 20 --keys recent --format iceberg [--ordered]

The table is TPC-H's orders (1.5 M rows per scale), sorted by key; a batch is 1 % of it: updates of existing keys, some
new ones and, unless the feed declares its order, 5 % deletes. `recent` draws keys from the newest tenth, `uniform` from
all. Each contender works through all batches in a process of its own, from the same files. Gate and ledger are on in
Sluice; `plain` keeps the newest event per key with row_number and merges it, with few shuffle partitions. A ratio is
printed only if all tables have the same checksum. Needs the package tpchgen-cli (extra `bench`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.processes import cpu_seconds

PLAIN_SETTINGS = {
    "spark.sql.shuffle.partitions": "4",
    "spark.databricks.delta.snapshotPartitions": "2",
}
_JOB = """job: shop.orders
read:
  format: parquet
  path: {inbox}
changes:
  keys: [o_orderkey]
  sequence: [seq]
  envelope: generic
  operation: op
  ordered: {ordered}
quality:
  rules: |
    Rules = [ IsComplete "o_orderkey", ColumnValues "o_totalprice" >= 0 ]
write:
  table: standardized.shop.orders
  format: {format}
"""


def generate(folder: Path, scale: float, batches: int, keys: str, deletes: bool) -> None:
    """The table's first rows and the batches, as parquet files with the columns op and seq."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    raw = folder / "raw"
    tool = shutil.which("tpchgen-cli") or str(Path(sys.executable).with_name("tpchgen-cli"))
    command = [tool, "parquet", "-s", str(scale), "--tables=orders", f"--output-dir={raw}"]
    subprocess.run(command, check=True, capture_output=True)
    orders = pq.read_table(next(raw.rglob("*.parquet")))
    orders = orders.set_column(
        orders.schema.get_field_index("o_comment"), "o_comment", orders["o_comment"].cast(pa.string())
    )
    names = [name for name in orders.column_names if pa.types.is_string_view(orders.schema.field(name).type)]
    for name in names:
        at = orders.schema.get_field_index(name)
        orders = orders.set_column(at, name, orders[name].cast(pa.string()))
    draw = np.random.default_rng(7)
    _write(orders, np.zeros(len(orders), "int64"), np.full(len(orders), "I"), folder / "base.parquet")
    newest = int(orders["o_orderkey"][-1].as_py())
    for n in range(1, batches + 1):
        size = len(orders) // 100
        low = int(len(orders) * 0.9) if keys == "recent" else 0
        at = draw.integers(low, len(orders), size)
        rows = orders.take(pa.array(at))
        prices = pa.array(draw.integers(1, 10_000_000, size)).cast(pa.decimal128(19, 0))
        field = orders.schema.field("o_totalprice")
        rows = rows.set_column(
            orders.schema.get_field_index("o_totalprice"), field.name, prices.cast(field.type)
        )
        ids = rows["o_orderkey"].to_numpy().copy()
        fresh = size // 20
        ids[:fresh] = newest + np.arange(1, fresh + 1)
        newest += fresh
        rows = rows.set_column(0, "o_orderkey", pa.array(ids, orders.schema.field("o_orderkey").type))
        operations = np.full(size, "U")
        if deletes:
            operations[fresh : fresh * 2] = "D"
        order = draw.permutation(size)
        sequence = n * 10_000_000 + np.arange(size)
        _write(rows.take(pa.array(order)), sequence, operations[order], folder / f"batch{n:03d}.parquet")


def _write(rows: Any, sequence: Any, operations: Any, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    told = rows.append_column("seq", pa.array(sequence)).append_column(
        "op", pa.array(operations.astype(object))
    )
    pq.write_table(told, path)


def run_once(contender: str, folder: Path, data: Path, table_format: str, ordered: bool) -> dict[str, Any]:
    """All batches in this process: seconds and CPU seconds of each, Spark jobs, and a checksum of the table."""
    from framework.config import load_project
    from framework.runtimes import open_runtime

    inbox = folder / "inbox"
    inbox.mkdir(parents=True)
    (folder / "conf/jobs").mkdir(parents=True)
    (folder / "conf/lake.yaml").write_text(f"root: {folder}/lake\n")
    text = _JOB.format(inbox=inbox, ordered=str(ordered).lower(), format=table_format)
    (folder / "conf/jobs/orders.yaml").write_text(text)
    project = load_project(str(folder / "conf"))
    runtime = open_runtime("local", project)
    spark = runtime.start()
    table = (
        "lake.standardized_shop.orders"
        if table_format == "iceberg"
        else f"delta.`{folder}/lake/standardized/shop/orders`"
    )
    apply = (
        _sluice(spark, project, inbox)
        if contender == "sluice"
        else _plain(spark, table, table_format, folder)
    )
    files = [data / "base.parquet", *sorted(data.glob("batch*.parquet"))]
    seconds, cpu = [], []
    for file in files:
        wall, used = time.perf_counter(), cpu_seconds(spark) + time.process_time()
        apply(file)
        seconds.append(round(time.perf_counter() - wall, 3))
        cpu.append(round(cpu_seconds(spark) + time.process_time() - used, 2))
    names = [name for name in spark.table(table).columns if name.startswith("o_")]
    started = time.perf_counter()
    row = spark.sql(
        f"SELECT count(*) n, sum(cast(xxhash64({', '.join(names)}) AS decimal(38,0))) h FROM {table}"
    ).collect()[0]
    query = time.perf_counter() - started
    runtime.succeed()
    return {
        "seconds": seconds[1:],
        "cpu": cpu[1:],
        "load": seconds[0],
        "query": round(query, 2),
        "rows": row.n,
        "checksum": str(row.h),
    }


def _sluice(spark: Any, project: Any, inbox: Path) -> Any:
    from framework.run.api import run_project

    def apply(file: Path) -> None:
        shutil.copy(file, inbox / file.name)
        outcome = run_project(project, [], spark=spark)
        assert outcome.exit_code == 0, outcome.jobs[0].error

    return apply


def _plain(spark: Any, table: str, table_format: str, folder: Path) -> Any:
    for name, value in PLAIN_SETTINGS.items():
        spark.conf.set(name, value)

    def apply(file: Path) -> None:
        if file.name == "base.parquet":
            frame = spark.read.parquet(str(file)).drop("op", "seq")
            if table_format == "iceberg":
                spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.standardized_shop")
                frame.writeTo(table).using("iceberg").create()
            else:
                frame.write.format("delta").save(f"{folder}/lake/standardized/shop/orders")
            return
        spark.read.parquet(str(file)).createOrReplaceTempView("changes")
        columns = spark.table(table).columns
        sets = ", ".join(f"t.{name} = s.{name}" for name in columns)
        spark.sql(
            f"""MERGE INTO {table} t USING (
                  SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY o_orderkey ORDER BY seq DESC) n FROM changes)
                  WHERE n = 1
                ) s ON t.o_orderkey = s.o_orderkey
                WHEN MATCHED AND s.op = 'D' THEN DELETE
                WHEN MATCHED THEN UPDATE SET {sets}
                WHEN NOT MATCHED AND s.op <> 'D' THEN INSERT ({", ".join(columns)})
                  VALUES ({", ".join(f"s.{name}" for name in columns)})"""
        )

    return apply


def compare(args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as base:
        data = Path(base) / "data"
        data.mkdir()
        generate(data, args.scale, args.batches, args.keys, deletes=not args.ordered)
        found = {name: _spawn(name, Path(base) / name, data, args) for name in ("plain", "sluice")}
        for name, each in found.items():
            middle = statistics.median(each["seconds"])
            used = statistics.median(each["cpu"])
            print(
                f"{name}: {middle:.2f} s, {used:.2f} s CPU a batch; query afterwards {each['query']} s",
                flush=True,
            )
            print(f"  {each['seconds']}")
        sums = {(each["rows"], each["checksum"]) for each in found.values()}
        if len(sums) != 1:
            sys.exit(f"the tables differ, so there is no ratio: {sums}")
        for measure in ("seconds", "cpu"):
            ratio = statistics.median(found["plain"][measure]) / statistics.median(found["sluice"][measure])
            print(f"{args.format}, {args.keys} keys, {measure}: {ratio:.2f} times as fast as plain MERGE")


def _spawn(contender: str, folder: Path, data: Path, args: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.scd1_batches", "--once", contender, str(folder), str(data)]
    command += ["--format", args.format, *(["--ordered"] if args.ordered else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:] + done.stdout[-2000:])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Compare, or run one contender."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=3)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--keys", choices=["recent", "uniform"], default="recent")
    parser.add_argument("--format", choices=["iceberg", "delta"], default="iceberg")
    parser.add_argument(
        "--ordered", action="store_true", help="the feed declares its order, and has no deletes"
    )
    parser.add_argument("--once", nargs=3, metavar=("CONTENDER", "FOLDER", "DATA"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        contender, folder, data = args.once
        print(json.dumps(run_once(contender, Path(folder), Path(data), args.format, args.ordered)))
    else:
        compare(args)


if __name__ == "__main__":
    main()
