"""What holds for every file system that the lake's small files may lie on."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from pyspark.sql import SparkSession

from framework.config.places import identity
from framework.errors import ReadError, StateError
from framework.readers.paths import list_files
from framework.state import LocalStorage, storage_for
from framework.state.hadoop_storage import HadoopStorage
from framework.state.patterns import fixed_part
from framework.state.storage import Storage
from tests.s3 import S3

ODD_NAMES = [
    "a b.csv",
    "ä ö.csv",
    "日本.csv",
    "x[1].csv",
    "{y}.csv",
    "p%20q.csv",
    "h#1.csv",
    "q?.csv",
    "w*.csv",
    "plus+&=.csv",
    "it's.csv",
]
TREE = [
    "2024/01/a.csv",
    "2024/01/b.json",
    "2024/02/c.csv",
    "2025/01/d.csv",
    "_SUCCESS",
    "_manifest/e.csv",
    ".hidden.csv",
]


PATTERNS = {
    "*/*/*.csv": ["2024/01/a.csv", "2024/02/c.csv", "2025/01/d.csv"],
    "2024/0[12]/?.csv": ["2024/01/a.csv", "2024/02/c.csv"],
    "2024/0[!1]/*": ["2024/02/c.csv"],
    "2024/{01/b,02/c}.*": ["2024/01/b.json", "2024/02/c.csv"],
    "**/*.json": ["2024/01/b.json"],
    "2024/*": ["2024/01/a.csv", "2024/01/b.json", "2024/02/c.csv"],
    "*.csv": [],
    ".h*.csv": [".hidden.csv"],
    "nothing/*.csv": [],
}


@dataclass(frozen=True)
class Place:
    """A storage and an empty folder that it reaches."""

    kind: str
    storage: Storage
    folder: str

    def put(self, *names: str) -> None:
        for name in names:
            self.storage.write(self.at(name), name)

    def at(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def found(self, below: str) -> list[str]:
        """Names of the files there, without the folder."""
        infos = self.storage.files(f"{self.folder}/{below}" if below else self.folder)
        assert all(info.path.startswith(self.folder) for info in infos)
        return [info.path[len(self.folder) + 1 :] for info in infos]


@pytest.fixture(
    params=["local", "hadoop", pytest.param("s3a", marks=[pytest.mark.s3, pytest.mark.network])],
)
def place(request: pytest.FixtureRequest, spark: SparkSession, tmp_path: Path) -> Place:
    """The machine's own files, the same through Hadoop (what a job on S3 lands from), and objects."""
    if request.param == "s3a":
        return Place(
            "s3a", HadoopStorage(spark), f"s3a://{request.getfixturevalue('s3').bucket()}/some where"
        )
    storage = LocalStorage() if request.param == "local" else HadoopStorage(spark)
    return Place(request.param, storage, f"{tmp_path}/some where")


def test_what_is_written_is_read_and_replaced_whole(place: Place) -> None:
    path = place.at("x/y.json")
    assert not place.storage.exists(path)
    place.storage.write(path, "ü" * 3000)
    assert place.storage.read_text(path) == "ü" * 3000
    place.storage.write(path, "")
    assert place.storage.read_text(path) == ""
    assert [info.size for info in place.storage.files(path)] == [0]
    assert place.found("") == ["x/y.json"]


def test_several_files_are_read_in_the_order_they_are_named(place: Place) -> None:
    names = [f"{number}.json" for number in range(5, 0, -1)]
    place.put(*names)
    assert place.storage.read_texts([place.at(name) for name in names]) == names
    assert place.storage.read_texts([]) == []


def test_a_file_is_created_once(place: Place) -> None:
    path = place.at("1.json")
    assert place.storage.create(path, "first")
    assert not place.storage.create(path, "second")
    assert place.storage.read_text(path) == "first"
    assert [info.path for info in place.storage.all_files(place.folder)] == [path]


def test_of_many_who_create_a_file_at_once_one_does(place: Place) -> None:
    if place.kind.startswith("hadoop"):
        pytest.skip("local files are never written through Hadoop, whose local file system can't do it")
    path = place.at("1.json")
    for _ in range(3):
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda each: place.storage.create(path, each), "abcdefgh"))
        assert sum(made) == 1
        assert place.storage.read_text(path) == "abcdefgh"[made.index(True)]
        place.storage.delete(path)


def test_a_folder_stands_for_all_files_below_it_but_hidden_ones(place: Place) -> None:
    place.put(*TREE)
    expected = ["2024/01/a.csv", "2024/01/b.json", "2024/02/c.csv", "2025/01/d.csv"]
    assert place.found("") == expected
    assert [info.path for info in place.storage.files(f"{place.folder}/")] == [
        place.at(name) for name in expected
    ]
    assert place.found("_manifest") == ["_manifest/e.csv"]


def test_a_file_stands_for_itself_with_its_size_and_time(place: Place) -> None:
    before = int(time.time()) * 1000
    place.put("a.csv")
    (info,) = place.storage.files(place.at("a.csv"))
    assert (info.path, info.size) == (place.at("a.csv"), 5)
    assert before <= info.modified_ms <= time.time() * 1000
    assert [info] == place.storage.files(place.folder)
    assert [info] == place.storage.all_files(place.folder)


def test_a_pattern_means_the_same_everywhere(place: Place) -> None:
    place.put(*TREE)
    for pattern, expected in PATTERNS.items():
        assert place.found(pattern) == expected, pattern


def test_names_with_odd_letters_are_found_and_mean_themselves(place: Place) -> None:
    place.put(*ODD_NAMES)
    infos = place.storage.files(place.folder)
    assert sorted(place.storage.read_text(info.path) for info in infos) == sorted(ODD_NAMES)
    for info in infos:
        assert place.storage.files(info.path) == [info]
        assert place.storage.exists(info.path)
    assert place.storage.all_files(place.folder) == infos


def test_a_file_whose_name_could_be_a_pattern_is_meant_before_what_the_pattern_fits(place: Place) -> None:
    place.put("x[1].csv", "x1.csv")
    assert place.found("x[1].csv") == ["x[1].csv"]
    place.storage.delete(place.at("x[1].csv"))
    assert place.found("x[1].csv") == ["x1.csv"]


def test_what_is_not_there_is_no_error_until_it_is_read(place: Place) -> None:
    path = place.at("nothing/a.csv")
    assert not place.storage.exists(path)
    assert place.storage.files(path) == []
    assert place.storage.all_files(path) == []
    place.storage.delete(path)
    for read in (place.storage.read_text, place.storage.digest):
        with pytest.raises(StateError, match=r"^cannot read .*nothing/a\.csv: got "):
            read(path)


def test_only_the_files_of_the_folder_itself_are_all_its_files(place: Place) -> None:
    place.put("a.json", "_b.json", ".c.json", "sub/d.json")
    names = [info.path.rpartition("/")[2] for info in place.storage.all_files(f"{place.folder}/")]
    assert names == [".c.json", "_b.json", "a.json"]


def test_a_copy_has_the_bytes_and_says_their_size_and_checksum(place: Place, tmp_path: Path) -> None:
    content = bytes(range(256)) * 5000
    (tmp_path / "source 1.bin").write_bytes(content)
    expected = (len(content), hashlib.sha256(content).hexdigest())
    storage = place.storage
    target = place.at("t/copy.bin")
    storage.write(target, "what was there before")
    assert storage.copy(str(tmp_path / "source 1.bin"), target) == expected
    assert storage.digest(target) == expected
    back = tmp_path / "back.bin"
    assert storage.copy(target, str(back)) == expected
    assert back.read_bytes() == content
    assert place.found("") == ["t/copy.bin"]


def test_a_copy_keeps_its_time_where_files_have_one_of_their_own(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "old.csv"
    source.write_text("1")
    os.utime(source, (1_700_000_000, 1_700_000_000))
    place.storage.copy(str(source), place.at("new.csv"))
    (info,) = place.storage.files(place.at("new.csv"))
    assert (info.modified_ms == 1_700_000_000_000) == (not place.kind.startswith("s3"))


def test_a_copy_that_breaks_off_leaves_nothing_behind(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot copy"):
        place.storage.copy(str(tmp_path / "nothing.csv"), place.at("t.csv"))
    if not place.kind.startswith("local"):
        with pytest.raises(StateError, match="cannot copy"):
            place.storage.copy(_damaged(place, tmp_path), place.at("t.csv"))
    assert place.storage.all_files(place.folder) == []


def test_a_copy_that_breaks_off_leaves_what_was_there(place: Place, tmp_path: Path) -> None:
    if place.kind.startswith("local"):
        pytest.skip("what breaks the copy are checksums that only Hadoop keeps")
    place.put("t.csv")
    with pytest.raises(StateError, match="cannot copy"):
        place.storage.copy(_damaged(place, tmp_path), place.at("t.csv"))
    assert place.storage.read_text(place.at("t.csv")) == "t.csv"
    assert len(place.storage.all_files(place.folder)) == 1


def test_deleting_takes_a_file_or_a_folder_with_all_of_it(place: Place) -> None:
    place.put("a/1.json", "a/b/2.json", "a/b/3.json", "ab/4.json")
    place.storage.delete(place.at("a/1.json"))
    assert place.found("") == ["a/b/2.json", "a/b/3.json", "ab/4.json"]
    place.storage.delete(place.at("a"))
    assert place.found("") == ["ab/4.json"]
    assert not place.storage.exists(place.at("a"))


def test_paths_come_back_in_the_spelling_they_were_asked_in(place: Place) -> None:
    place.put("50%/a b%20c.csv")
    spelled = [f"{place.folder}/", f"{place.folder}//50%"]
    if place.kind != "s3a":
        spelled += [
            f"file:{quote(place.folder)}",
            f"file://{quote(place.folder)}/",
            f"file://{quote(place.folder)}/*",
        ]
    else:
        spelled += [place.folder.replace("s3a:", "s3:"), f"{place.folder.replace('s3a:', 's3:')}/*/a*"]
    for folder in spelled:
        (info,) = place.storage.files(folder)
        assert info.path.startswith(fixed_part(folder).rstrip("/") + "/")
        assert place.storage.read_text(info.path) == "50%/a b%20c.csv"
        assert place.storage.files(info.path) == [info]
        assert [each.path for each in place.storage.all_files(info.path.rpartition("/")[0])] == [info.path]
        assert identity(info.path) == identity(place.at("50%/a b%20c.csv"))


@pytest.mark.s3
@pytest.mark.network
def test_objects_are_what_another_client_sees(spark: SparkSession, s3: S3) -> None:
    bucket = s3.bucket()
    storage = storage_for(f"s3a://{bucket}", spark)
    assert storage.create(f"s3a://{bucket}/lake/ä [1].json", json.dumps({"a": 1}))
    s3.put(bucket, "lake/of boto3.json", "{}")
    assert s3.keys(bucket) == ["lake/of boto3.json", "lake/ä [1].json"]
    paths = [info.path for info in storage.files(f"s3a://{bucket}/lake/")]
    assert paths == [f"s3a://{bucket}/lake/of boto3.json", f"s3a://{bucket}/lake/ä [1].json"]
    assert [info.path for info in storage_for("s3://x", spark).files(f"s3://{bucket}/lake/o*")] == [
        f"s3://{bucket}/lake/of boto3.json"
    ]


@pytest.mark.s3
@pytest.mark.network
def test_a_source_in_a_bucket_may_be_empty_if_it_had_files_before(spark: SparkSession, s3: S3) -> None:
    source = f"s3a://{s3.bucket()}/in"
    storage = storage_for(source, spark)
    with pytest.raises(ReadError, match=f"^there is nothing at {source}"):
        list_files(storage, source)
    assert list_files(storage, source, known=True) == []


@pytest.mark.s3
@pytest.mark.network
def test_where_the_store_can_not_decide_it_is_asked_first_and_written_then(
    spark: SparkSession, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framework.state.s3_create.S3A", "another client")
    bucket = s3.bucket()
    storage = storage_for("s3://x", spark)
    assert [storage.create(f"s3://{bucket}/1.json", text) for text in ("a", "b")] == [True, False]
    assert storage.read_text(f"s3a://{bucket}/1.json") == "a"


@pytest.mark.s3
@pytest.mark.network
def test_a_bucket_that_is_not_there_is_named(spark: SparkSession, s3: S3) -> None:
    storage: Storage = storage_for("s3a://nobody-has-this", spark)
    attempts: list[Callable[[], object]] = [
        lambda: storage.create("s3a://nobody-has-this/a", ""),
        lambda: storage.write("s3a://nobody-has-this/a", ""),
    ]
    for attempt in attempts:
        with pytest.raises(StateError, match=r"^cannot write s3a://nobody-has-this/a: got .*[Bb]ucket"):
            attempt()
    with pytest.raises(ReadError, match=r"^(cannot list|there is nothing at) s3a://nobody-has-this/in"):
        list_files(storage, "s3a://nobody-has-this/in")


def _damaged(place: Place, tmp_path: Path) -> str:
    """A file of several megabytes that breaks off in the middle when Hadoop reads it: its checksum is wrong there."""
    path = tmp_path / "damaged.bin"
    place.storage.write(str(path), "x" * 20_000_000)
    with path.open("r+b") as stream:
        stream.seek(15_000_000)
        stream.write(b"y")
    return str(path)
