"""spark-submit.sh on a cluster of two workers: the same job, the same tables, and nothing left behind."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.clusters.standalone import standalone_cluster
from tests.clusters.submitting import PROJECT, SMALL, delta_rows, iceberg_rows, submit

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def test_jobs_run_on_two_workers_and_functions_come_from_the_zip(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with standalone_cluster(tmp_path / "cluster", workers=2, memory="1g") as cluster:
        done = submit(
            lake,
            *("--master", cluster.master, "--all", "true", "--log-format", "json", "--run-id", "r1"),
            *SMALL,
        )
        applications = cluster.status()["completedapps"]
        executors = list(cluster.folder.glob("worker-*/app-*/*"))
    assert done.returncode == 0, done.stdout + done.stderr[-5000:]
    entries = [json.loads(line) for line in done.stdout.splitlines()]
    assert {entry["run_id"] for entry in entries} == {"r1"}
    assert entries[0]["message"] == "runtime spark-submit (env:PYSPARK_GATEWAY_PORT)"
    summary = {entry["job"]: entry for entry in entries if "counts" in entry}
    assert summary["geo.cities"]["counts"]["read"] == 4
    assert summary["geo.cities"]["counts"]["inserted"] == 3
    assert summary["geo.cities"]["counts"]["quarantined"] == 1
    assert (entries[-1]["status"], entries[-1]["exit_code"], entries[-1]["runtime"]) == (
        "done",
        0,
        "spark-submit",
    )

    assert iceberg_rows(lake, "standardized_geo.cities", "city_id", "name", "people") == [
        {"city_id": 1, "name": "Oslo", "people": 717710},
        {"city_id": 2, "name": "Bergen", "people": 291940},
        {"city_id": 4, "name": "Narvik", "people": 13742},
    ]
    assert delta_rows(lake, "conformed/geo/labels", "city_id", "label") == [
        {"city_id": 1, "label": "OSLO from the zip"},
        {"city_id": 2, "label": "BERGEN from the zip"},
        {"city_id": 4, "label": "NARVIK from the zip"},
    ]

    assert [(each["name"], each["state"]) for each in applications] == [("sluice cluster-test", "FINISHED")]
    assert len(executors) == 2
    assert not (PROJECT / "spark-warehouse").exists()
    assert _processes_of(tmp_path) == []


def _processes_of(folder: Path) -> list[str]:
    """The command lines of processes that name the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line and path.parent.name != str(os.getpid()):
            found.append(line)
    return found
