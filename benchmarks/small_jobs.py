"""What a small job costs whatever its size, and where each second goes.

    python -m benchmarks.small_jobs --rows 1000 --batches 6

In one warm session, for both formats: a job that merges by key (deletes among its events) and one that appends read a
small csv each time. Printed are, for every stage, the median seconds and the Spark jobs it took, over all batches but
the first two.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framework.context import SilentListener

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_MERGE = (
    "changes: {keys: [id], sequence: [seq], envelope: generic, operation: op}\n"
    'quality: {rules: \'Rules = [ IsComplete "id", ColumnValues "amount" >= 0 ]\'}\n'
)
_WARM_UP = 2
_REST, _WHOLE = "(all else)", "whole run"


class StageCounter(SilentListener):
    """Seconds and Spark jobs of each stage of a run."""

    def __init__(self, spark: SparkSession) -> None:
        self._scheduler: Any = spark.sparkContext._jsc.sc().dagScheduler()  # type: ignore[union-attr]
        self._begun: dict[str, int] = {}
        self.stages: dict[str, tuple[float, int]] = {}

    @property
    def jobs(self) -> int:
        """Spark jobs so far."""
        return int(self._scheduler.numTotalJobs())

    def stage_started(self, job: str, stage: str) -> None:
        self._begun[stage] = self.jobs

    def stage_ended(self, job: str, stage: str, seconds: float) -> None:
        self.stages[stage] = (seconds, self.jobs - self._begun[stage])


def project_files(folder: Path, kind: str, table_format: str) -> None:
    """A lake with one job."""
    (folder / "conf/jobs").mkdir(parents=True)
    (folder / "in").mkdir()
    (folder / "conf/lake.yaml").write_text(f"root: {folder}/lake\n")
    (folder / "conf/jobs/orders.yaml").write_text(
        f"job: shop.orders\nread:\n  format: csv\n  path: {folder}/in\n  options: {{header: true}}\n"
        "  schema: {op: string, id: bigint, seq: bigint, amount: 'decimal(12,2)', note: string}\n"
        f"{_MERGE if kind == 'merge' else ''}"
        f"write:\n  table: standardized.shop.orders\n  format: {table_format}\n"
    )


def batch_file(folder: Path, n: int, rows: int) -> None:
    """Events of keys old and new; every tenth is a delete."""
    lines = [
        f"{'D' if i % 10 == 9 else 'U'},{(n * rows // 2 + i) % (3 * rows)},{n},{i % 100}.50,note {i}"
        for i in range(rows)
    ]
    (folder / "in" / f"{n:03}.csv").write_text("\n".join(["op,id,seq,amount,note", *lines]) + "\n")


def measure(kind: str, table_format: str, rows: int, batches: int, base: Path) -> None:
    """Run the batches and print the table."""
    from framework.config import load_project
    from framework.run.api import run_project
    from framework.runtimes import open_runtime

    folder = base / f"{kind}-{table_format}"
    project_files(folder, kind, table_format)
    project = load_project(str(folder / "conf"))
    runtime = open_runtime("local", project)
    spark = runtime.start()
    found: list[dict[str, tuple[float, int]]] = []
    for n in range(batches):
        batch_file(folder, n, rows)
        counter = StageCounter(spark)
        jobs, begun = counter.jobs, time.perf_counter()
        outcome = run_project(project, [], spark=spark, listener=counter)
        assert outcome.exit_code == 0, outcome.jobs[0].error
        whole = (time.perf_counter() - begun, counter.jobs - jobs)
        seconds, inside = (sum(part) for part in zip(*counter.stages.values(), strict=True))
        found.append({**counter.stages, _REST: (whole[0] - seconds, int(whole[1] - inside)), _WHOLE: whole})
    runtime.succeed()
    print(f"{kind} into {table_format}: {rows} rows a batch, {batches} batches")
    for stage in found[-1]:
        kept = [each[stage] for each in found[_WARM_UP:] if stage in each]
        seconds, jobs = (statistics.median(part) for part in zip(*kept, strict=True))
        print(f"  {stage:<12} {seconds:6.2f} s {jobs:5.0f} Spark jobs")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--batches", type=int, default=6)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as base:
        for kind in ("append", "merge"):
            for table_format in ("iceberg", "delta"):
                measure(kind, table_format, args.rows, args.batches, Path(base))


if __name__ == "__main__":
    main()
