"""GreatFin's sources: the same for the same seed, and a truth that a reader of the files alone arrives at."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framework.config import check_project, load_project
from framework.errors import ConfigError
from jobs.greatfin.generate import deliveries, generate
from jobs.greatfin.truth import KEYS, Truth, truths
from jobs.stage import fresh_folder

ROOT = Path(__file__).parents[2]


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    text = "".join(f"{path.relative_to(folder)}{path.read_bytes().hex()}{_date(path)}" for path in files)
    return hashlib.sha256(text.encode()).hexdigest()


def _date(path: Path) -> float | None:
    """Sources' files have the date of their delivery."""
    return path.stat().st_mtime if "inbox" in path.parts else None


@pytest.fixture(scope="module")
def both_days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Truth], dict[str, Truth]]:
    out = tmp_path_factory.mktemp("greatfin")
    return out, generate(out, scale=0.3, seed=3, day=1), generate(out, scale=0.3, seed=3, day=2)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        for day in (1, 2):
            generate(tmp_path / name, scale=0.2, seed=11, day=day)
    assert _digest(tmp_path / "one") == _digest(tmp_path / "two")


def test_another_seed_writes_other_rows(tmp_path: Path) -> None:
    generate(tmp_path / "one", scale=0.2, seed=1)
    generate(tmp_path / "two", scale=0.2, seed=2)
    assert _digest(tmp_path / "one" / "inbox") != _digest(tmp_path / "two" / "inbox")


def test_the_second_day_adds_files_and_leaves_those_of_the_first_alone(tmp_path: Path) -> None:
    generate(tmp_path, scale=0.2, day=1)
    before = {path: path.read_bytes() for path in (tmp_path / "inbox").rglob("*.*")}
    generate(tmp_path, scale=0.2, day=2)
    after = {path: path.read_bytes() for path in (tmp_path / "inbox").rglob("*.*")}
    assert before.items() < after.items()
    assert len(before) == 7 and len(after) == 14


def test_hr_employee_ends_as_102_103_104(both_days: tuple[Path, dict[str, Truth], dict[str, Truth]]) -> None:
    _, first, second = both_days
    assert [row["employee_id"] for row in first["standardized.hr.employees"].rows] == [101, 102, 103, 104]
    assert [row["employee_id"] for row in second["standardized.hr.employees"].rows] == [102, 103, 104]


def test_every_kind_of_dirt_is_there_on_both_days() -> None:
    everything = deliveries(scale=0.3)
    for day in (1, 2):
        flaws = {record.flaw for each in everything if each.day == day for record in each.records}
        assert {
            "negative income",
            "income is no number",
            "no such date",
            "no key",
            "no time",
            "unknown currency",
            "line is cut off",
            "too many fields",
            "score out of range",
            "no at sign",
        } <= flaws
    assert "unknown operation" in {record.flaw for each in everything for record in each.records}
    assert "marketing_consent" in next(each for each in everything if "20260303-12" in each.name).columns


def test_late_changes_and_repeated_ones_are_among_those_of_the_second_day() -> None:
    everything = deliveries(scale=0.3)
    second = [
        r
        for each in everything
        if each.table == "corebank.customers" and each.day == 2
        for r in each.records
        if not r.flaw
    ]
    assert any(record.order < "2026-03-03" for record in second), "late"
    assert len({(str(r.values["customer_id"]), r.order) for r in second}) < len(second), "twice"


def test_a_late_update_does_not_bring_back_what_was_deleted() -> None:
    everything = [each for each in deliveries(scale=0.3) if each.table == "corebank.customers"]
    deleted = {
        r.values["customer_id"] for each in everything if each.day == 1 for r in each.records if r.op == "D"
    }
    late = {
        r.values["customer_id"]
        for each in everything
        if each.day == 2
        for r in each.records
        if r.order < "2026-03-03"
    }
    alive = {
        row["customer_id"] for row in truths(deliveries(scale=0.3))["standardized.corebank.customers"].rows
    }
    assert deleted & late, "the dirt is there"
    assert not deleted & late & alive


@pytest.mark.parametrize("day", [1, 2])
def test_a_naive_replay_of_the_files_arrives_at_the_truth(
    both_days: tuple[Path, dict[str, Truth], dict[str, Truth]], day: int
) -> None:
    out, *truth = both_days
    for table, read in _SOURCES.items():
        rows: dict[str, tuple[tuple[str, str, int], str]] = {}
        for order, op, key in read(out / "inbox", day):
            if key not in rows or order > rows[key][0]:
                rows[key] = (order, op)
        expected = truth[day - 1][f"standardized.{table}"]
        names = {str(row[KEYS[table]]) for row in expected.rows}
        assert {key for key, (_, op) in rows.items() if op != "D"} == names, table


Event = tuple[tuple[str, str, int], str, str]


def _dms(folder: str, columns: int, sound: Any, *, header: bool = True, stamped: bool = True) -> Any:
    """A reader of a DMS folder that knows nothing of the generator: keys of sound records with their order."""

    def read(inbox: Path, day: int) -> Iterator[Event]:
        for path in sorted((inbox / folder).iterdir()):
            if day == 1 and (path.name.startswith("20260303") or path.name.startswith("2019")):
                continue
            load = path.name.startswith("LOAD")
            with path.open(newline="", encoding="utf-8") as file:
                for number, cells in enumerate(list(csv.reader(file))[1 if header else 0 :], start=1):
                    op = "R" if load else cells.pop(0)
                    stamp = cells.pop(0) if stamped else "1"
                    if op == "D" or (op in "RIU" and len(cells) >= columns and cells[0] and sound(cells)):
                        yield ("" if load else stamp, path.name, number), op, cells[0]

    return read


def _customer_is_sound(cells: list[str]) -> bool:
    number = cells[10].replace(".", "", 1).isdigit()
    return (
        number and cells[9] != "VIP?" and len(cells[5]) == 11 and "@" in cells[3] and cells[6] != "1979-02-31"
    )


def _account_is_sound(cells: list[str]) -> bool:
    return cells[3] != "XXX" and cells[2] != "piggy bank" and cells[4].count(".") == 1


def _leads(inbox: Path, day: int) -> Iterator[Event]:
    for path in sorted((inbox / "marketing/leads").iterdir())[:day]:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                row = json.loads(line)
            except ValueError:
                continue
            sound = row["lead_id"] and row["updated_at"] and "@" in row["email"]
            if sound and isinstance(row["score"], int) and row["score"] <= 100:
                yield (row["updated_at"], path.name, number), "U", row["lead_id"]


def _scores(inbox: Path, day: int) -> Iterator[Event]:
    for path in sorted((inbox / "vendor/scores").iterdir())[:day]:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.DictReader(file), start=1):
                sound = (
                    None not in row
                    and row["email"]
                    and row["credit_score"].isdigit()
                    and int(row["credit_score"]) < 851
                )
                if sound:
                    yield (row["scored_on"], path.name, number), "U", row["email"]


_SOURCES = {
    "corebank.customers": _dms("corebank/customers", 12, _customer_is_sound),
    "corebank.accounts": _dms("corebank/accounts", 7, _account_is_sound, header=False),
    "hr.employees": _dms("hr/employee", 5, lambda cells: True, header=False, stamped=False),
    "marketing.leads": _leads,
    "vendor.scores": _scores,
}


TEMPLATE = "framework/cli/templates/init/conf"


@pytest.mark.parametrize(
    ("conf", "environment"),
    [("conf", "local"), ("conf", "prod"), ("conf/flights", "local"), (TEMPLATE, "local")],
)
def test_the_configurations_that_come_with_sluice_have_no_mistake(conf: str, environment: str) -> None:
    assert check_project(load_project(str(ROOT / conf), environment=environment)) == []


def test_a_demo_empties_only_folders_that_a_demo_made(tmp_path: Path) -> None:
    lake = fresh_folder(str(tmp_path / "lake"))
    (lake / "old").write_text("of the last demo")
    assert fresh_folder(str(lake)) == lake
    assert not (lake / "old").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "data").write_text("precious")
    with pytest.raises(ConfigError, match="no demo made it"):
        fresh_folder(str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "data").read_text() == "precious"
