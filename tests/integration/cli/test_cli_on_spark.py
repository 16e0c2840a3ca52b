"""The command line on a lake: what `sluice init` makes, through plan, run, show, ledger, profiles and a doctor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from framework.cli.main import call
from framework.config import load_project
from framework.context import RunContext
from framework.report import report_path
from framework.run.outcome import RunOutcome
from framework.session.jar_cache import available_groups
from framework.session.versions import lane_of
from framework.state.ledger import fact_text, facts_folder, folded_folder, record, runs
from framework.state.ledger_rows import TABLES
from framework.state.ledger_tables import fold, ledger_table
from framework.state.local_storage import LocalStorage
from framework.tables import table_format
from tests.unit.cli.samples import bank_run

Call = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def conf(lake_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sluice init` makes, with its data in the session's lake."""
    folder = tmp_path_factory.mktemp("new")
    assert call(["init", str(folder)]) == 0
    shutil.copytree(folder / "lake" / "inbox", lake_root / "inbox", dirs_exist_ok=True)
    return folder / "conf"


@pytest.fixture
def sluice(spark: SparkSession, conf: Path, lake_root: Path, capfd: pytest.CaptureFixture[str]) -> Call:
    """Calls a command on that lake; gives back the exit code and the JSON (or the text) it printed."""

    def run(*arguments: str, text: bool = False) -> tuple[int, Any]:
        capfd.readouterr()
        json_flag = [] if text else ["--json"]
        code = call([*arguments, "-C", str(conf), "--set", f"lake.root={lake_root}", *json_flag])
        out = capfd.readouterr().out
        return code, out if text else json.loads(out)

    return run


def context(spark: SparkSession, conf: Path, lake_root: Path) -> RunContext:
    lake = load_project(str(conf), overrides=[f"lake.root={lake_root}"]).lake
    return RunContext(spark, lake, LocalStorage(), "test")


def test_the_lake_that_init_makes_runs_and_is_shown(sluice: Call, conf: Path, lake_root: Path) -> None:
    code, outcome = sluice("run", "--all")
    assert code == 0, outcome
    (job,) = outcome["jobs"]
    counts = job["counts"]
    assert job["status"] == "applied"
    assert counts["read"] == sum(count for name, count in counts.items() if name != "read")
    lake = load_project(str(conf), overrides=[f"lake.root={lake_root}"]).lake
    assert Path(report_path(lake, outcome["run_id"])).exists()

    code, rows = sluice("show", "shop.orders")
    assert code == 0
    assert len(rows) == counts["inserted"]
    assert not any(name.startswith("_sluice") for name in rows[0])
    assert "_sluice_seq" in sluice("show", "standardized.shop.orders", "--all", "--limit", "1")[1][0]
    first = rows[0]["order_id"]
    assert len(sluice("show", "shop.orders", "--where", f"order_id = {first}")[1]) == 1

    code, rejected = sluice("show", "quarantine", "shop.orders")
    assert len(rejected) == counts["quarantined"] > 0
    assert all(row["reasons"] and row["source"] for row in rejected)
    assert "shop.orders" in sluice("show", "run", text=True)[1]

    code, (plan,) = sluice("plan", "--all")
    assert code == 0
    assert "nothing new to read" in plan["notes"]
    code, again = sluice("run", "--all")
    assert again["jobs"][0]["status"] == "nothing_new"


def test_show_of_a_table_that_is_not_there_says_what_to_run(
    sluice: Call, capfd: pytest.CaptureFixture[str]
) -> None:
    code, _ = sluice("show", "standardized.shop.none", text=True)
    assert code == 8


def test_doctor_writes_and_reads_both_formats(sluice: Call) -> None:
    code, findings = sluice("doctor", "--spark")
    assert code == 0, findings
    assert findings[-1]["name"] == "Spark"
    assert "iceberg and delta write and read" in findings[-1]["detail"]


def test_profile_and_suggest_work_where_deequ_is(spark: SparkSession, sluice: Call) -> None:
    import os

    sluice("run", "--all")
    code, _ = sluice("profile", "shop.orders", text=True)
    if "quality" not in available_groups(lane_of(spark.version), os.environ):
        assert code == 4
        return
    assert code == 0
    columns = {each["column"]: each for each in sluice("profile", "shop.orders")[1]}
    assert columns["order_id"]["completeness"] == 1.0
    code, rules = sluice("suggest", "shop.orders", text=True)
    assert code == 0
    assert rules.startswith("Rules = [")


def test_folding_is_repeatable_and_a_crash_in_its_middle_doubles_nothing(
    spark: SparkSession, conf: Path, lake_root: Path
) -> None:
    ctx = context(spark, conf, lake_root)
    storage, lake, run = ctx.storage, ctx.lake, bank_run()
    path = record(storage, lake, run)

    assert fold(ctx) >= 1
    assert _counts(ctx, run) == _expected(run)
    assert not storage.exists(path)
    assert storage.exists(path.replace(facts_folder(lake), folded_folder(lake)))
    assert run in runs(storage, lake, 1000)

    # killed after the tables had the fact and before it was put aside
    storage.write(path, fact_text(run))
    assert fold(ctx) == 1
    assert _counts(ctx, run) == _expected(run)
    assert fold(ctx) == 0


def test_a_table_of_the_ledger_is_shown_with_every_run_that_ended(sluice: Call) -> None:
    run = sluice("run", "--all")[1]["run_id"]
    code, rows = sluice("show", "sluice.jobs", "--where", f"run_id = '{run}'")
    assert code == 0
    assert [(row["job"], row["target"]) for row in rows] == [("shop.orders", "standardized.shop.orders")]
    code, rows = sluice("show", "sluice.runs", "--where", f"run_id = '{run}'")
    assert [row["finished"] for row in rows] == [True]
    assert sluice("show", "sluice.none", text=True)[0] == 2


def test_a_run_folds_the_facts_when_enough_of_them_wait(sluice: Call, conf: Path, lake_root: Path) -> None:
    facts = Path(facts_folder(load_project(str(conf), overrides=[f"lake.root={lake_root}"]).lake))
    sluice("show", "sluice.runs")
    assert list(facts.glob("*.json")) == []
    for waiting in (1, 2):
        sluice("run", "--all", "--set", "lake.fold_ledger_after=3")
        assert len(list(facts.glob("*.json"))) == waiting
    run = sluice("run", "--all", "--set", "lake.fold_ledger_after=3")[1]["run_id"]
    assert list(facts.glob("*.json")) == []
    assert sluice("show", "run")[1]["run_id"] == run
    sluice("run", "--all", "--set", "lake.fold_ledger_after=0")
    assert len(list(facts.glob("*.json"))) == 1


def _counts(ctx: RunContext, run: RunOutcome) -> dict[str, int]:
    found = {}
    for table in TABLES:
        ref = ledger_table(ctx.lake, table.name)
        rows = table_format(ctx.spark, ref.format).read(ref)
        found[table.name] = rows.where(rows["run_id"] == run.run_id).count()
    return found


def _expected(run: RunOutcome) -> dict[str, int]:
    from framework.state.ledger_rows import rows_of

    return {name: len(rows) for name, rows in rows_of(run).items()}
