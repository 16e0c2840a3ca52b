"""A small lake's configuration, and a runner that calls the command as a shell would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from framework.cli.main import call

JOB = """\
job: crm.leads
read:
  format: csv
  path: raw/crm/leads
changes:
  keys: [id]
  sequence: [at]
quality:
  rules: |
    Rules = [ IsComplete "id" ]
write:
  table: standardized.crm.leads
"""


@dataclass
class Answer:
    """What the command said."""

    code: int
    out: str
    err: str


Sluice = Callable[..., Answer]


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A folder with a lake and one sound job."""
    folder = tmp_path / "conf"
    (folder / "jobs").mkdir(parents=True)
    (folder / "lake.yaml").write_text(f"name: test\nroot: {tmp_path / 'lake'}\n")
    (folder / "jobs" / "leads.yaml").write_text(JOB)
    return folder


@pytest.fixture
def sluice(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Sluice:
    """Calls the command in this process; gives back its exit code and what it printed."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("SLUICE_ENV", raising=False)
    monkeypatch.delenv("SLUICE_CONF", raising=False)

    def run(*arguments: object) -> Answer:
        capfd.readouterr()
        code = call([str(each) for each in arguments])
        captured = capfd.readouterr()
        return Answer(code, captured.out, captured.err)

    return run
