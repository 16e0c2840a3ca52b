"""Debezium's messages in tests: recorded records with key and headers, and rows of every encoding with their schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType, TimestampType

from framework.changes.envelopes import find_decoder
from framework.config.job import Job
from tests.integration.changes.decoding import FIXTURES, events

RECORDS = (
    "value string, key string, headers array<struct<key:string,value:binary>>, "
    "_sluice_src struct<name:string,partition:int,position:bigint>, _sluice_bad string, _sluice_raw string"
)
Record = Mapping[str, Any]


def topic(spark: SparkSession, records: Sequence[Record]) -> DataFrame:
    """Records as a reader of a topic gives them; values and keys as JsonConverter writes them, without blanks."""
    rows = [
        (
            _text(record["value"]),
            _text(record.get("key")),
            [(name, value.encode()) for name, value in record.get("headers", [])],
            ("topic", 0, record.get("offset", n)),
            None,
            None,
        )
        for n, record in enumerate(records)
    ]
    return spark.createDataFrame(rows, RECORDS).coalesce(1)


def recorded(name: str) -> list[Record]:
    """The records of a topic, in its order."""
    text = (FIXTURES / "debezium-3.7" / f"{name}.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def decoded(
    spark: SparkSession, job: Job, records: Sequence[Record], target: StructType | None = None
) -> list[dict[str, Any]]:
    """The events of the records, in their order."""
    (source,) = job.sources.values()
    assert job.changes.envelope is not None
    df = find_decoder(job.changes.envelope)(topic(spark, records), job, source, target)
    # Python reads instants in the machine's zone, which may not have the first one
    instants = [field.name for field in df.schema if isinstance(field.dataType, TimestampType)]
    shown = df.withColumns({name: F.col(f"`{name}`").cast("timestamp_ntz") for name in instants})
    # `ts` is a column of the recorded table
    return events(shown.withColumnRenamed("_sluice_ts", "_sluice_committed").orderBy("_sluice_src.position"))


def change(op: str = "c", lsn: int | None = 10, **images: Any) -> dict[str, Any]:
    """An envelope of PostgreSQL's connector."""
    source = {
        "connector": "postgresql",
        "lsn": lsn,
        "snapshot": "false",
        "ts_ms": 1000,
        "schema": "s",
        "table": "t",
    }
    return {"before": None, "after": None, "source": source, "op": op, "ts_ms": 2000, **images}


def wrapped(fields: Sequence[Mapping[str, Any]], payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload with the schema of its rows."""
    row = {"type": "struct", "fields": list(fields), "optional": True}
    envelope = {
        "type": "struct",
        "fields": [{**row, "field": "before"}, {**row, "field": "after"}],
        "name": "Envelope",
    }
    return {"schema": envelope, "payload": payload}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
