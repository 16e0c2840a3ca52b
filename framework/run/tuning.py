"""Settings by size: a small batch into a small table gains nothing by what Spark does for large ones.

A merge of a hundred rows is a dozen plans, and each would be split, watched and compiled as if it had millions: nearly
all of its time. Below the sizes here it runs in one partition, by the plan as it was made, and interpreted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from framework.run.jobrun import JobRun
from framework.state.intents import Intent
from framework.tables.settings import settings

SMALL_BATCH = 1024 * 1024
"""Bytes of a batch's files."""
SMALL_TABLE = 2 * 1024 * 1024
"""Bytes of a table's data files."""
SETTINGS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@contextmanager
def tuned(run: JobRun, intent: Intent) -> Iterator[None]:
    """The job's own session fitted to the batch; what the job's `spark` says stays."""
    ours = SETTINGS if is_small(run, intent) else {}
    with settings(run.ctx.spark, {k: v for k, v in ours.items() if k not in run.job.spark}):
        yield


def is_large(run: JobRun) -> bool:
    """True unless the table is known to have so little data that there are no files to skip."""
    size = run.fmt.size(run.target)
    return size is None or size > SMALL_TABLE


def is_small(run: JobRun, intent: Intent) -> bool:
    """True if the batch and its table are known to be small; only files and tables say how large they are."""
    items = [item for inputs in intent.inputs.values() for item in inputs.items]
    # a source that doesn't say how large it is may be large
    if sum(item.get("size", SMALL_BATCH + 1) for item in items) > SMALL_BATCH:
        return False
    if not run.fmt.exists(run.target):
        return True
    size = run.fmt.size(run.target)
    return size is not None and size <= SMALL_TABLE
