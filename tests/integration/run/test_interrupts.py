"""Ctrl-C and SIGTERM end a run within seconds, with a code of their own, and the next run goes on from there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from framework.config import load_project
from framework.state.ledger import runs
from framework.state.local_storage import LocalStorage

NAP_MS = 90_000


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A lake with a job that takes long, and one that reads what it writes."""
    folder = tmp_path / "conf"
    (folder / "jobs").mkdir(parents=True)
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text("id,v\n1,a\n2,b\n")
    (folder / "lake.yaml").write_text(f"root: {tmp_path / 'lake'}\n")
    schema = {"id": "int", "v": "string"}
    jobs: list[dict[str, Any]] = [
        {
            "job": "x.slow",
            "read": {
                "format": "csv",
                "path": str(tmp_path / "in"),
                "schema": schema,
                "options": {"header": True},
            },
            "transform": {"python": "tests.integration.run.slow:sleepy"},
            "write": {"table": "standardized.x.slow", "mode": "append"},
        },
        {
            "job": "x.after",
            "read": {"format": "table", "table": "standardized.x.slow"},
            "write": {"table": "conformed.x.after", "mode": "overwrite"},
        },
    ]
    for job in jobs:
        job_file = folder / "jobs" / f"{job['job']}.yaml"
        job_file.write_text(yaml.safe_dump(job))
    return folder


def test_an_interrupted_run_ends_soon_and_the_next_one_finishes_its_batch(conf: Path) -> None:
    lake = load_project(str(conf)).lake
    code, out, err, took = _run(conf, signal.SIGINT)
    assert code == 130, err
    assert took < 30, "the job would have slept for much longer"
    assert "interrupted in batch 1: the next run finishes it, with the same inputs" in out
    assert "not run, because the run was interrupted" in out
    assert "The next run goes on from here" in err
    assert "Traceback" not in err
    assert runs(LocalStorage(), lake)[0].ending == "interrupted"
    assert {job.job: job.status for job in runs(LocalStorage(), lake)[0].jobs} == {
        "x.after": "skipped",
        "x.slow": "failed",
    }

    # a scheduler may tell the whole group of processes, and the JVM is gone before the run can say a word to it
    (conf.parent / "in/b.csv").write_text("id,v\n3,c\n")
    code, out, err, took = _run(conf, signal.SIGTERM)
    assert code == 143, err
    assert took < 30
    assert "interrupted in batch 1" in out
    assert "Traceback" not in err

    code, out, err, _ = _run(conf, None)
    assert code == 0, err
    outcome = json.loads(out)
    slow, after = sorted(outcome["jobs"], key=lambda job: job["job"], reverse=True)
    assert "batch 1 was found unfinished and done again from its intent" in slow["notes"]
    assert (slow["batch"], slow["counts"]["inserted"], after["counts"]["inserted"]) == (2, 3, 3)


def _run(conf: Path, number: signal.Signals | None) -> tuple[int, str, str, float]:
    """`sluice run --all`, told to stop once its slow job sleeps; exit code, output, and the seconds it took to stop."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    environment["SLUICE_TEST_SLEEP_MS"] = str(NAP_MS if number is not None else 0)
    command = [sys.executable, "-m", "framework.cli.main", "run", "--all", "-C", str(conf)]
    log = conf.parent / "err.txt"
    with log.open("w") as err:
        json_flag = ["--json"] if number is None else []
        process = subprocess.Popen(
            [*command, *json_flag], env=environment, stdout=-1, stderr=err, text=True, start_new_session=True
        )
        told = time.monotonic()
        if number is not None:
            _wait_until_it_sleeps(log, process)
            told = time.monotonic()
            if number is signal.SIGTERM:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
        out, _ = process.communicate(timeout=150)
    return process.returncode, out, log.read_text(), time.monotonic() - told


def _wait_until_it_sleeps(log: Path, process: subprocess.Popen[str]) -> None:
    """The job has begun, and what comes before its Spark job is done, too."""
    until = time.monotonic() + 120
    while "x.slow: started" not in log.read_text() and time.monotonic() < until:
        assert process.poll() is None, "the run ended before it was told to"
        time.sleep(0.2)
    time.sleep(6)
