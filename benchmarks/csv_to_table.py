"""What Sluice costs on top of bare PySpark, for a plain csv-to-table job.

    python -m benchmarks.csv_to_table --rows 5000000 --pairs 7 --format iceberg

Both contenders read the same csv with the same declared schema into a new table of the same format, each in a process
of its own, in turn. Both get their Spark from the same place, so the options of the JVM and the settings of the session
are the same. Seconds are taken from the moment Spark is up; CPU is the JVM's and Python's together. A ratio is printed
only if both tables have the same checksum.

Bare Spark rounds decimals with too many digits, and says nothing. `--decimals round`, the default here, has both do so.
With `--decimals exact`, which is what jobs do by default, the bare contender stops at such a value, too: it reads with
room for more digits, narrows, and compares. `--bare round` leaves that out of it, and tells what exactness costs.
docs/performance.md tells the figures, and where the seconds go.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from benchmarks.processes import cpu_seconds

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

COLUMNS = {
    "order_id": "bigint",
    "customer_id": "bigint",
    "status": "string",
    "amount": "decimal(12,2)",
    "ordered_on": "date",
    "comment": "string",
}
_WORDS = ("quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "carefully", "ironic", "sleep")


def generate(path: Path, rows: int) -> None:
    """A csv with a header; the same for the same number of rows."""
    draw = random.Random(7)
    comments = [" ".join(draw.choices(_WORDS, k=6)) for _ in range(1000)]
    with path.open("w") as out:
        out.write(",".join(COLUMNS) + "\n")
        for i in range(rows):
            day = f"20{20 + i % 5}-{1 + i % 12:02d}-{1 + i % 28:02d}"
            out.write(
                f"{i},{i * 7919 % 1000003},{'OFP'[i % 3]},{i % 100000}.{i % 100:02d},{day},{comments[i % 1000]}\n"
            )


def project_files(folder: Path, source: Path, table_format: str, decimals: str = "round") -> None:
    """A lake with one job."""
    (folder / "conf/jobs").mkdir(parents=True)
    (folder / "conf/lake.yaml").write_text(f"root: {folder}/lake\n")
    schema = "".join(f"    {name}: {kind}\n" for name, kind in COLUMNS.items())
    (folder / "conf/jobs/orders.yaml").write_text(
        f"job: shop.orders\nread:\n  format: csv\n  path: {source}\n"
        f"  options: {{header: true, decimals: {decimals}}}\n  schema:\n{schema}"
        f"write:\n  table: standardized.shop.orders\n  format: {table_format}\n"
    )


def run_once(contender: str, folder: Path, source: Path, table_format: str) -> dict[str, Any]:
    """One run in this process: seconds, CPU seconds, rows and a checksum of the table."""
    from framework.config import load_project
    from framework.runtimes import open_runtime

    project = load_project(str(folder / "conf"))
    runtime = open_runtime("local", project)
    spark = runtime.start()

    def cpu() -> float:
        return cpu_seconds(spark) + time.process_time()

    wall_before, cpu_before = time.perf_counter(), cpu()
    if contender == "sluice":
        from framework.run.api import run_project

        outcome = run_project(load_project(str(folder / "conf")), [], spark=spark)
        assert outcome.exit_code == 0, outcome.jobs[0].error
        stages = {stage.name: stage.seconds for stage in outcome.jobs[0].stages}
    else:
        frame = bare_frame(spark, source, exact=contender == "bare-exact")
        if table_format == "iceberg":
            spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.standardized_shop")
            frame.writeTo("lake.standardized_shop.orders").using("iceberg").create()
        else:
            frame.write.format("delta").save(f"{folder}/lake/standardized/shop/orders")
        stages = {}
    wall_seconds, used = time.perf_counter() - wall_before, cpu() - cpu_before
    where = (
        "lake.standardized_shop.orders"
        if table_format == "iceberg"
        else f"delta.`{folder}/lake/standardized/shop/orders`"
    )
    names = ", ".join(COLUMNS)
    row = spark.sql(
        f"SELECT count(*) n, sum(cast(xxhash64({names}) AS decimal(38,0))) h FROM {where}"
    ).collect()[0]
    runtime.succeed()
    return {"wall": wall_seconds, "cpu": used, "rows": row.n, "checksum": str(row.h), "stages": stages}


def bare_frame(spark: SparkSession, source: Path, *, exact: bool) -> DataFrame:
    """What one writes by hand; `exact`: a value that its type can't hold stops the query instead of being rounded."""
    kinds = {**COLUMNS, "amount": "decimal(18,8)"} if exact else COLUMNS
    ddl = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
    frame = spark.read.schema(ddl).option("header", True).csv(str(source))
    if not exact:
        return frame
    both = frame.withColumn("narrow", F.col("amount").cast(COLUMNS["amount"]))
    fits = F.col("amount").isNull() | (F.col("narrow") == F.col("amount"))
    stopped = F.when(fits, F.col("narrow")).otherwise(F.raise_error(F.lit("too many digits")))
    return both.withColumn("amount", stopped.cast(COLUMNS["amount"])).select(*COLUMNS)


def compare(rows: int, pairs: int, table_format: str, decimals: str, bare: str) -> None:
    with tempfile.TemporaryDirectory() as base:
        source = Path(base) / "orders.csv"
        generate(source, rows)
        found: dict[str, list[dict[str, Any]]] = {"bare": [], "sluice": []}
        programs = {"bare": "bare-exact" if bare == "exact" else "bare", "sluice": "sluice"}
        for turn in range(pairs):
            order = ("bare", "sluice") if turn % 2 == 0 else ("sluice", "bare")
            for contender in order:
                folder = Path(base) / f"{contender}-{turn}"
                project_files(folder, source, table_format, decimals)
                found[contender].append(_spawn(programs[contender], folder, source, table_format))
                shutil.rmtree(folder)
            _print_pair(turn, found)
        sums = {(each["rows"], each["checksum"]) for seen in found.values() for each in seen}
        if len(sums) != 1:
            sys.exit(f"the tables differ, so there is no number: {sums}")
        for measure in ("wall", "cpu"):
            ratios = [s[measure] / b[measure] for s, b in zip(found["sluice"], found["bare"], strict=True)]
            print(
                f"{table_format} {measure}: median ratio {statistics.median(ratios):.3f} "
                f"(of {pairs} pairs, {min(ratios):.3f} to {max(ratios):.3f})"
            )


def _spawn(contender: str, folder: Path, source: Path, table_format: str) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.csv_to_table",
        "--once",
        contender,
        str(folder),
        str(source),
        "--format",
        table_format,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:] + done.stdout[-2000:])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _print_pair(turn: int, found: dict[str, list[dict[str, Any]]]) -> None:
    bare, ours = found["bare"][-1], found["sluice"][-1]
    print(
        f"pair {turn + 1}: bare {bare['wall']:.1f} s wall, {bare['cpu']:.1f} s cpu; "
        f"sluice {ours['wall']:.1f} s wall, {ours['cpu']:.1f} s cpu; stages {ours['stages']}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--format", choices=["iceberg", "delta"], default="iceberg")
    parser.add_argument("--decimals", choices=["round", "exact"], default="round")
    parser.add_argument("--bare", choices=["round", "exact"], help="as --decimals unless given")
    parser.add_argument("--once", nargs=3, metavar=("CONTENDER", "FOLDER", "SOURCE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.once:
        contender, folder, source = args.once
        print(json.dumps(run_once(contender, Path(folder), Path(source), args.format)))
    else:
        compare(args.rows, args.pairs, args.format, args.decimals, args.bare or args.decimals)


if __name__ == "__main__":
    main()
