"""The table of versions agrees with what is installed, with the locks, and with how vendors write versions."""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from framework.errors import SessionError
from framework.session.jar_lock import dump_lock, load_lock, parse_lock
from framework.session.versions import LANES, Lane, default_line, lane_of, spark_line

ROOT = Path(__file__).parents[3]


@pytest.fixture(params=LANES.values(), ids=LANES)
def lane(request: pytest.FixtureRequest) -> Lane:
    value: Lane = request.param
    return value


def test_the_table_names_the_installed_packages() -> None:
    lane = lane_of(version("pyspark"))
    assert (version("pyspark"), version("delta-spark")) == (lane.spark, lane.delta)


def test_the_jars_of_a_lane_belong_to_its_scala_and_its_spark_line(lane: Lane) -> None:
    names = [artifact.name for group in lane.groups.values() for artifact in group]
    assert [name for name in names if "_2." in name and not name.endswith(f"_{lane.scala}")] == []
    assert f"iceberg-spark-runtime-{lane.line}_{lane.scala}" in names


def test_every_lock_answers_what_the_table_asks_for(lane: Lane) -> None:
    lock = load_lock(lane)
    asked = {name: tuple(map(str, group)) for name, group in lane.groups.items()}
    assert {name: group.asked for name, group in lock.groups.items()} == asked


def test_every_locked_jar_has_a_size_and_a_checksum(lane: Lane) -> None:
    jars = [jar for group in load_lock(lane).groups.values() for jar in group.jars]
    assert all(jar.size > 0 and len(jar.sha256) == 64 for jar in jars)


def test_no_lock_names_a_host_or_a_path_of_a_machine(lane: Lane) -> None:
    texts = [dump_lock(load_lock(lane)), (ROOT / lane.requirements).read_text(encoding="utf-8")]
    assert [text for text in texts if "://" in text or "/home/" in text or "/root/" in text] == []


def test_hadoops_bundle_of_the_aws_sdk_comes_before_icebergs(lane: Lane) -> None:
    names = [jar.name for jar in load_lock(lane).jars("aws")]
    assert names[-1] == "iceberg-aws-bundle"
    assert {"bundle", "aws-java-sdk-bundle"} & set(names[:-1])


def test_a_lock_survives_being_written_and_read(lane: Lane) -> None:
    lock = load_lock(lane)
    assert parse_lock(dump_lock(lock)) == lock
    assert json.loads(dump_lock(lock))["lane"] == lane.line


def test_an_unknown_group_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SessionError, match="got 'awz', expected aws, core, quality"):
        load_lock(LANES["3.5"]).jars("awz")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("3.5.7", "3.5"),
        ("3.5.6-amzn-1", "3.5"),
        ("3.5.4-amzn-0", "3.5"),
        ("4.1.1", "4.1"),
        ("4.1.0-preview1", "4.1"),
    ],
)
def test_only_major_and_minor_of_a_version_count(text: str, line: str) -> None:
    assert spark_line(text) == line
    assert lane_of(text).line == line


@pytest.mark.parametrize(("text", "fact"), [("3.3.2", "3.3.2"), ("5.0.0", "5.0.0"), ("spark", "'spark'")])
def test_a_line_that_sluice_does_not_know_is_refused_by_name(text: str, fact: str) -> None:
    with pytest.raises(SessionError, match=fact):
        lane_of(text)


@pytest.mark.parametrize(("python", "line"), [((3, 11), "3.5"), ((3, 12), "4.1"), ((3, 13), "4.1")])
def test_the_default_lane_is_the_one_that_the_interpreter_can_run(python: tuple[int, int], line: str) -> None:
    assert default_line(python) == line


def test_set_up_chooses_the_same_lane_as_the_framework() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import bootstrap
    finally:
        sys.path.pop(0)
    for python in ((3, 11), (3, 12), (3, 13)):
        assert bootstrap.choose_lane(None, python) == default_line(python)
    with pytest.raises(bootstrap.Refused, match="make LANE=4.1"):
        bootstrap.choose_lane("3.5", (3, 12))
    with pytest.raises(bootstrap.Refused, match="Sluice needs 3.11"):
        bootstrap.choose_lane(None, (3, 9))
