"""A configuration is read from wherever its URI says, as a local folder."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from framework.errors import ConfigError
from framework.runtimes.conf_source import conf_folder


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    folder = tmp_path / "a conf"
    (folder / "jobs").mkdir(parents=True)
    (folder / "lake.yaml").write_text("root: /lake\n")
    return folder


def no_fetch(uri: str, target: Path) -> None:
    raise AssertionError(f"{uri} was fetched")


def test_a_path_and_a_file_uri_are_the_folder_itself(conf: Path) -> None:
    for config in (str(conf), conf.as_uri(), f"file:{conf}"):
        with conf_folder(config, no_fetch) as folder:
            assert Path(folder) == conf


def test_another_scheme_is_copied_and_the_copy_removed(tmp_path: Path) -> None:
    asked = []

    def fetch(uri: str, target: Path) -> None:
        asked.append(uri)
        target.mkdir()
        (target / "lake.yaml").write_text("root: /lake\n")

    with conf_folder("s3://bucket/lake/conf/", fetch) as folder:
        assert (Path(folder) / "lake.yaml").read_text() == "root: /lake\n"
    assert asked == ["s3://bucket/lake/conf/"]
    assert not Path(folder).exists()


@pytest.mark.parametrize("inside", ["conf/lake.yaml", "lake.yaml"])
def test_a_zip_is_unpacked(tmp_path: Path, inside: str) -> None:
    archive = tmp_path / "lake.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(inside, "root: /zipped\n")
    for config in (str(archive), archive.as_uri()):
        with conf_folder(config, no_fetch) as folder:
            assert (Path(folder) / "lake.yaml").read_text() == "root: /zipped\n"


def test_what_is_nowhere_is_named() -> None:
    with pytest.raises(ConfigError) as caught, conf_folder("no/such/conf", no_fetch):
        pass
    assert "nothing at 'no/such/conf', here or in the shipped zip. Set --config" in str(caught.value)


def test_a_uri_that_cannot_be_read_says_why() -> None:
    def denied(uri: str, target: Path) -> None:
        raise OSError("Access Denied")

    with pytest.raises(ConfigError) as caught, conf_folder("s3a://b/conf", denied):
        pass
    assert "the configuration s3a://b/conf can't be read: got Access Denied. Check the URI" in str(
        caught.value
    )
