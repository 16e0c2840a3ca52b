"""Jobs in the order of what they read and write; independent ones side by side, failures contained."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from framework.run.outcome import JobOutcome

Work = Callable[[str], JobOutcome]


def run_pipeline(
    names: Sequence[str],
    edges: Collection[tuple[str, str]],
    work: Work,
    skip: Callable[[str, str], JobOutcome],
    parallel: int,
) -> list[JobOutcome]:
    """Run jobs, each after those it depends on; `skip(job, because)` makes the outcome of one that can't run.

    Outcomes come in the order of `names`. `work` must not raise.
    """
    waiting = {name: {a for a, b in edges if b == name and a in names} for name in names}
    done: dict[str, JobOutcome] = {}
    running: dict[Future[JobOutcome], str] = {}
    with ThreadPoolExecutor(max_workers=parallel, thread_name_prefix="sluice") as pool:
        while waiting or running:
            _start_ready(waiting, done, running, pool, work, skip, parallel)
            if not running:
                continue
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                done[running.pop(future)] = future.result()
    return [done[name] for name in names]


def _start_ready(
    waiting: dict[str, set[str]],
    done: dict[str, JobOutcome],
    running: dict[Future[JobOutcome], str],
    pool: ThreadPoolExecutor,
    work: Work,
    skip: Callable[[str, str], JobOutcome],
    parallel: int,
) -> None:
    for name in list(waiting):
        broken = sorted(a for a in waiting[name] if a in done and done[a].status in ("failed", "skipped"))
        if broken:
            done[name] = skip(name, broken[0])
            del waiting[name]
        elif waiting[name] <= done.keys() and len(running) < parallel:
            running[pool.submit(work, name)] = name
            del waiting[name]
