"""A place has one spelling inside, whatever it is called in the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.config import Project, check_project, load_project
from framework.config.lake import Catalog, Lake, Layer
from framework.config.places import absolute, identity
from framework.readers.paths import lake_path
from framework.state.intents import SeenItems


def test_every_spelling_of_a_root_on_this_machine_is_the_same_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spelled = ["lake", "./lake/", f"{tmp_path}/lake", f"{tmp_path}//x/../lake/", f"file:{tmp_path}/lake"]
    spelled += [f"file://{tmp_path}/lake/", f"file://{tmp_path}/l%61ke"]
    assert {Lake(root=each).root for each in spelled} == {f"{tmp_path}/lake"}
    assert {lake_path(Lake(root=each), "raw/crm/") for each in spelled} == {f"{tmp_path}/lake/raw/crm"}
    there = {lake_path(Lake(root="lake"), f"{each}/in/*.csv") for each in spelled[2:]}
    assert there == {f"{tmp_path}/lake/in/*.csv"}


def test_a_root_elsewhere_keeps_its_scheme_and_loses_needless_slashes() -> None:
    assert Lake(root="s3://bucket//lake/").root == "s3://bucket/lake"
    assert absolute("s3a://bucket/") == "s3a://bucket"
    assert absolute("hdfs://name:8020/a%20b/") == "hdfs://name:8020/a%20b"


def test_the_location_of_a_layer_is_a_place_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Layer(name="raw", location="elsewhere/").location == f"{tmp_path}/elsewhere"


def test_a_path_that_begins_with_the_root_is_not_put_below_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf/jobs").mkdir(parents=True)
    (tmp_path / "conf/lake.yaml").write_text("root: lake\n")
    (tmp_path / "conf/jobs/a.yaml").write_text(
        "job: a.b\nread: {format: csv, path: '${lake.root}/inbox'}\nwrite: {table: standardized.a.b}\n"
    )
    monkeypatch.chdir(tmp_path)
    project = load_project("conf")
    path = next(iter(project.job("a.b").sources.values())).path
    assert path == f"{tmp_path}/lake/inbox"
    assert lake_path(project.lake, str(path)) == path


def test_a_file_that_was_read_is_known_by_every_spelling_of_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def item(path: str) -> dict[str, object]:
        return {"path": path, "size": 3, "modified_ms": 7}

    spelled = ["in/a b.csv", f"{tmp_path}/in/a b.csv", f"file://{tmp_path}/in/a%20b.csv"]
    for one in spelled:
        assert all(SeenItems([item(one)]).has(item(other)) for other in spelled)
    buckets = ["s3://b/in/a%20b.csv", "s3a://b/in//a%20b.csv"]
    for one in buckets:
        assert all(SeenItems([item(one)]).has(item(other)) for other in buckets)
    assert not SeenItems([item(buckets[0])]).has(item("s3://b/in/a b.csv"))
    assert SeenItems([{"table": "a", "version": 1}]).has({"version": 1, "table": "a"})


def test_buckets_of_other_stores_are_not_those_of_s3() -> None:
    assert identity("gs://b/a") != identity("s3://b/a")


def test_a_lake_in_a_bucket_with_a_catalog_in_sqlite_is_refused_before_spark_starts() -> None:
    problems = check_project(Project(Lake(root="s3://bucket/lake"), {}))
    assert [error.fix for error in problems] == [
        "Set `type: glue` or `type: rest`, or the `uri:` of a database, such as jdbc:postgresql://host/db."
    ]
    assert check_project(Project(Lake(root="s3://bucket/lake", catalog=Catalog(type="glue")), {})) == []
