"""Decoding messages in tests: texts in, events out as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from framework.changes.columns import PREFIX
from framework.changes.envelopes import find_decoder
from framework.config.job import Job

FIXTURES = Path(__file__).parents[2] / "fixtures" / "change_events"


def job_of(
    envelope: str, columns: Mapping[str, str] | None, keys: Sequence[str] = ("id",), **more: Any
) -> Job:
    """A job that reads one source in an envelope; `read` and `changes` add to it."""
    read = {"format": "text", "path": "raw/feed", **more.pop("read", {})}
    if columns:
        read["schema"] = dict(columns)
    changes = {"envelope": envelope, "keys": list(keys), **more.pop("changes", {})}
    return Job.model_validate(
        {"job": "test.feed", "read": read, "changes": changes, "write": {"table": "standardized.test.feed"}}
    )


def messages(spark: SparkSession, texts: Sequence[str | None]) -> DataFrame:
    """What the text reader gives of these lines, all of a file `feed`."""
    rows = [(text, ("feed", None, n), None, None) for n, text in enumerate(texts, 1)]
    return spark.createDataFrame(
        rows,
        "value string, _sluice_src struct<name:string,partition:int,position:bigint>, "
        "_sluice_bad string, _sluice_raw string",
    ).coalesce(1)


def decoded(
    spark: SparkSession, job: Job, texts: Sequence[str | None], target: StructType | None = None
) -> DataFrame:
    """The messages as events."""
    (source,) = job.sources.values()
    assert job.changes.envelope is not None
    return find_decoder(job.changes.envelope)(messages(spark, texts), job, source, target)


def events(df: DataFrame) -> list[dict[str, Any]]:
    """Events as dictionaries: data columns by name, the framework's without `_sluice_`; those that are NULL left out."""
    out = []
    for row in df.collect():
        whole = row.asDict(recursive=True)
        whole.pop("_sluice_src")
        out.append(
            {
                name.removeprefix(PREFIX) if name.startswith(PREFIX) else name: value
                for name, value in whole.items()
                if value is not None
            }
        )
    return out


def lines(path: str) -> list[str]:
    """The messages of a recorded file."""
    return [line for line in (FIXTURES / path).read_text().splitlines() if line.strip()]
