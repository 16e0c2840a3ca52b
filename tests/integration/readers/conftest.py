"""What tests of readers share: a lake in a folder of its own, and a source read in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from framework.changes.columns import BAD, RAW, SRC
from framework.config.job import Read
from framework.config.lake import Lake
from framework.context import RunContext
from framework.readers import find_reader
from framework.readers.base import Inputs, StrictReader
from framework.state import LocalStorage
from tests.postgres import Postgres, running_postgres


class SeenItems:
    """Remembers items as the intents of a job do."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def has(self, item: Mapping[str, Any]) -> bool:
        return dict(item) in self.items

    def last(self) -> Mapping[str, Any] | None:
        return self.items[-1] if self.items else None

    def add(self, inputs: Inputs) -> None:
        self.items.extend(dict(item) for item in inputs.items)


@pytest.fixture
def seen() -> SeenItems:
    return SeenItems()


@pytest.fixture
def ctx(spark: SparkSession, tmp_path: Path) -> RunContext:
    """A run in a lake of its own, in a session of its own."""
    return RunContext(spark.newSession(), Lake(root=str(tmp_path)), LocalStorage(), "run-1")


@pytest.fixture
def put(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file below the lake's root."""

    def write(path: str, content: str | bytes) -> Path:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


@pytest.fixture
def load(ctx: RunContext) -> Callable[..., DataFrame]:
    """Everything a source has, positions included."""

    def read(positions: bool = True, **source: Any) -> DataFrame:
        described = Read(**source)
        reader = find_reader(described.format)
        return reader.read(ctx, described, reader.discover(ctx, described, SeenItems()), positions=positions)

    return read


@pytest.fixture
def load_strictly(ctx: RunContext) -> Callable[..., DataFrame | None]:
    """A source's columns alone, up to the first bad record."""

    def read(**source: Any) -> DataFrame | None:
        described = Read(**source)
        reader = find_reader(described.format)
        assert isinstance(reader, StrictReader)
        return reader.read_strictly(ctx, described, reader.discover(ctx, described, SeenItems()))

    return read


def rows(df: DataFrame) -> list[tuple[Any, ...]]:
    """Data columns, then the position, what is wrong, and the raw text; in the order of files and records."""
    data = [name for name in df.columns if name not in (SRC, BAD, RAW)]
    collected = sorted(df.collect(), key=lambda row: (row[SRC]["name"], row[SRC]["position"] or 0))
    return [(*[row[name] for name in data], row[SRC]["position"], row[BAD], row[RAW]) for row in collected]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL of this run of pytest."""
    with running_postgres() as server:
        yield server
