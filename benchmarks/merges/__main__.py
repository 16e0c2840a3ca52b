"""Batches of changes into a large table: Sluice's scd1 against what else one might use.

    python -m benchmarks.merges recent --scale 3 --batches 20 --format iceberg --layout merge-on-read [--ordered]

The table is TPC-H's orders (1.5 M rows per scale), sorted by key. Works: `recent` and `uniform` (batches of 1 %, keys
of the newest tenth or of all), `inserts` (50,000 events, 98 % of new keys, some delivered twice), `large` (30 % of the
table), `fixed` (the same batches whatever the scale). A batch has updates, new keys and, unless `--ordered`, deletes.
`versions` keeps the history of 1 M keys per scale (scd2; 5 M events in the batches, every tenth of them late), against
the two-step MERGE; `snapshots` compares whole deliveries of 3 M rows per scale, 2 % changed, against a full outer join
that writes the table anew: for these two there are `sluice` and `plain`.
`koheesio` and `lakehouse-engine` merge into Delta tables, each in an environment that is made for it the first time.
Each contender has a process of its own, and all of them apply a batch before any applies the next. Sluice's gate and
ledger are on. Ratios are printed only if all tables have the same checksum. Needs the extra `bench`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.merges.contenders import Setting
from benchmarks.merges.environments import PACKAGES, interpreter
from benchmarks.merges.histories import generate_snapshots, generate_versions
from benchmarks.merges.worker import work
from benchmarks.merges.workload import generate, workload

CONTENDERS = (
    *("sluice", "plain", "defaults", "tuned", "append", "deltalake", "deltalake-bounds", "duckdb"),
    *PACKAGES,
)
_NO_MERGE = ("append",)
_MERGES = ("recent", "uniform", "inserts", "large", "fixed")
_HISTORIES = ("versions", "snapshots")


class Worker:
    """A contender's process."""

    def __init__(self, name: str, folder: Path, args: argparse.Namespace) -> None:
        self.name = name
        command = [interpreter(name), "-m", "benchmarks.merges", args.work, "--worker", name, str(folder)]
        command += ["--format", args.format, *(["--layout", args.layout] if args.layout else [])]
        command += ["--ordered"] if args.ordered else []
        self._errors = (folder.parent / f"{name}.err").open("w+")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )
        self.batches: list[dict[str, Any]] = []
        self.last: dict[str, Any] = {}
        self.stages: dict[str, Any] = {}
        self._answer()

    def apply(self, file: Path) -> None:
        self._send(str(file))
        self.batches.append(self._answer())

    def finish(self) -> None:
        self._send("")
        self.last = self._answer()
        self._process.wait()

    def median(self, measure: str) -> float:
        """Over all batches but the first load and the first one, which warms up."""
        return statistics.median(each[measure] for each in self.batches[2:])

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"'):
                return dict(json.loads(line))
            if line.startswith("{'stages"):
                print(f"  {self.name} {line.strip()}", flush=True)
        self._errors.seek(0)
        sys.exit(f"{self.name} died: {self._errors.read()[-3000:]}")


def compare(args: argparse.Namespace) -> None:
    """All contenders, batch by batch, and what it comes to."""
    with tempfile.TemporaryDirectory() as base:
        data = Path(args.data) if args.data else Path(base) / "data"
        data.mkdir(parents=True, exist_ok=True)
        files = _generated(data, args)
        workers = [Worker(name, Path(base) / name, args) for name in args.contenders]
        for n, file in enumerate(files):
            for worker in workers if n % 2 else reversed(workers):
                worker.apply(file)
            times = ", ".join(f"{worker.name} {worker.batches[-1]['seconds']:.2f}" for worker in workers)
            print(f"{file.stem}: {times}", flush=True)
        for worker in workers:
            worker.finish()
    _report(workers, args)


def _generated(data: Path, args: argparse.Namespace) -> list[Path]:
    if args.work == "versions":
        keys = int(1_000_000 * args.scale)
        return generate_versions(data, keys, 5 * keys, args.batches)
    if args.work == "snapshots":
        return generate_snapshots(data, int(3_000_000 * args.scale), args.batches)
    return generate(data, workload(args.work, args.scale, args.batches, deletes=not args.ordered))


def _report(workers: list[Worker], args: argparse.Namespace) -> None:
    print(
        f"\n{args.work}, {args.format}, scale {args.scale:g}, {'ordered' if args.ordered else 'with deletes'}"
    )
    print(f"{'':18}{'load s':>8}{'s':>8}{'CPU s':>8}{'jobs':>6}{'files':>6}{'MB':>8}{'query s':>9}")
    for each in workers:
        query = each.last["query"]
        print(
            f"{each.name:18}{each.batches[0]['seconds']:8.1f}{each.median('seconds'):8.2f}{each.median('cpu'):8.2f}"
            f"{each.median('jobs'):6.0f}{each.median('files'):6.0f}{each.median('bytes') / 1e6:8.1f}"
            f"{'' if query is None else format(query, '9.2f')}"
        )
    sums = {each.name: (each.last["rows"], each.last["checksum"]) for each in workers}
    if len({found for name, found in sums.items() if name not in _NO_MERGE}) != 1:
        sys.exit(f"the tables differ, so there is no ratio: {sums}")
    own = next((each for each in workers if each.name == "sluice"), None)
    for other in workers if own else []:
        if own and other is not own:
            ratios = [other.median(measure) / own.median(measure) for measure in ("seconds", "cpu")]
            print(f"sluice is {ratios[0]:.2f} times as fast as {other.name} (CPU {ratios[1]:.2f})")


def main() -> None:
    """Compare, or be one contender."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", choices=[*_MERGES, *_HISTORIES])
    parser.add_argument("--scale", type=float, default=3)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--format", choices=["iceberg", "delta"], default="iceberg")
    parser.add_argument("--layout", choices=["copy-on-write", "merge-on-read", "deletion-vectors"])
    parser.add_argument("--ordered", action="store_true", help="the feed declares its order; no deletes")
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, default=["sluice", "plain"])
    parser.add_argument("--data", help="a folder that keeps the generated files for the next time")
    parser.add_argument("--worker", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        name, folder = args.worker
        work(name, Setting(args.work, Path(folder), args.format, args.ordered, args.layout))
    else:
        compare(args)


if __name__ == "__main__":
    main()
