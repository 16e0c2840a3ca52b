"""The ledger's facts: typed, atomic, and there for a run that was killed."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest

from framework.config.lake import Lake
from framework.errors import StateError
from framework.run.outcome import Counts, RunOutcome
from framework.state.codec import from_data, to_data
from framework.state.ledger import facts_folder, find_run, folded_folder, record, record_job, runs
from framework.state.ledger_rows import TABLES, rows_of
from framework.state.ledger_tables import clauses_of, latest_rows, ledger_table
from framework.state.local_storage import LocalStorage
from tests.unit.cli.samples import bank_run, customers

STORAGE = LocalStorage()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(root=str(tmp_path / "lake"))


def facts(lake: Lake) -> list[str]:
    return [info.path.rpartition("/")[2] for info in STORAGE.all_files(facts_folder(lake))]


def test_a_run_comes_back_as_it_went() -> None:
    run = bank_run()
    assert from_data(RunOutcome, json.loads(json.dumps(to_data(run)))) == run


def test_a_fact_of_a_newer_version_is_read_without_what_is_new() -> None:
    data = to_data(bank_run())
    data["invented"] = {"later": 1}
    data["jobs"][0]["counts"]["invented"] = 3
    assert from_data(RunOutcome, data) == bank_run()


def test_a_fact_of_an_older_version_gets_defaults_for_what_it_lacks() -> None:
    data = to_data(bank_run())
    del data["finished"], data["jobs"][0]["counts"]["remembered"]
    found = from_data(RunOutcome, data)
    assert found.finished
    assert found.jobs[0].counts.remembered == 0


def test_a_recorded_run_is_found_again(lake: Lake) -> None:
    path = record(STORAGE, lake, bank_run())
    assert path.endswith("/_sluice/ledger/facts/20261121-053012-a1b2c3.json")
    assert runs(STORAGE, lake) == [bank_run()]


def test_of_runs_that_the_store_dates_alike_the_one_with_the_later_id_is_the_newest(lake: Lake) -> None:
    later = replace(bank_run(), run_id="20261121-053012-b00000")
    for run in (later, bank_run()):
        os.utime(record(STORAGE, lake, run), (1_790_000_000, 1_790_000_000))
    assert runs(STORAGE, lake, limit=1) == [later]


def test_jobs_that_ended_before_a_kill_are_a_run_that_is_not_finished(lake: Lake) -> None:
    run = bank_run()
    record_job(STORAGE, lake, run, run.jobs[1])
    record_job(STORAGE, lake, run, run.jobs[0])
    (found,) = runs(STORAGE, lake)
    assert not found.finished
    assert [job.job for job in found.jobs] == ["corebank.customers", "crm.leads"]
    assert found.jobs[0] == customers()


def test_the_fact_of_a_run_replaces_those_of_its_jobs(lake: Lake) -> None:
    run = bank_run()
    for job in run.jobs:
        record_job(STORAGE, lake, run, job)
    assert len(facts(lake)) == len(run.jobs)
    record(STORAGE, lake, run)
    assert facts(lake) == ["20261121-053012-a1b2c3.json"]
    assert runs(STORAGE, lake) == [run]


def test_a_kill_between_the_runs_fact_and_the_removal_of_its_jobs_changes_nothing(lake: Lake) -> None:
    run = bank_run()
    record(STORAGE, lake, run)
    record_job(STORAGE, lake, run, run.jobs[0])
    assert runs(STORAGE, lake) == [run]


def test_runs_come_newest_first_and_as_many_as_asked_for(lake: Lake) -> None:
    made = [
        replace(bank_run(), run_id=f"run-{n}", started=bank_run().started + timedelta(hours=n))
        for n in range(5)
    ]
    for run in made:
        record(STORAGE, lake, run)
    assert [run.run_id for run in runs(STORAGE, lake)] == ["run-4", "run-3", "run-2", "run-1", "run-0"]
    assert len(runs(STORAGE, lake, 2)) == 2


@pytest.mark.parametrize("name", ["../../x", "a/b", "a~b", "ü", "a b", "..", "_hidden"])
def test_names_can_not_leave_the_folder_and_come_back_whole(lake: Lake, name: str) -> None:
    run = replace(bank_run(), run_id=name, jobs=[replace(customers(), job=name)])
    record_job(STORAGE, lake, run, run.jobs[0])
    assert len(facts(lake)) == 1
    (found,) = runs(STORAGE, lake)
    assert (found.run_id, found.jobs[0].job) == (name, name)
    record(STORAGE, lake, run)
    assert len(facts(lake)) == 1
    assert runs(STORAGE, lake) == [run]


def test_a_run_is_found_by_the_beginning_of_its_id_if_that_is_clear(lake: Lake) -> None:
    for run_id in ("a-1", "a-2", "b-1"):
        record(STORAGE, lake, replace(bank_run(), run_id=run_id))
    assert find_run(STORAGE, lake, "b").run_id == "b-1"
    with pytest.raises(StateError, match="2 runs that begin so"):
        find_run(STORAGE, lake, "a")
    with pytest.raises(StateError, match="sluice history"):
        find_run(STORAGE, lake, "c")


def test_a_folded_run_is_still_in_the_history(lake: Lake) -> None:
    path = record(STORAGE, lake, bank_run())
    STORAGE.write(f"{folded_folder(lake)}/{path.rpartition('/')[2]}", STORAGE.read_text(path))
    assert runs(STORAGE, lake) == [bank_run()]
    STORAGE.delete(path)
    assert runs(STORAGE, lake) == [bank_run()]


def test_a_broken_fact_is_named(lake: Lake) -> None:
    path = record(STORAGE, lake, bank_run())
    Path(path).write_text('{"format": 1')
    with pytest.raises(StateError, match=path):
        runs(STORAGE, lake)


def test_every_row_has_a_value_for_every_column() -> None:
    rows = rows_of(bank_run())
    assert set(rows) == {table.name for table in TABLES}
    for table in TABLES:
        assert rows[table.name], table.name
        assert all(len(row) == len(table.columns) for row in rows[table.name])


def test_every_count_is_a_column_of_the_jobs() -> None:
    columns = {name for table in TABLES if table.name == "jobs" for name, _, _ in table.columns}
    assert {each.name for each in fields(Counts)} <= columns


def test_no_two_rows_of_a_table_have_one_key() -> None:
    run = bank_run()
    doubled = replace(run.jobs[0], tables=run.jobs[0].tables * 2, stages=run.jobs[0].stages * 2)
    rows = rows_of(replace(run, jobs=[doubled, *run.jobs[1:]]))
    for table in TABLES:
        at = [n for n, (name, _, _) in enumerate(table.columns) if name in table.keys]
        assert len(at) == len(table.keys)
        keys = [tuple(row[n] for n in at) for row in rows[table.name]]
        assert len(keys) == len(set(keys)), table.name


def test_of_facts_of_a_job_and_of_its_run_the_runs_counts() -> None:
    run = bank_run()
    early = replace(run, finished=False, jobs=[replace(run.jobs[0], seconds=1.0)])
    assert latest_rows([run, early]) == latest_rows([run]) == latest_rows([early, run, run])


def test_the_merge_matches_by_key_and_sets_all_else() -> None:
    table = TABLES[0]
    clauses = clauses_of(table)
    assert clauses.on == "t.`run_id` = s.`run_id`"
    assert set(clauses.insert_values) == {name for name, _, _ in table.columns}
    assert set(clauses.update_set) == set(clauses.insert_values) - {"run_id"}


def test_the_ledgers_tables_lie_in_database_sluice_in_the_lakes_format() -> None:
    assert ledger_table(Lake(root="/lake"), "runs").identifier == "`lake`.`sluice`.`runs`"
    delta = Lake.model_validate({"root": "/lake", "layers": [{"name": "one", "format": "delta"}]})
    assert ledger_table(delta, "runs").location == "/lake/sluice/runs"
