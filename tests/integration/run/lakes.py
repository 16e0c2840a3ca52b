"""Small lakes for tests: a configuration in a folder, csv files as feeds, and tables as plain rows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyspark
import yaml
from pyspark.sql import SparkSession

from framework.config import Project, load_project
from framework.context import Listener
from framework.run.api import plan_project, run_project
from framework.run.outcome import JobOutcome, JobPlan
from framework.tables import side_table, table_format, table_ref
from framework.testing.oracle import Change

LANE = ".".join(pyspark.__version__.split(".")[:2])
_numbers = itertools.count()


class TestLake:
    """A project of one job over the session's lake, in a domain that no other test uses."""

    __test__ = False

    def __init__(self, spark: SparkSession, root: Path, folder: Path, table_format: str) -> None:
        self.spark = spark
        self.folder = folder
        self.root = root
        self.domain = f"d{next(_numbers)}"
        self.format = table_format
        self.table = f"standardized.{self.domain}.t"
        (folder / "conf/jobs").mkdir(parents=True, exist_ok=True)
        (folder / "in").mkdir(parents=True, exist_ok=True)
        (folder / "conf/lake.yaml").write_text(f"root: {root}\n")

    def job(self, name: str = "t", sources: dict[str, Any] | None = None, **keys: Any) -> None:
        """Write a job's file; `read.path` and `write.table` are filled in. The lake's own job is `t`.

        `sources` replaces `read` where there are several.
        """
        job = {"job": f"{self.domain}.{name}", **keys}
        read = {"path": str(self.folder / "in"), "options": {"header": True}, **job.get("read", {})}
        table = f"standardized.{self.domain}.{name}"
        write = {"table": table, "format": self.format, **job.get("write", {})}
        text = yaml.safe_dump({**job, "read": sources or read, "write": write})
        (self.folder / f"conf/jobs/{name}.yaml").write_text(text)

    def file(self, name: str, *lines: str) -> Path:
        """Put a file into the job's source."""
        path = self.folder / "in" / name
        path.write_text("\n".join(lines) + "\n")
        return path

    @property
    def project(self) -> Project:
        return load_project(str(self.folder / "conf"))

    def run(self, listener: Listener | None = None, replay: str | None = None) -> JobOutcome:
        outcome = run_project(self.project, [], spark=self.spark, listener=listener, replay=replay)
        return outcome.jobs[0]

    def applied(self, **how: Any) -> JobOutcome:
        """Run, and insist that it succeeds."""
        outcome = self.run(**how)
        assert outcome.error is None, outcome.error
        return outcome

    def plan(self) -> JobPlan:
        return plan_project(self.project, [], spark=self.spark)[0]

    def rows(self, *columns: str, role: str | None = None) -> list[tuple[Any, ...]]:
        """The table's rows, sorted; [] if it isn't there."""
        ref = table_ref(self.project.lake, self.table, self.format)
        ref = side_table(ref, role) if role else ref  # type: ignore[arg-type]
        fmt = table_format(self.spark, ref.format)
        if not fmt.exists(ref):
            return []
        df = fmt.read(ref)
        names = list(columns) or [name for name in df.columns if not name.startswith("_sluice_")]
        found = [tuple(row) for row in df.select(*[f"`{name}`" for name in names]).collect()]
        return sorted(found, key=lambda row: tuple((value is None, str(value)) for value in row))

    def version(self) -> int | None:
        ref = table_ref(self.project.lake, self.table, self.format)
        fmt = table_format(self.spark, ref.format)
        now = fmt.version(ref) if fmt.exists(ref) else None
        return now.number if now else None


FEED_SCHEMA = {"op": "string", "id": "int", "seq": "bigint", "v": "string"}
FEED_CHANGES = {"keys": ["id"], "sequence": ["seq"], "envelope": "generic", "operation": "op"}


def feed_lines(events: Sequence[tuple[Any, ...]]) -> list[str]:
    """Events (op, id, seq, v) as csv with a header."""
    return [
        "op,id,seq,v",
        *[",".join("" if value is None else str(value) for value in event) for event in events],
    ]


def feed_row(feed: int, e: Change) -> Change:
    """The event as a row of a csv file, where every event has every column and no text has a backslash."""
    value = e.values.get("value")
    text = None if value is None else value.replace("\\", "")
    return replace(e, values={"feed": feed, "seq": e.seq, "v": text})


def csv_line(e: Change) -> str:
    """An event of `feed_row` as a line of feed,op,id,seq,v where NULL is NULL."""
    text = "NULL" if e.values["v"] is None else f'"{e.values["v"]}"'
    return f"{e.values['feed']},{e.op},{e.key},{e.seq},{text}"
