"""A configuration folder made of texts, read from its parent, so that messages name `conf/...`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from framework.config.validation import Validation, validate

LAKE = "root: /data/lake\n"
Write = Callable[[Mapping[str, str]], Path]
Check = Callable[..., Validation]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes files by their path below `conf`; lake.yaml is there unless it is given."""
    monkeypatch.chdir(tmp_path)

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in {"lake.yaml": LAKE, **files}.items():
            path = tmp_path / "conf" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return tmp_path / "conf"

    return write_files


@pytest.fixture
def check(write: Write) -> Check:
    """Validates a folder made of texts, with an environment that holds nothing."""

    def check_files(files: Mapping[str, str], **options: object) -> Validation:
        write(files)
        return validate("conf", **{"environ": {}, **options})  # type: ignore[arg-type]

    return check_files
