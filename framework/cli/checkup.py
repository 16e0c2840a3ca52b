"""What `sluice doctor` looks at: each check by itself, none stops the next."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from framework.cli.words import plural
from framework.errors import ConfigError, SessionError, SluiceError, StateError
from framework.redact import redact

if TYPE_CHECKING:
    from rich.text import Text

    from framework.config import Project
    from framework.session.versions import Lane
    from framework.state.storage import Storage


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    name: str
    ok: bool
    detail: str
    fix: str = ""
    exit_code: int = 0

    def text(self) -> Text:
        """The finding as one line, and one more for its remedy.

        >>> print(Finding("Java", False, "no Java at all", "Set JAVA_HOME.").text())
        ✗ Java           no Java at all
                         fix: Set JAVA_HOME.
        """
        from rich.text import Text

        mark = ("✓ ", "green") if self.ok else ("✗ ", "bold red")
        text = Text.assemble(mark, f"{self.name:<15}", redact(self.detail))
        if self.fix:
            text.append("\n" + " " * 17).append("fix: ", "green").append(redact(self.fix))
        return text


def checkup(
    conf: str, environment: str | None, overrides: Sequence[str], *, with_spark: bool
) -> Iterator[Finding]:
    """All findings, one after another as they are made."""
    yield _look("Python", _python)
    yield _look("PySpark", _pyspark)
    yield _look("Java", _java)
    yield _look("jars", _jars)
    loaded: list[Project] = []
    yield _look("configuration", lambda: _configuration(conf, environment, overrides, loaded))
    if loaded:
        yield _look("lake root", lambda: _root(loaded[0]))
        if with_spark:
            yield _look("Spark", lambda: _spark(loaded[0]))


def _look(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, check())
    except SluiceError as error:
        facts = [
            f"got {error.found}" if error.found is not None else "",
            f"expected {error.expected}" if error.expected else "",
        ]
        detail = "; ".join(part for part in (error.what, *facts) if part)
        where = f"{error.where}: " if error.where else ""
        return Finding(name, False, where + detail, error.fix or "", error.exit_code)
    except Exception as error:
        return Finding(name, False, f"{type(error).__name__}: {error}", exit_code=1)


def _python() -> str:
    found = sys.version_info
    text = f"{found.major}.{found.minor}.{found.micro}"
    if found < (3, 11):
        raise SessionError(
            "this Python is too old",
            found=text,
            expected="3.11 or newer",
            fix="Make the environment anew with Python 3.11.",
        )
    return text


def _lane() -> Lane:
    from framework.session.versions import lane_of

    try:
        return lane_of(version("pyspark"))
    except PackageNotFoundError:
        raise SessionError(
            "PySpark is not installed", fix="Run `make setup`, or `pip install 'sluice-lake[spark35]'`."
        ) from None


def _pyspark() -> str:
    lane = _lane()
    found = version("pyspark")
    if lane.line == "3.5" and sys.version_info >= (3, 12):
        raise SessionError(
            "Spark 3.5 does not support this Python",
            found=f"{sys.version_info.major}.{sys.version_info.minor}",
            expected="3.11",
            fix="Use Python 3.11, or lane 4.1: `pip install 'sluice-lake[spark41]'`.",
        )
    return f"{found} (lane {lane.line})"


def _java() -> str:
    from framework.session.java import find_java

    java = find_java(_lane(), os.environ)
    return f"{java.major}, from {java.source}"


def _jars() -> str:
    from framework.session.jar_cache import available_groups, cached_jars

    lane = _lane()
    core = cached_jars(lane, ["core"], os.environ)
    others = [group for group in available_groups(lane, os.environ) if group != "core"]
    return f"{len(core)} of group core in the cache" + (f"; also {', '.join(others)}" if others else "")


def _configuration(
    conf: str, environment: str | None, overrides: Sequence[str], loaded: list[Project]
) -> str:
    from framework.config import validate

    found = validate(conf, environment=environment, overrides=tuple(overrides))
    if found.project is not None:
        loaded.append(found.project)
    if found.problems:
        raise ConfigError(
            f"{len(found.problems)} problems in {conf}", fix="`sluice validate` shows them all."
        )
    assert found.project is not None
    return f"{conf}: {plural(found.jobs, 'job')}, environment {found.project.environment}"


def _root(project: Project) -> str:
    from framework.state import storage_for

    root = project.lake.root
    try:
        storage = storage_for(root)
    except StateError:
        return f"{root} (is reached through Spark only: --spark checks it)"
    _probe(storage, root)
    return f"{root} can be written"


def _probe(storage: Storage, root: str) -> None:
    path = f"{root.rstrip('/')}/_sluice/.doctor-{uuid.uuid4().hex}"
    storage.write(path, "")
    storage.delete(path)


def _spark(project: Project) -> str:
    from framework.cli.session import spark_for
    from framework.state import storage_for

    root = project.lake.root
    with spark_for(project) as spark:
        _probe(storage_for(root, spark), root)
        formats = [_round_trip(project, spark, name) for name in ("iceberg", "delta")]
        return f"{spark.version} starts; {root} can be written; {' and '.join(formats)} write and read"


def _round_trip(project: Project, spark: object, name: str) -> str:
    from framework.tables import TableSpec, table_format
    from framework.tables.base import TableRef

    scratch = f"doctor_{uuid.uuid4().hex[:8]}"
    location = f"{project.lake.root.rstrip('/')}/_sluice/{scratch}"
    identifier = (
        f"`{project.lake.catalog.name}`.`sluice`.`{scratch}`" if name == "iceberg" else f"delta.`{location}`"
    )
    ref = TableRef(f"sluice.{scratch}", name, identifier, None if name == "iceberg" else location)
    fmt = table_format(spark, name)  # type: ignore[arg-type]
    row = spark.range(1)  # type: ignore[attr-defined]
    fmt.create(ref, TableSpec(row.schema))
    try:
        fmt.append(row, ref, None)
        if fmt.read(ref).count() != 1:
            raise SessionError(f"{name} did not give back the row that was written")
    finally:
        fmt.drop(ref)
    return name
