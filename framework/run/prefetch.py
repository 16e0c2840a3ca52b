"""What a batch will ask its tables, asked while its events are read and folded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread

from framework.run.jobrun import JobRun


@contextmanager
def prefetched(run: JobRun) -> Iterator[None]:
    """Let the format get the state of target and tombstones in a thread of its own.

    Delta makes it out of its log by Spark jobs that leave a core to the batch. What fails here is asked again where it
    is needed, and fails there. Tombstones are fetched where every batch reads them: most others are newer than all
    that there is.
    """
    always_read = run.job.versioned or run.job.keeps_deleted
    tables = [run.target, run.tombstones] if always_read and not run.job.changes.ordered else [run.target]

    def fetch() -> None:
        for table in tables:
            with suppress(Exception):
                run.fmt.fetch_state(table)

    thread = Thread(target=fetch, name=f"sluice-{run.job.job}-state", daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join()
