"""What processes have used, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def cpu_seconds(spark: SparkSession) -> float:
    """What the JVM has used so far: Java keeps its own bean from py4j."""
    process: Any = spark.sparkContext._gateway
    fields = Path(f"/proc/{process.proc.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
