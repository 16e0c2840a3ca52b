"""Random feeds by the thousand, against the oracle after every batch: `make fuzz FEEDS=10000 SEED=7`.

Every feed is drawn from its number, so a failure names what to run again: `--seed` is the first number.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession

from framework.session.builder import build_session
from framework.session.settings import CatalogSettings, SessionSettings
from tests.integration import test_scd1_columns as columns
from tests.integration import test_scd1_kernel as whole
from tests.integration import test_scd2_kernel as history
from tests.integration import test_soft_kernel as soft

_MANY = 250
"""Feeds that share a table: more of them would only make each plan's data larger."""
Check = Callable[[SparkSession, range], object]

CHECKS: dict[str, Check] = {
    "scd1, whole rows, deletes win": lambda spark, seeds: whole.check(
        spark, [whole.random_feed(seed) for seed in seeds], "delete_wins"
    ),
    "scd1, whole rows, upserts win": lambda spark, seeds: whole.check(
        spark, [whole.random_feed(seed) for seed in seeds], "upsert_wins"
    ),
    "scd1, partial events and key changes": lambda spark, seeds: columns.check(
        spark, [columns.random_feed(seed) for seed in seeds]
    ),
    "scd1, soft deletes": lambda spark, seeds: soft.check(
        spark, [columns.random_feed(seed) for seed in seeds]
    ),
    "scd1, soft deletes and key changes that leave out values": lambda spark, seeds: soft.check(
        spark, [columns.source_feed(seed) for seed in seeds]
    ),
    "scd1, key changes that leave out values": lambda spark, seeds: columns.check(
        spark, [columns.source_feed(seed) for seed in seeds]
    ),
    "scd2, key changes that leave out values": lambda spark, seeds: history.check(
        spark, [columns.source_feed(seed, again=0.5) for seed in seeds]
    ),
    "scd2": lambda spark, seeds: history.check(spark, [history.random_feed(seed) for seed in seeds]),
    "scd2, untracked columns": lambda spark, seeds: history.check(
        spark, [history.random_feed(seed) for seed in seeds], tracked=["a"]
    ),
    "scd2, truncates": lambda spark, seeds: history.check(
        spark, [history.random_feed(seed, truncates=seed % 10 == 0) for seed in seeds]
    ),
}


def main(argv: list[str] | None = None) -> int:
    """Run every check on so many feeds; 1 at the first that fails."""
    asked = _arguments(argv)
    with TemporaryDirectory() as folder:
        spark = _session(Path(folder))
        try:
            for name, check in CHECKS.items():
                begun = time.perf_counter()
                for seeds in _chunks(asked.seed, asked.feeds):
                    try:
                        check(spark, seeds)
                    except AssertionError as error:
                        print(f"{name}: feeds {seeds.start} to {seeds.stop - 1}: {error}", file=sys.stderr)
                        print(f"again: make fuzz FEEDS={len(seeds)} SEED={seeds.start}", file=sys.stderr)
                        return 1
                print(f"{name}: {asked.feeds} feeds in {time.perf_counter() - begun:.0f} s", flush=True)
        finally:
            spark.stop()
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--feeds", type=int, default=2000, help="so many feeds per check")
    parser.add_argument("--seed", type=int, default=0, help="the first feed's number")
    return parser.parse_args(argv)


def _chunks(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, _MANY):
        yield range(start, min(start + _MANY, first + count))


def _session(folder: Path) -> SparkSession:
    return build_session(
        SessionSettings(
            app_name="sluice-fuzz",
            lake_root=str(folder),
            master="local[2]",
            catalogs=(CatalogSettings("lake", "jdbc"),),
            spark_conf={"spark.sql.shuffle.partitions": "2", "spark.driver.memory": "3g"},
        )
    )


if __name__ == "__main__":
    sys.exit(main())
