"""The ledger: what each run read, wrote and rejected, as small files that appear whole or not at all.

A job leaves its fact as it ends, a run leaves one that replaces those of its jobs::

    <root>/_sluice/ledger/facts/<run id>~<job>.json      a job that ended, while its run goes on
    <root>/_sluice/ledger/facts/<run id>.json             the whole run
    <root>/_sluice/ledger/folded/...                      the same files, once they are in the ledger's tables

So a run that is killed leaves what its finished jobs did, and reading the ledger needs no JVM. Whether a table
contains a batch is never asked here: that is told by the table's own commits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from framework.errors import StateError
from framework.run.outcome import JobOutcome, RunOutcome
from framework.state.codec import from_data, to_data
from framework.state.storage import FileInfo, Storage

if TYPE_CHECKING:
    from framework.config.lake import Lake

FORMAT = 1
"""Version of the facts' layout."""

_JOB = "~"


def record(storage: Storage, lake: Lake, outcome: RunOutcome) -> str:
    """Write a run that ended; the facts of its jobs are taken away after it. Returns the file's path."""
    path = f"{facts_folder(lake)}/{_name(outcome.run_id)}.json"
    storage.write(path, fact_text(outcome))
    for job in outcome.jobs:
        storage.delete(_job_path(lake, outcome.run_id, job.job))
    return path


def record_job(storage: Storage, lake: Lake, run: RunOutcome, job: JobOutcome) -> str:
    """Write a job that ended while its run goes on. Returns the file's path."""
    path = _job_path(lake, run.run_id, job.job)
    storage.write(path, fact_text(replace(run, jobs=[job], finished=False)))
    return path


def runs(storage: Storage, lake: Lake, limit: int = 20) -> list[RunOutcome]:
    """The newest runs, newest first; one that was killed has `finished` False and the jobs that ended before.

    >>> runs(storage, lake, limit=1)[0].exit_code  # doctest: +SKIP
    0
    """
    found = _by_run([*storage.all_files(folded_folder(lake)), *storage.all_files(facts_folder(lake))])
    # stores that know whole seconds only leave it to the ids, which sort by time
    newest = sorted(found, key=lambda run: (max(each.modified_ms for each in found[run]), run), reverse=True)
    paths = [[each.path for each in found[run]] for run in newest[:limit]]
    texts = iter(storage.read_texts([path for run in paths for path in run]))
    outcomes = [assemble([parse_fact(next(texts), path) for path in run]) for run in paths]
    return sorted(outcomes, key=lambda run: run.started, reverse=True)


def find_run(storage: Storage, lake: Lake, run_id: str) -> RunOutcome:
    """The run with this id, or with an id that begins so; `last` is the newest."""
    if run_id == "last":
        if newest := runs(storage, lake, 1):
            return newest[0]
        raise StateError("the ledger has no run yet", fix="Run `sluice run --all` first.")
    found = _by_run([*storage.all_files(folded_folder(lake)), *storage.all_files(facts_folder(lake))])
    names = [run_id] if run_id in found else sorted(name for name in found if name.startswith(run_id))
    if len(names) == 1:
        return assemble(_read(storage, each) for each in found[names[0]])
    raise StateError(
        f"no single run is called {run_id}",
        found=f"{len(names)} runs that begin so" if names else "none in the ledger",
        fix="`sluice history` lists the runs.",
    )


def assemble(facts: Iterable[RunOutcome]) -> RunOutcome:
    """One run from its facts: the whole run's if it is there, else the finished jobs of a killed one."""
    found = list(facts)
    for fact in found:
        if fact.finished:
            return fact
    jobs = {job.job: job for fact in found for job in fact.jobs}
    ended = max(fact.seconds for fact in found)
    return replace(found[0], jobs=[jobs[name] for name in sorted(jobs)], seconds=ended)


def fact_text(outcome: RunOutcome) -> str:
    """The content of a fact."""
    return json.dumps({"format": FORMAT, "run": to_data(outcome)}, ensure_ascii=False)


def parse_fact(text: str, where: str) -> RunOutcome:
    """The run that a fact holds; `where` is named if it can't be read."""
    try:
        return from_data(RunOutcome, json.loads(text)["run"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            f"the fact {where} can't be read",
            found=f"{type(error).__name__}: {error}",
            fix="Move the file away; the tables don't depend on it.",
        ) from error


def facts_folder(lake: Lake) -> str:
    """Where facts arrive."""
    return f"{lake.root.rstrip('/')}/_sluice/ledger/facts"


def folded_folder(lake: Lake) -> str:
    """Where facts rest that the ledger's tables contain."""
    return f"{lake.root.rstrip('/')}/_sluice/ledger/folded"


def _read(storage: Storage, info: FileInfo) -> RunOutcome:
    return parse_fact(storage.read_text(info.path), info.path)


def _by_run(files: Iterable[FileInfo]) -> dict[str, list[FileInfo]]:
    """Facts by run id, which their names tell; of a fact in both folders the later one counts."""
    newest = {file.path.rpartition("/")[2]: file for file in files if file.path.endswith(".json")}
    found: dict[str, list[FileInfo]] = {}
    for name, info in newest.items():
        found.setdefault(unquote(name.removesuffix(".json").partition(_JOB)[0]), []).append(info)
    return found


def _job_path(lake: Lake, run_id: str, job: str) -> str:
    return f"{facts_folder(lake)}/{_name(run_id)}{_JOB}{_name(job)}.json"


def _name(text: str) -> str:
    """The text as a file's name that can't leave its folder and can't be mistaken for two parts."""
    return quote(text, safe="").replace(_JOB, "%7E")
