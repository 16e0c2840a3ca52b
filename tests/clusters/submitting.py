"""Calls spark-submit.sh on the lake of `tests/fixtures/cluster_lake`, and reads its tables without Spark."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "tests" / "fixtures" / "cluster_lake"
SMALL = (
    *("--driver-memory", "1g", "--conf", "spark.executor.memory=512m", "--conf", "spark.ui.enabled=false"),
    *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.sql.adaptive.enabled=false"),
)
"""Options of spark-submit that keep a test small."""


def submit(
    lake: Path, *words: str, python_path: Sequence[Path] = (), **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run spark-submit.sh from the project's folder, with this interpreter and the cached jars of its lane."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PYSPARK_", "SPARK_"))},
        "SLUICE_LAKE": str(lake),
        "SLUICE_INBOX": str(PROJECT / "inbox"),
        "SLUICE_PYTHON": sys.executable,
        "SLUICE_JARS": "core",
        "PYTHONPATH": os.pathsep.join(map(str, python_path)),
        **environment,
    }
    script = str(ROOT / "spark-submit.sh")
    return subprocess.run(
        [script, *words], env=environ, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def iceberg_rows(lake: Path, table: str, *columns: str) -> list[dict[str, Any]]:
    """The rows of an Iceberg table as pyiceberg reads them, in the order of the first column."""
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_sluice/lake.db", warehouse=str(lake))
    rows = catalog.load_table(table).scan(selected_fields=columns).to_arrow().to_pylist()
    return sorted(rows, key=lambda row: row[columns[0]])


def delta_rows(lake: Path, path: str, *columns: str) -> list[dict[str, Any]]:
    """The rows of a Delta table as deltalake reads them, in the order of the first column."""
    from deltalake import DeltaTable

    rows = DeltaTable(lake / path).to_pyarrow_table(columns=list(columns)).to_pylist()
    return sorted(rows, key=lambda row: row[columns[0]])
