"""What `--resume` goes on with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from framework.config.lake import Lake
from framework.run.api import _unfinished
from framework.run.outcome import RunOutcome
from framework.state.ledger import record, record_job
from framework.state.local_storage import LocalStorage
from tests.unit.cli.samples import bank_run

ALL = [job.job for job in bank_run().jobs]


def left(tmp_path: Path, *made: tuple[RunOutcome, bool]) -> list[str]:
    storage, lake = LocalStorage(), Lake(root=str(tmp_path))
    for run, finished in made:
        if finished:
            record(storage, lake, run)
        else:
            for job in run.jobs:
                record_job(storage, lake, run, job)
    return _unfinished(SimpleNamespace(storage=storage, lake=lake), None, ALL)  # type: ignore[arg-type]


def test_after_a_failure_only_what_failed_or_was_skipped_runs(tmp_path: Path) -> None:
    assert left(tmp_path, (bank_run(), True)) == ["vendor.rates", "marketing.top_leads"]


def test_after_a_kill_everything_that_had_not_ended_runs(tmp_path: Path) -> None:
    killed = replace(bank_run(), jobs=bank_run().jobs[:4])
    assert left(tmp_path, (killed, False)) == ["vendor.rates", "person", "marketing.top_leads"]


def test_before_the_first_run_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert left(tmp_path) == []


@pytest.mark.parametrize("finished", [True, False])
def test_after_a_run_that_went_well_nothing_is_left(tmp_path: Path, finished: bool) -> None:
    well = replace(bank_run(), jobs=[replace(job, status="applied") for job in bank_run().jobs])
    assert left(tmp_path, (well, finished)) == []
