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
RECORDS = (
    "value string, _sluice_src struct<name:string,partition:int,position:bigint>, "
    "_sluice_bad string, _sluice_raw string"
)


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
    return spark.createDataFrame(rows, RECORDS).coalesce(1)


def decoded(
    spark: SparkSession, job: Job, texts: Sequence[str | None], target: StructType | None = None
) -> DataFrame:
    """The messages as events."""
    (source,) = job.sources.values()
    assert job.changes.envelope is not None
    return find_decoder(job.changes.envelope)(messages(spark, texts), job, source, target)


def events(df: DataFrame) -> list[dict[str, Any]]:
    """Events as dictionaries, without coordinates and what is NULL; the framework's columns without `_sluice_`."""
    found = [row.asDict(recursive=True) for row in df.collect()]
    return [
        {
            name.removeprefix(PREFIX): value
            for name, value in event.items()
            if value is not None and name != "_sluice_src"
        }
        for event in found
    ]


def each(
    spark: SparkSession, job: Job, cases: Mapping[str, str | None], target: StructType | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The events of each message by the title of its case, decoded together: one pass for all."""
    rows = decoded(spark, job, list(cases.values()), target).collect()
    found: dict[str, list[dict[str, Any]]] = {title: [] for title in cases}
    titles = list(cases)
    for row in rows:
        event = row.asDict(recursive=True)
        position = event.pop("_sluice_src")["position"]
        kept = {name.removeprefix(PREFIX): value for name, value in event.items() if value is not None}
        found[titles[position - 1]].append(kept)
    return found


def lines(folder: str) -> list[str]:
    """The messages recorded in a folder, in the order of its files."""
    files = sorted((FIXTURES / folder).glob("*.jsonl"))
    return [line for file in files for line in file.read_text().splitlines() if line.strip()]
