"""A run that stops anywhere and is started again gives the same tables, and nothing twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from framework.testing.crashes import StopAt
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, LANE, TestLake, feed_lines

BATCHES = {
    "a.csv": [("U", 1, 1, "a"), ("U", 2, 1, "b"), ("U", 3, 1, "c"), ("U", None, 1, "x")],
    "b.csv": [
        ("U", 1, 5, "a2"),
        ("D", 2, 5, None),
        ("U", 4, 5, "d"),
        ("U", None, 2, "y"),
        ("U", 3, 0, "late"),
    ],
}
EXPECTED = [(1, "a2"), (3, "c"), (4, "d")]
BEFORE = False
AFTER = True
# the end of a stage is the beginning of the next: only the last needs its end, too
MERGE_STOPS = [
    *[(stage, BEFORE) for stage in ("discover", "read", "create", "quarantine", "tombstones", "target")],
    ("target", AFTER),
]
# a table that is appended to is made by the commit of its first rows
APPEND_STOPS = [*[(stage, BEFORE) for stage in ("read", "quarantine", "target")], ("target", AFTER)]


def merge_job(lake: TestLake) -> None:
    lake.job(read={"format": "csv", "schema": FEED_SCHEMA}, changes=FEED_CHANGES)


@pytest.mark.parametrize(("stage", "after"), MERGE_STOPS if LANE == "3.5" else MERGE_STOPS[-2:])
def test_a_merge_stopped_at_any_write_boundary_and_run_again_gives_the_same_tables(
    lake: TestLake, stage: str, after: bool
) -> None:
    merge_job(lake)
    if stage != "create":
        lake.file("a.csv", *feed_lines(BATCHES["a.csv"]))
        lake.applied()
        lake.file("b.csv", *feed_lines(BATCHES["b.csv"]))
    else:
        for name, events in BATCHES.items():
            lake.file(name, *feed_lines(events))
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=after))
    # what came in since the crash must not slip into the batch that is done again
    lake.file("c.csv", *feed_lines([("U", 4, 4, "older"), ("U", 2, 4, "dead")]))
    outcome = lake.applied()
    assert lake.rows("id", "v") == EXPECTED
    assert len(lake.rows("id", role="quarantine")) == 2
    assert outcome.counts.read == outcome.counts.accounted
    before = lake.version()
    assert lake.applied().status == "nothing_new"
    assert lake.version() == before


@pytest.mark.parametrize(("stage", "after"), APPEND_STOPS if LANE == "3.5" else APPEND_STOPS[-2:])
def test_an_append_stopped_at_any_write_boundary_and_run_again_appends_every_row_once(
    lake: TestLake, stage: str, after: bool
) -> None:
    lake.job(read={"format": "csv", "schema": {"id": "int", "v": "string"}})
    lake.file("a.csv", "id,v", "1,a", "x,bad", "2,b")
    with pytest.raises(KeyboardInterrupt):
        lake.run(listener=StopAt(stage, after=after))
    lake.file("b.csv", "id,v", "3,c")
    lake.applied()
    assert lake.rows("id", "v") == [(1, "a"), (2, "b"), (3, "c")]
    assert len(lake.rows("id", role="quarantine")) == 1
    assert lake.applied().status == "nothing_new"


# the first batch is killed at the first of them, the second at the others
KILLS = ["target", "quarantine", "tombstones", "target"] if LANE == "3.5" else ["target"]
HISTORY = [
    [1, "a", 1, 5],
    [1, "a2", 5, None],
    [2, "b", 1, 5],
    [3, "late", 0, 1],
    [3, "c", 1, None],
    [4, "d", 5, None],
]


@pytest.mark.both_formats
def test_a_process_killed_in_the_middle_of_its_writes_and_started_again_gives_the_same_tables(
    lake: TestLake, tmp_path: Path
) -> None:
    """Real processes, real SIGKILL: each restart finishes what the last one began, and is killed itself later on.

    Two jobs run side by side on the same feed, scd1 and scd2: the kill meets one at its stage, the other anywhere.
    """
    merge_job(lake)
    changes = {**FEED_CHANGES, "history": "scd2", "tracked": ["v"]}
    lake.job("h", read={"format": "csv", "schema": FEED_SCHEMA}, changes=changes)
    root = tmp_path / "lake"
    (lake.folder / "conf/lake.yaml").write_text(f"root: {root}\n")
    for name, stages in (("a.csv", KILLS[:1]), ("b.csv", KILLS[1:])):
        lake.file(name, *feed_lines(BATCHES[name]))
        for stage in stages:
            assert _drive(lake, stage, delay=0.2) == -signal.SIGKILL
    assert _drive(lake, "nothing", delay=0) == 0
    found = json.loads((lake.folder / "rows.json").read_text())
    assert [tuple(row) for row in found["rows"]] == EXPECTED
    assert found["versions"] == HISTORY
    assert found["quarantined"] == [2, 2]


def _drive(lake: TestLake, stage: str, delay: float) -> int:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.integration.run.killed_process",
            str(lake.folder),
            lake.domain,
            lake.format,
            stage,
            str(delay),
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    if done.returncode not in (0, -signal.SIGKILL):
        pytest.fail(done.stdout[-2000:] + done.stderr[-4000:])
    return done.returncode
