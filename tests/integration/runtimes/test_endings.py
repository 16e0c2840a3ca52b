"""How runs end on each platform, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clusters.submitting import PROJECT, ROOT, SMALL, submit

STAND_INS = ROOT / "tests" / "stand_ins"
LOCAL = ("--master", "local[1]", *SMALL)
ON_GLUE = ("--JOB_NAME", "nightly", "--JOB_RUN_ID", "jr_1", "--TempDir", "s3://bucket/tmp")
GLUE_ARGUMENTS = (*ON_GLUE, "--enable-glue-datacatalog", "true", "--conf", "spark.a=1 --conf spark.b=2")


@pytest.mark.slow
def test_on_glue_a_good_run_is_initialised_then_committed_and_ends_by_itself(tmp_path: Path) -> None:
    events = tmp_path / "events"
    done = submit(
        tmp_path / "lake",
        *(*LOCAL, "--", "--job", "geo.cities", *GLUE_ARGUMENTS),
        python_path=[STAND_INS],
        GLUE_STAND_IN_EVENTS=str(events),
    )
    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
    assert events.read_text().splitlines() == ["init nightly job-bookmark-disable", "commit"]
    assert "runtime glue (module:awsglue, argument:--JOB_NAME)" in done.stdout
    assert "WARNING" in done.stdout
    assert f"are ignored: {' '.join(GLUE_ARGUMENTS)}" in done.stdout
    assert "1 quarantined" in done.stdout


@pytest.mark.slow
def test_on_glue_a_failed_run_is_not_committed_and_ends_by_its_exception(tmp_path: Path) -> None:
    events = tmp_path / "events"
    done = submit(
        tmp_path / "lake",
        *(*LOCAL, "--", "--job", "geo.lost", *GLUE_ARGUMENTS),
        python_path=[STAND_INS],
        GLUE_STAND_IN_EVENTS=str(events),
    )
    assert done.returncode == 1
    assert events.read_text().splitlines() == ["init nightly job-bookmark-disable"]
    # spark-submit sends what Python writes to standard error to its standard output
    assert "JobsFailedError: 1 job(s) failed: geo.lost" in done.stdout
    assert "SystemExit" not in done.stdout


@pytest.mark.slow
def test_spark_submit_ends_with_the_exit_code_of_the_errors_class(tmp_path: Path) -> None:
    done = submit(tmp_path / "lake", *LOCAL, "--job", "geo.lost")
    assert done.returncode == 5, done.stdout + done.stderr[-5000:]
    assert "ERROR" in done.stdout
    assert "geo.lost" in done.stdout


BEFORE_SPARK = [
    ("local", {}, 2, ""),
    ("spark-submit", {}, 2, ""),
    ("emr", {}, 2, ""),
    ("emr-serverless", {}, 2, ""),
    ("glue", {}, 1, "ConfigError: there is no job"),
    ("emr", {"CONTAINER_ID": "container_1_0001_01_000001"}, 1, "ConfigError: there is no job"),
]


@pytest.mark.parametrize(("runtime", "environment", "code", "raised"), BEFORE_SPARK)
def test_a_wrong_configuration_ends_each_runtime_its_way_before_spark_starts(
    runtime: str, environment: dict[str, str], code: int, raised: str, tmp_path: Path
) -> None:
    done = entry("--runtime", runtime, "--job", "geo.cties", lake=tmp_path, environment=environment)
    assert done.returncode == code, done.stderr
    assert "there is no job `geo.cties`" in done.stdout
    assert raised in done.stderr
    assert ("Traceback" in done.stderr) == bool(raised)
    assert not any(tmp_path.iterdir())


def test_arguments_that_make_no_sense_end_with_the_options(tmp_path: Path) -> None:
    done = entry("--runtime", "local", lake=tmp_path)
    assert done.returncode == 2
    assert "nothing to run: expected --job NAME or --all true" in done.stdout
    assert "--overrides 'a=b;c=d'" in done.stdout


def entry(
    *words: str, lake: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The entry script as a process."""
    own = {"SLUICE_LAKE": str(lake), "SLUICE_INBOX": str(PROJECT / "inbox"), "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, str(ROOT / "jobs" / "main.py"), *words],
        env={**os.environ, **own, **(environment or {})},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
