"""Landing files in the raw layer: every file once, unchanged, under its own name, whatever is killed in between."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from framework.config.job import Job
from framework.config.lake import Lake
from framework.context import RunContext
from framework.errors import ConfigError, ReadError, StateError
from framework.raw import LandedFile, land
from framework.state import LocalStorage

DAY_ONE = datetime(2024, 3, 1, 23, 59, 59, tzinfo=UTC).timestamp()
DAY_TWO = datetime(2024, 3, 2, 0, 0, 1, tzinfo=UTC).timestamp()


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "in box"
    folder.mkdir()
    return folder


@pytest.fixture
def ctx(tmp_path: Path) -> RunContext:
    return RunContext(None, Lake(root=str(tmp_path / "lake")), LocalStorage(), "run-1")  # type: ignore[arg-type]


@pytest.fixture
def job(inbox: Path) -> Job:
    return Job(
        job="hr.employee",
        land={"from": {"format": "csv", "path": str(inbox)}, "to": "raw/hr/employee"},
        read={"format": "csv", "path": "raw/hr/employee"},
        write={"table": "standardized.hr.employee"},
    )


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "lake" / "raw" / "hr" / "employee"


def deliver(file: Path, text: str, at: float = DAY_ONE) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, (at, at))
    return file


def data(raw: Path) -> dict[str, str]:
    """The raw folder's files and their content, without the manifest."""
    files = (file for file in raw.rglob("*") if file.is_file() and "_manifest" not in file.parts)
    return {file.relative_to(raw).as_posix(): file.read_text() for file in files}


def test_files_lie_below_their_own_date_under_their_own_name(ctx, job, inbox, raw):
    first = deliver(inbox / "LOAD00000001.csv", "1\n", DAY_ONE)
    deliver(inbox / "sub" / "20240302-000001000.csv.gz", "2\n", DAY_TWO)
    landed = land(ctx, job)
    assert data(raw) == {"2024/03/01/LOAD00000001.csv": "1\n", "2024/03/02/20240302-000001000.csv.gz": "2\n"}
    expected = LandedFile(
        str(first), 2, int(DAY_ONE * 1000), "2024/03/01/LOAD00000001.csv", hashlib.sha256(b"1\n").hexdigest()
    )
    assert landed[0] == expected
    (manifest,) = sorted((raw / "_manifest").glob("*.json"))
    written = json.loads(manifest.read_text())
    assert (written["run"], written["job"], len(written["files"])) == ("run-1", "hr.employee", 2)
    assert LandedFile(**written["files"][0]) == expected


def test_a_landed_file_is_not_landed_again(ctx, job, inbox, raw):
    deliver(inbox / "a.csv", "1\n")
    assert len(land(ctx, job)) == 1
    before = {file: file.stat().st_mtime_ns for file in raw.rglob("*")}
    assert land(ctx, job) == []
    assert {file: file.stat().st_mtime_ns for file in raw.rglob("*")} == before


def test_a_file_written_anew_under_its_name_lands_beside_the_old_one(ctx, job, inbox, raw):
    deliver(inbox / "a.csv.gz", "old\n")
    land(ctx, job)
    deliver(inbox / "a.csv.gz", "newer\n")
    assert [file.path for file in land(ctx, job)] == ["2024/03/01/a~2.csv.gz"]
    deliver(inbox / "a.csv.gz", "newest\n")
    assert [file.path for file in land(ctx, job)] == ["2024/03/01/a~3.csv.gz"]
    assert sorted(data(raw).values()) == ["newer\n", "newest\n", "old\n"]


def test_equal_names_in_different_folders_both_land(ctx, job, inbox, raw):
    deliver(inbox / "seg1" / "LOAD00000001.csv", "1\n")
    deliver(inbox / "seg2" / "LOAD00000001.csv", "2\n")
    land(ctx, job)
    assert data(raw) == {"2024/03/01/LOAD00000001.csv": "1\n", "2024/03/01/LOAD00000001~2.csv": "2\n"}


def test_a_file_that_lies_there_already_is_never_overwritten(ctx, job, inbox, raw):
    deliver(raw / "2024/03/01/a.csv", "somebody's\n")
    deliver(inbox / "a.csv", "mine\n")
    land(ctx, job)
    assert data(raw) == {"2024/03/01/a.csv": "somebody's\n", "2024/03/01/a~2.csv": "mine\n"}


@pytest.mark.parametrize("step", range(1, 8))
def test_a_landing_killed_at_any_write_is_finished_by_the_next(ctx, job, inbox, raw, monkeypatch, step):
    deliver(inbox / "a.csv", "1\n")
    deliver(inbox / "b.csv", "2\n", DAY_TWO)
    calls = iter(range(1, 100))

    def killing(name):
        real = getattr(LocalStorage, name)

        def write(self, *args):
            if next(calls) == step:
                raise Killed
            return real(self, *args)

        return write

    with monkeypatch.context() as patch:
        for name in ("create", "copy", "delete"):
            patch.setattr(LocalStorage, name, killing(name))
        try:
            land(ctx, job)
        except Killed:
            pass
        else:
            assert step > 6
    deliver(inbox / "c.csv", "3\n")
    land(ctx, job)
    assert data(raw) == {"2024/03/01/a.csv": "1\n", "2024/03/02/b.csv": "2\n", "2024/03/01/c.csv": "3\n"}
    listed = [
        file["path"]
        for found in (raw / "_manifest").glob("0*.json")
        for file in json.loads(found.read_text())["files"]
    ]
    assert sorted(listed) == sorted(data(raw))
    assert not (raw / "_manifest" / "pending.json").exists()


def test_what_a_killed_landing_had_copied_stays_if_the_source_changes_meanwhile(
    ctx, job, inbox, raw, monkeypatch
):
    deliver(inbox / "a.csv", "old\n")
    with monkeypatch.context() as patch:
        patch.setattr("framework.raw.manifest.Manifest.finish", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            land(ctx, job)
    deliver(inbox / "a.csv", "newer\n")
    assert [file.path for file in land(ctx, job)] == ["2024/03/01/a.csv", "2024/03/01/a~2.csv"]
    assert data(raw) == {"2024/03/01/a.csv": "old\n", "2024/03/01/a~2.csv": "newer\n"}


def test_a_copy_that_a_killed_landing_made_is_not_made_again(ctx, job, inbox, raw, monkeypatch):
    """An object would get a new time by that, and be read again by jobs that had read it already."""
    deliver(inbox / "a.csv", "1\n")
    with monkeypatch.context() as patch:
        patch.setattr("framework.raw.manifest.Manifest.finish", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            land(ctx, job)
    copy = raw / "2024/03/01/a.csv"
    os.utime(copy, (DAY_TWO, DAY_TWO))
    assert [file.sha256 for file in land(ctx, job)] == [hashlib.sha256(b"1\n").hexdigest()]
    assert copy.stat().st_mtime == DAY_TWO


@pytest.mark.parametrize("damage", ["", "half", "other\n"])
def test_a_copy_that_is_not_the_source_is_made_again(ctx, job, inbox, raw, monkeypatch, damage):
    deliver(inbox / "a.csv", "whole\n")
    with monkeypatch.context() as patch:
        patch.setattr("framework.raw.manifest.Manifest.finish", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            land(ctx, job)
    (raw / "2024/03/01/a.csv").write_text(damage)
    assert len(land(ctx, job)) == 1
    assert data(raw) == {"2024/03/01/a.csv": "whole\n"}


def test_a_file_that_grows_while_it_is_copied_is_left_to_the_next_run(ctx, job, inbox, raw, monkeypatch):
    source = deliver(inbox / "a.csv", "1\n")
    real = LocalStorage.copy

    def growing(self, *args):
        result = real(self, *args)
        deliver(source, "1\n2\n", DAY_TWO)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "copy", growing)
        assert land(ctx, job) == []
    assert data(raw) == {}
    assert [file.path for file in land(ctx, job)] == ["2024/03/02/a.csv"]
    assert data(raw) == {"2024/03/02/a.csv": "1\n2\n"}


def test_a_source_without_files_leaves_an_empty_raw_folder(ctx, job, raw):
    assert land(ctx, job) == []
    assert LocalStorage().exists(str(raw))
    assert LocalStorage().files(str(raw)) == []


def test_a_missing_source_is_named(ctx, job, inbox):
    inbox.rmdir()
    with pytest.raises(ReadError) as error:
        land(ctx, job)
    assert str(error.value) == (
        f"there is nothing at {inbox}: got no such file or folder. "
        "Check read.path: a relative path starts at the lake's root (lake.root)."
    )


def test_a_target_that_cannot_be_written_is_named_and_nothing_is_lost(ctx, job, inbox, tmp_path):
    deliver(inbox / "a.csv", "1\n")
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "raw").write_text("a file where a folder should be")
    with pytest.raises(StateError) as error:
        land(ctx, job)
    assert "cannot write" in str(error.value)
    (tmp_path / "lake" / "raw").unlink()
    assert len(land(ctx, job)) == 1


def test_a_job_that_lands_nothing_is_refused(ctx, job):
    with pytest.raises(ConfigError, match=r"job hr.employee lands nothing. Set land.from and land.to."):
        land(ctx, job.model_copy(update={"land": None}))
