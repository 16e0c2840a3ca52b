"""The archive of classes fits one Java and one class path, and is used only if it is there."""

import os
from pathlib import Path

import pytest

from framework.session.class_archive import archive_path, prune, record_options, use_options
from framework.session.java import Java


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    jar = tmp_path / "a.jar"
    jar.write_bytes(b"a")
    return jar


def test_another_java_or_another_class_path_means_another_archive(tmp_path: Path, jar: Path) -> None:
    environ = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    one, other = Java(tmp_path / "one", 17, ""), Java(tmp_path / "other", 17, "")
    first = archive_path(one, [jar], environ)
    jar.write_bytes(b"another")
    paths = {first, archive_path(one, [jar], environ), archive_path(other, [jar], environ)}
    paths.add(archive_path(one, [], environ))
    assert len(paths) == 4
    assert {path.parent for path in paths} == {tmp_path / "cache" / "sluice" / "classes"}
    assert archive_path(one, [jar], environ) == archive_path(one, [jar], environ)


def test_java_is_told_of_an_archive_only_when_there_is_one(tmp_path: Path) -> None:
    archive = tmp_path / "x.jsa"
    assert use_options(archive) == ()
    archive.touch()
    assert use_options(archive)[0] == f"-XX:SharedArchiveFile={archive}"
    assert record_options(archive)[0] == f"-XX:ArchiveClassesAtExit={archive}"


def test_old_archives_make_room_for_a_new_one(tmp_path: Path) -> None:
    for age in range(6):
        archive = tmp_path / f"{age}.jsa"
        archive.touch()
        os.utime(archive, (1000 - age, 1000 - age))
    (tmp_path / "9.77.part").touch()
    prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.jsa", "1.jsa", "2.jsa"]
