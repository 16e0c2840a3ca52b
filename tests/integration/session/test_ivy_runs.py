"""Ivy itself, against a repository in a folder: what it brings, keeps, and says. No network is asked for anything."""

import hashlib
import os
from pathlib import Path

import pytest

from framework.errors import SessionError
from framework.session.ivy import Ivy, Request
from framework.session.jar_cache import fetch
from framework.session.jar_lock import JarLock, LockedGroup, LockedJar
from framework.session.java import find_java
from framework.session.versions import LANES, Artifact

SETTINGS = """<ivysettings><settings defaultResolver="folder"/><caches defaultCacheDir="{cache}"/>
<resolvers><ibiblio name="folder" m2compatible="true" root="{root}"/></resolvers></ivysettings>"""
POM = """<project><modelVersion>4.0.0</modelVersion><groupId>org.x</groupId><artifactId>{name}</artifactId>
<version>1.0</version>{dependencies}</project>"""
NEEDS = (
    "<dependencies><dependency><groupId>org.x</groupId><artifactId>{name}</artifactId><version>1.0</version>"
    "</dependency></dependencies>"
)


def publish(repository: Path, name: str, needs: str | None = None) -> LockedJar:
    """Put a jar with its description into the repository."""
    folder = repository / "org" / "x" / name / "1.0"
    folder.mkdir(parents=True)
    content = f"jar of {name}".encode()
    (folder / f"{name}-1.0.jar").write_bytes(content)
    dependencies = NEEDS.format(name=needs) if needs else ""
    (folder / f"{name}-1.0.pom").write_text(POM.format(name=name, dependencies=dependencies))
    return LockedJar(
        "org.x", name, "1.0", f"{name}-1.0.jar", len(content), hashlib.sha256(content).hexdigest()
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return tmp_path / "repository"


@pytest.fixture
def ivy(tmp_path: Path, repository: Path) -> Ivy:
    settings = tmp_path / "settings.xml"
    settings.write_text(SETTINGS.format(cache=tmp_path / "cache", root=repository.as_uri() + "/"))
    return Ivy(find_java(LANES["3.5"], os.environ).executable, tmp_path / "cache", settings)


def test_a_transitive_request_brings_what_is_needed_and_a_locked_one_does_not(
    ivy: Ivy, repository: Path
) -> None:
    publish(repository, "needed")
    publish(repository, "asked", needs="needed")
    asked = (Artifact("org.x", "asked", "1.0"),)
    found = {item.artifact.name for item in ivy.resolve(Request(asked, transitive=True)).found}
    alone = {item.artifact.name for item in ivy.resolve(Request(asked, transitive=False)).found}
    assert (found, alone) == ({"asked", "needed"}, {"asked"})


def test_a_download_that_failed_goes_on_when_the_rest_can_be_had(
    ivy: Ivy, repository: Path, tmp_path: Path
) -> None:
    here, folder = publish(repository, "here"), tmp_path / "jars"
    later = publish(tmp_path / "elsewhere", "later")
    lock = JarLock("3.5", {"core": LockedGroup((), (here, later))})
    with pytest.raises(SessionError, match=r"1 of 2 \(org.x#later;1.0: not found\), expected also later"):
        fetch(lock, "core", folder, ivy.resolve)
    assert (folder / "here-1.0.jar").is_file()
    publish(repository, "later")
    assert fetch(lock, "core", folder, ivy.resolve) == 1
    assert {path.name for path in folder.iterdir()} == {"here-1.0.jar", "later-1.0.jar"}
