"""A process that runs a lake's jobs `t` (scd1) and `h` (scd2) and kills itself some time after a stage has begun.

python -m tests.integration.run.killed_process FOLDER DOMAIN FORMAT STAGE DELAY
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from framework.config import load_project
from framework.context import SilentListener
from framework.run.api import run_project
from framework.runtimes import open_runtime
from framework.tables import side_table, table_format, table_ref


class KillAt(SilentListener):
    """Kills the process, its JVM with it, `delay` seconds after the stage began."""

    def __init__(self, stage: str, delay: float) -> None:
        self._stage, self._delay = stage, delay

    def stage_started(self, job: str, stage: str) -> None:
        if stage == self._stage:
            threading.Timer(self._delay, os.killpg, (os.getpgrp(), signal.SIGKILL)).start()


def main(folder: str, domain: str, table_format_name: str, stage: str, delay: str) -> None:
    os.setpgrp()
    project = load_project(str(Path(folder) / "conf"))
    spark = open_runtime("local", project).start()
    outcome = run_project(project, [], spark=spark, listener=KillAt(stage, float(delay)))
    errors = [job.error for job in outcome.jobs if job.error]
    if errors:
        sys.exit("; ".join(errors))
    if stage != "nothing":
        # the stage took less than the delay: the kill comes after the run
        threading.Event().wait(float(delay) + 5)
    fmt = table_format(spark, table_format_name)
    tables = [table_ref(project.lake, f"standardized.{domain}.{name}", table_format_name) for name in "th"]
    rows = fmt.read(tables[0]).select("id", "v")
    versions = fmt.read(tables[1]).select("id", "v", "valid_from", "valid_to").orderBy("id", "valid_from")
    found = {
        "rows": sorted(tuple(row) for row in rows.collect()),
        "versions": [tuple(row) for row in versions.collect()],
        "quarantined": [fmt.read(side_table(table, "quarantine")).count() for table in tables],
    }
    (Path(folder) / "rows.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
