"""What a gate of twenty row rules costs on top of a bare write.

    python -m benchmarks.gate --rows 1000000 --rules 20 --pairs 5

Both contenders read the same Parquet file and write Parquet, in turn, in one warm session. `gate` adds the mask and
counts the failures of each rule while it writes, by `observe`; `split` does so and leaves out the bad rows. Printed
is each contender's ratio to the bare write, the median over the pairs, in wall time and in CPU of the JVM.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import cpu_seconds

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from framework.quality.gate import Gate

RULES = [
    'IsComplete "order_id"',
    'IsComplete "customer_id"',
    'IsComplete "status"',
    'ColumnValues "order_id" >= 0',
    'ColumnValues "customer_id" between -1 and 100000000',
    'ColumnValues "status" in ["O", "F", "P"]',
    'ColumnValues "status" not in ["X", "Y"]',
    'ColumnValues "amount" > 0',
    'ColumnValues "amount" < 100000',
    'ColumnValues "tax" between -0.01 and 1',
    'ColumnValues "ordered_on" > "2000-01-01"',
    'ColumnValues "ordered_on" <= now()',
    'ColumnValues "shipped_at" > "2000-01-01"',
    'ColumnValues "phone" matches "[0-9]{2}-[0-9]{3}-[0-9]{4}"',
    'ColumnValues "comment" != EMPTY',
    'ColumnLength "comment" <= 100',
    'ColumnLength "phone" = 11',
    'ColumnDataType "code" = "Integer"',
    '(IsComplete "tax") or (ColumnValues "status" = "P")',
    'ColumnValues "amount" >= 1 where "status = \'F\'"',
]


def data(spark: SparkSession, rows: int) -> DataFrame:
    """Ten columns; one row in 300 breaks a rule."""
    return spark.range(rows).selectExpr(
        "id AS order_id",
        "id * 7919 % 1000003 AS customer_id",
        "substring('OFP', CAST(id % 3 AS int) + 1, 1) AS status",
        "CAST(id % 99991 + 1 AS decimal(12,2)) AS amount",
        "IF(id % 300 = 0, CAST(2 AS double), (id % 100) / 100D) AS tax",
        "date_add(DATE'2020-01-01', CAST(id % 1500 AS int)) AS ordered_on",
        "timestamp_seconds(1577836800 + id % 100000000) AS shipped_at",
        "concat(10 + id % 90, '-', 100 + id % 900, '-', 1000 + id % 9000) AS phone",
        "concat('carefully ironic deposits ', id % 1000) AS comment",
        "CAST(id % 5000 AS string) AS code",
    )


def contenders(gate: Gate, source: str, target: Path) -> dict[str, Callable[[SparkSession], None]]:
    """How each one writes what."""
    from pyspark.sql import Observation
    from pyspark.sql import functions as F

    from framework.changes.columns import MASK

    def write(df: DataFrame) -> None:
        df.write.mode("overwrite").parquet(str(target))

    def judged(spark: SparkSession) -> DataFrame:
        masked = spark.read.parquet(source).withColumn(MASK, gate.mask())
        return masked.observe(Observation("gate"), F.count(F.lit(1)).alias("rows"), *gate.failures())

    return {
        "bare": lambda spark: write(spark.read.parquet(source)),
        "gate": lambda spark: write(judged(spark).drop(MASK)),
        "split": lambda spark: write(judged(spark).where(F.col(MASK) == 0).drop(MASK)),
    }


def measure(spark: SparkSession, run: Callable[[SparkSession], None]) -> tuple[float, float]:
    """Wall and CPU seconds of one run."""
    wall, cpu = time.perf_counter(), cpu_seconds(spark)
    run(spark)
    return time.perf_counter() - wall, cpu_seconds(spark) - cpu


def compare(rows: int, rules: int, pairs: int) -> None:
    """Run all contenders in turn and print their ratios to the bare write."""
    from pyspark.sql import SparkSession

    from framework.config.job import Quality
    from framework.quality import parse_ruleset
    from framework.quality.gate import compile_gate

    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")
    with tempfile.TemporaryDirectory() as base:
        source, target = f"{base}/source", Path(base) / "target"
        data(spark, rows).repartition(4).write.parquet(source)
        text = ",\n".join(RULES[n % len(RULES)] for n in range(rules))
        gate = compile_gate(
            parse_ruleset(f"Rules = [\n{text}\n]"), spark.read.parquet(source).schema, Quality()
        )
        for key, value in gate.settings.items():
            spark.conf.set(key, value)
        ways = contenders(gate, source, target)
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for turn in range(pairs + 1):  # the first turn warms up
            for name, run in ways.items():
                seconds = measure(spark, run)
                shutil.rmtree(target)
                if turn:
                    found[name].append(seconds)
        report(rows, rules, found)
    spark.stop()


def report(rows: int, rules: int, found: dict[str, list[tuple[float, float]]]) -> None:
    """One line for each contender."""
    print(f"{rows} rows, {rules} rules, {len(found['bare'])} pairs; ratios to the bare write, median")
    for name, runs in found.items():
        wall, cpu = (
            statistics.median(run[i] / bare[i] for run, bare in zip(runs, found["bare"], strict=True))
            for i in (0, 1)
        )
        seconds = statistics.median(run[0] for run in runs)
        print(f"{name:6} wall {wall:5.2f}  cpu {cpu:5.2f}  ({seconds:.2f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    compare(options.rows, options.rules, options.pairs)


if __name__ == "__main__":
    main()
