"""The commands that need no Spark, as a shell calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framework.config import load_project
from framework.errors import ConfigError, SluiceError
from framework.report import report_path
from framework.state.ledger import record, record_job
from framework.state.local_storage import LocalStorage
from tests.unit.cli.conftest import Sluice
from tests.unit.cli.samples import bank_run, customers


@pytest.fixture
def ran(conf: Path) -> Path:
    """The folder, and a run in its lake's ledger."""
    record(LocalStorage(), load_project(str(conf)).lake, bank_run())
    return conf


def test_validate_says_that_all_is_well(sluice: Sluice, conf: Path) -> None:
    answer = sluice("validate", conf)
    assert answer.code == 0, answer.err
    assert "1 job" in answer.out
    assert answer.err == ""


def test_validate_names_file_line_and_the_nearest_key(sluice: Sluice, conf: Path) -> None:
    job = conf / "jobs" / "leads.yaml"
    job.write_text(job.read_text().replace("  keys:", "  kyes:"))
    answer = sluice("validate", conf)
    assert answer.code == ConfigError.exit_code
    assert f"{job}:6" in answer.err
    assert "kyes" in answer.err and "keys" in answer.err
    assert "Traceback" not in answer.err


def test_validate_as_json_is_only_json(sluice: Sluice, conf: Path) -> None:
    answer = sluice("validate", conf, "--json")
    assert json.loads(answer.out) == {"jobs": ["crm.leads"], "problems": [], "warnings": []}


def test_run_without_a_name_says_which_jobs_there_are(sluice: Sluice, conf: Path) -> None:
    answer = sluice("run", "-C", conf)
    assert answer.code == 2
    assert "--all" in answer.err and "crm.leads" in answer.err


def test_run_of_an_unknown_job_is_refused_before_spark_starts(sluice: Sluice, conf: Path) -> None:
    answer = sluice("run", "crm.lead", "-C", conf)
    assert answer.code == ConfigError.exit_code
    assert "Did you mean `crm.leads`?" in answer.err


def test_run_shows_every_error_of_the_configuration(sluice: Sluice, conf: Path) -> None:
    job = conf / "jobs" / "leads.yaml"
    job.write_text(job.read_text().replace("keys", "kyes").replace("  path", "  paht"))
    answer = sluice("run", "--all", "-C", conf)
    assert answer.code == ConfigError.exit_code
    assert "kyes" in answer.err and "paht" in answer.err
    assert "Traceback" not in answer.err


def test_traceback_is_shown_on_request_only(sluice: Sluice, conf: Path) -> None:
    without = sluice("run", "nope", "-C", conf)
    assert "Traceback" not in without.err
    assert "Traceback" in sluice("run", "nope", "-C", conf, "--traceback").err


def test_an_error_without_a_name_has_exit_code_1_and_says_how_to_see_more(
    sluice: Sluice, conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("password=hunter2 is wrong")

    monkeypatch.setattr("framework.state.ledger.runs", broken)
    answer = sluice("history", "-C", conf)
    assert answer.code == SluiceError.exit_code
    assert "ValueError" in answer.err and "--traceback" in answer.err
    assert "hunter2" not in answer.err


def test_history_before_the_first_run_says_how_to_make_one(sluice: Sluice, conf: Path) -> None:
    assert "sluice run --all" in sluice("history", "-C", conf).out


def test_history_lists_runs_without_spark(sluice: Sluice, ran: Path) -> None:
    answer = sluice("history", "-C", ran)
    assert answer.code == 0
    assert "20261121-053012-a1b2c3" in answer.out
    assert "1 failed" in answer.out
    assert json.loads(sluice("history", "-C", ran, "--json").out)[0]["exit_code"] == 5


def test_history_shows_a_killed_run_with_the_jobs_that_ended(sluice: Sluice, conf: Path) -> None:
    record_job(LocalStorage(), load_project(str(conf)).lake, bank_run(), customers())
    answer = sluice("history", "-C", conf)
    assert "killed" in answer.out
    assert "1,204" in answer.out


def test_show_run_prints_the_summary_again(sluice: Sluice, ran: Path) -> None:
    answer = sluice("show", "run", "20261121", "-C", ran)
    assert answer.code == 0
    assert "corebank.customers" in answer.out
    assert "Set `read.path`" in answer.out
    assert sluice("show", "run", "-C", ran).out == answer.out


def test_show_of_a_run_that_is_not_there_says_where_to_look(sluice: Sluice, ran: Path) -> None:
    answer = sluice("show", "run", "1999", "-C", ran)
    assert answer.code == 9
    assert "sluice history" in answer.err


def test_show_of_an_unknown_table_is_told_the_nearest_before_spark_starts(sluice: Sluice, conf: Path) -> None:
    answer = sluice("show", "crm.lead", "-C", conf)
    assert answer.code == ConfigError.exit_code
    assert "Did you mean `crm.leads`?" in answer.err


def test_report_is_rebuilt_from_the_ledger(sluice: Sluice, ran: Path) -> None:
    answer = sluice("report", "-C", ran, "--no-open")
    path = Path(answer.out.strip())
    assert str(path) == report_path(load_project(str(ran)).lake, "20261121-053012-a1b2c3")
    assert "corebank.customers" in path.read_text()
    path.write_text("old")
    sluice("report", "-C", ran, "--no-open")
    assert path.read_text() == "old"
    sluice("report", "-C", ran, "--no-open", "--rebuild")
    assert "corebank.customers" in path.read_text()


@pytest.mark.parametrize("kind", ["job", "lake", "env"])
def test_schema_is_json_schema(sluice: Sluice, kind: str) -> None:
    assert json.loads(sluice("schema", kind).out)["properties"]


def test_init_makes_a_lake_that_validates(
    sluice: Sluice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = sluice("init", tmp_path / "new")
    assert answer.code == 0, answer.err
    monkeypatch.chdir(tmp_path / "new")
    assert sluice("validate").code == 0


def test_init_never_overwrites_a_file(sluice: Sluice, tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    mine = tmp_path / "conf" / "lake.yaml"
    mine.write_text("mine")
    answer = sluice("init", tmp_path)
    assert answer.code == ConfigError.exit_code
    assert str(mine) in answer.err
    assert mine.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["conf"]


def test_doctor_goes_on_after_a_failed_check(
    sluice: Sluice, conf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(conf / "empty"))
    answer = sluice("doctor", "-C", conf)
    assert answer.code == 4
    assert "✗ jars" in answer.out
    assert "fix: Run `python -m framework.session.jars" in answer.out
    assert "✓ lake root" in answer.out


def test_doctor_names_a_root_that_can_not_be_written(sluice: Sluice, conf: Path) -> None:
    (conf / "file").write_text("")
    answer = sluice("doctor", "-C", conf, "--set", f"lake.root={conf / 'file' / 'lake'}")
    assert answer.code != 0
    assert "✗ lake root" in answer.out
