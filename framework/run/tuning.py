"""Settings by size: a small batch gains nothing by what Spark does for large ones.

A merge of a hundred rows is a dozen plans, and each would be split, watched and compiled as if it had millions: nearly
all of its time. Below the sizes here a small batch into a small table runs in one partition, by the plan as it was
made, and interpreted. A batch of some megabytes gets as few partitions as its rows need wherever a step's cost is that
of the batch and not that of the table: only the framework can know that, for it has counted the rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from framework.run.jobrun import JobRun
from framework.session.temporary import settings
from framework.state.intents import Intent

SMALL_BATCH = 1024 * 1024
"""Bytes of a batch's files."""
SMALL_TABLE = 2 * 1024 * 1024
"""Bytes of a table's data files."""
ROWS_PER_PARTITION = 200_000
BYTES_PER_PARTITION = 8 * 1024 * 1024
MOST_PARTITIONS = 16
"""Where more are needed, Spark finds out how many while it works."""
MERGING = {"spark.sql.iceberg.distribution-mode": "none"}
"""For merges of few rows: what a task changes goes into files of its own."""
HASHED = {"spark.sql.adaptive.maxShuffledHashJoinLocalMapThreshold": str(16 * 1024 * 1024)}
"""For merges that shuffle whole files: few rows on one side are hashed, so that the many on the other aren't sorted."""
BY_KEY = {"spark.sql.requireAllClusterKeysForCoPartition": "false"}
"""For many steps over rows that are partitioned by key: joins by more than the key need no other partitions."""
READY = {"spark.databricks.delta.merge.materializeSource": "none"}
"""For merges of rows that are materialised already: Delta would do it once more."""
SETTINGS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@contextmanager
def tuned(run: JobRun, intent: Intent) -> Iterator[None]:
    """The job's own session fitted to the batch; what the job's `spark` says stays."""
    with _set(run, SETTINGS if is_small(run, intent) else {}):
        yield


@contextmanager
def fitted_to_bytes(run: JobRun, size: int | None) -> Iterator[None]:
    """Settings for a step that shuffles what was read of so many bytes and nothing else; None: nobody knows."""
    with _fitted(run, None if size is None else size / BYTES_PER_PARTITION):
        yield


def fits_one(size: int | None) -> bool:
    """Whether so many bytes of files are one partition's worth."""
    return size is not None and size <= BYTES_PER_PARTITION


@contextmanager
def fitted_to_rows(run: JobRun, count: int, more: Mapping[str, str] | None = None) -> Iterator[None]:
    """Settings for a step that shuffles about so many rows and nothing else; `more`: what else it needs."""
    with _fitted(run, count / ROWS_PER_PARTITION, more):
        yield


@contextmanager
def fitted_to_merge(run: JobRun, count: int | None, more: Mapping[str, str]) -> Iterator[None]:
    """Settings for a merge of materialised rows that shuffles about so many; None: nobody knows how many.

    `more`: what else this one needs.
    """
    with (
        _set(run, {**HASHED, **READY, **more}),
        _fitted(run, None if count is None else count / ROWS_PER_PARTITION, MERGING),
    ):
        yield


@contextmanager
def _fitted(run: JobRun, partitions: float | None, more: Mapping[str, str] | None = None) -> Iterator[None]:
    if partitions is None or partitions > MOST_PARTITIONS:
        yield
        return
    number = str(max(1, math.ceil(partitions)))
    ours = {"spark.sql.shuffle.partitions": number, "spark.sql.adaptive.enabled": "false"}
    with _set(run, {**ours, **(more or {})}):
        yield


def _set(run: JobRun, ours: Mapping[str, str]) -> AbstractContextManager[None]:
    return settings(run.ctx.spark, {k: v for k, v in ours.items() if k not in run.job.spark})


def is_large(run: JobRun) -> bool:
    """True unless the table is known to have so little data that there are no files to skip."""
    size = run.fmt.size(run.target)
    return size is None or size > SMALL_TABLE


def is_small(run: JobRun, intent: Intent) -> bool:
    """True if the batch and its table are known to be small; only files and tables say how large they are."""
    batch = bytes_read(intent)
    if batch is None or batch > SMALL_BATCH:
        return False
    if not run.fmt.exists(run.target):
        return True
    size = run.fmt.size(run.target)
    return size is not None and size <= SMALL_TABLE


def bytes_read(intent: Intent) -> int | None:
    """Of all that a batch reads; None if a part of it doesn't say how large it is, as only files do."""
    sizes = [item.get("size") for inputs in intent.inputs.values() for item in inputs.items]
    known = [int(size) for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None
