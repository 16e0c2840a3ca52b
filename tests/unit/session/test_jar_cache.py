"""Jars are fetched once, checked, reused without a network, and a failure says what is missing and what to do."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from framework.errors import SessionError
from framework.session import jar_cache
from framework.session.ivy import Answer, Found, Request
from framework.session.jar_cache import cached_jars, fetch, fetch_groups
from framework.session.jar_lock import JarLock, LockedGroup, LockedJar
from framework.session.versions import LANES, Artifact

LANE = LANES["3.5"]
CONTENT = {"one": b"first jar", "two": b"second jar"}


def locked(name: str) -> LockedJar:
    content = CONTENT[name]
    return LockedJar(
        "org.x", name, "1.0", f"{name}-1.0.jar", len(content), hashlib.sha256(content).hexdigest()
    )


LOCK = JarLock("3.5", {"core": LockedGroup((), (locked("one"), locked("two")))})


class Repository:
    """A resolver that has some of the artifacts, and remembers what it was asked for."""

    def __init__(self, folder: Path, **contents: bytes) -> None:
        self.folder = folder
        self.contents = contents
        self.asked: list[list[str]] = []

    def resolve(self, request: Request) -> Answer:
        self.asked.append([artifact.name for artifact in request.artifacts])
        found = [self._found(artifact) for artifact in request.artifacts if artifact.name in self.contents]
        absent = [artifact.name for artifact in request.artifacts if artifact.name not in self.contents]
        return Answer(tuple(found), f"not found: {absent}" if absent else "")

    def _found(self, artifact: Artifact) -> Found:
        self.folder.mkdir(exist_ok=True)
        path = self.folder / f"{artifact.name}.jar"
        path.write_bytes(self.contents[artifact.name])
        return Found(artifact, path)


def no_network(request: Request) -> Answer:
    raise AssertionError(f"the network was asked for {request.artifacts}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "jars"


@pytest.fixture
def complete(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "ivy", **CONTENT)


def test_what_is_missing_is_fetched_and_lies_there_under_its_name(folder: Path, complete: Repository) -> None:
    assert fetch(LOCK, "core", folder, complete.resolve) == 2
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "one-1.0.jar": b"first jar",
        "two-1.0.jar": b"second jar",
    }


def test_a_complete_cache_is_reused_without_a_network(folder: Path, complete: Repository) -> None:
    fetch(LOCK, "core", folder, complete.resolve)
    assert fetch(LOCK, "core", folder, no_network) == 0


def test_a_failed_download_keeps_what_it_had_and_the_next_try_goes_on(
    tmp_path: Path, folder: Path, complete: Repository
) -> None:
    half = Repository(tmp_path / "half", one=CONTENT["one"])
    with pytest.raises(SessionError) as caught:
        fetch(LOCK, "core", folder, half.resolve)
    text = str(caught.value)
    assert "got 1 of 2 (not found: ['two']), expected also two-1.0.jar" in text
    assert "run the same command again: it goes on where it stopped" in text
    assert fetch(LOCK, "core", folder, complete.resolve) == 1
    assert complete.asked == [["two"]]


def test_a_jar_with_another_checksum_is_refused_and_thrown_away(tmp_path: Path, folder: Path) -> None:
    wrong = Repository(tmp_path / "wrong", one=b"first jaR", two=CONTENT["two"])
    with pytest.raises(SessionError, match="is not the jar that Sluice recorded"):
        fetch(LOCK, "core", folder, wrong.resolve)
    assert not (tmp_path / "wrong" / "one.jar").exists()
    assert not (folder / "one-1.0.jar").exists()


@pytest.mark.parametrize(
    "damage", [b"", b"first ja", b"first jaR"], ids=["empty", "cut short", "one byte differs"]
)
def test_a_damaged_jar_in_the_cache_is_fetched_again(
    folder: Path, complete: Repository, damage: bytes
) -> None:
    fetch(LOCK, "core", folder, complete.resolve)
    (folder / "one-1.0.jar").write_bytes(damage)
    assert fetch(LOCK, "core", folder, complete.resolve) == 1
    assert (folder / "one-1.0.jar").read_bytes() == CONTENT["one"]


@pytest.fixture
def lane_with_lock(monkeypatch: pytest.MonkeyPatch) -> Callable[[JarLock], None]:
    def use(lock: JarLock) -> None:
        monkeypatch.setattr(jar_cache, "load_lock", lambda lane: lock)

    return use


def test_a_session_without_its_jars_is_told_the_command(
    tmp_path: Path, lane_with_lock: Callable[[JarLock], None]
) -> None:
    lane_with_lock(LOCK)
    with pytest.raises(SessionError) as caught:
        cached_jars(LANE, ["core"], {"XDG_CACHE_HOME": str(tmp_path)})
    text = str(caught.value)
    assert "2 missing or cut short: one-1.0.jar, two-1.0.jar" in text
    assert "python -m framework.session.jars --lane 3.5 --group core" in text


def test_a_session_gets_the_jars_of_its_groups_in_order_and_each_once(
    tmp_path: Path, complete: Repository, lane_with_lock: Callable[[JarLock], None]
) -> None:
    lock = JarLock("3.5", {**LOCK.groups, "more": LockedGroup((), (locked("two"),))})
    lane_with_lock(lock)
    folder = tmp_path / "sluice" / "jars" / "3.5"
    fetch(lock, "core", folder, complete.resolve)
    found = cached_jars(LANE, ["core", "more"], {"XDG_CACHE_HOME": str(tmp_path)})
    assert [path.name for path in found] == ["one-1.0.jar", "two-1.0.jar"]


def test_one_group_that_fails_does_not_stop_the_others(
    tmp_path: Path, lane_with_lock: Callable[[JarLock], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = JarLock(
        "3.5", {"quality": LockedGroup((), (locked("two"),)), "core": LockedGroup((), (locked("one"),))}
    )
    lane_with_lock(lock)
    source = Repository(tmp_path / "ivy", one=CONTENT["one"])
    monkeypatch.setattr(jar_cache, "ivy_for", lambda lane, environ: source)
    said: list[str] = []
    failed = fetch_groups(LANE, ["quality", "core"], {"XDG_CACHE_HOME": str(tmp_path)}, said.append)
    assert failed == ["quality"]
    assert "expected also two-1.0.jar" in said[0]
    assert said[1] == "jars 3.5/core: 1 at hand, 1 of them fetched now"


def test_a_group_that_a_lane_does_not_have_is_left_out_with_the_reason(tmp_path: Path) -> None:
    said: list[str] = []
    assert fetch_groups(LANES["4.1"], ["quality"], {"XDG_CACHE_HOME": str(tmp_path)}, said.append) == []
    assert said == [f"jars 4.1/quality: left out. {LANES['4.1'].unavailable['quality']}"]
