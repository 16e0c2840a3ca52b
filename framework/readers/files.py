"""Files: csv, json, parquet, avro, orc, xml, text and binary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from framework.readers.base import Inputs, Seen
from framework.readers.declared import fields_of
from framework.readers.paths import (
    check_unchanged,
    list_files,
    new_files,
    source_path,
    spark_paths,
    storage_of,
)
from framework.readers.scan import Scan, spark_options
from framework.readers.transport import keep_files_whole

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Read
    from framework.context import RunContext

_SCANS: Mapping[str, str] = MappingProxyType(
    {
        "csv": "delimited",
        "json": "jsonlines",
        "parquet": "typed",
        "avro": "typed",
        "orc": "typed",
        "xml": "xml",
        "text": "plain",
        "binary": "plain",
    }
)


class FileReader:
    """Files of a folder, a glob or one file; a file is read once, a changed one again.

    Options are the format's own, as Spark names them. Without `schema`, columns are inferred once a batch, over all its
    files (csv: `inferSchema: false` makes them strings): declare a schema where batches must agree.
    """

    envelope = "rows"

    def discover(self, ctx: RunContext, source: Read, seen: Seen) -> Inputs:
        """The files nobody has read yet."""
        return Inputs("files", new_files(ctx, source, seen))

    def read(self, ctx: RunContext, source: Read, inputs: Inputs, *, positions: bool) -> DataFrame:
        """The records of exactly these files."""
        check_unchanged(ctx, inputs.items)
        if not inputs.items:
            return nothing_new(ctx, source, partial(self.read, positions=positions))
        return scan_of(source.format)(request_of(ctx, source, inputs, positions=positions))

    def read_strictly(self, ctx: RunContext, source: Read, inputs: Inputs) -> DataFrame | None:
        """See `StrictReader`."""
        strict = getattr(_module(source.format), "scan_strictly", None)
        if strict is None or not inputs.items:
            return None
        check_unchanged(ctx, inputs.items)
        found: DataFrame | None = strict(request_of(ctx, source, inputs, positions=False))
        return found


def scan_of(format: str) -> Callable[[Scan], DataFrame]:
    """The function that scans files of a format."""
    scan: Callable[[Scan], DataFrame] = _module(format).scan
    return scan


def _module(format: str) -> Any:
    return import_module(f"framework.readers.{_SCANS[format]}")


def request_of(ctx: RunContext, source: Read, inputs: Inputs, *, positions: bool) -> Scan:
    """What to ask a scan for; prepares the batch's session."""
    prepare(ctx, positions=positions)
    fields = fields_of(source.columns) if source.columns else None
    options = spark_options(source.options)
    return Scan(ctx.spark, source.format, spark_paths(inputs.items), fields, options, positions)


def prepare(ctx: RunContext, *, positions: bool) -> None:
    """Settings of the batch's own session that the scans rely on."""
    # else text that only Spark 2 would have parsed raises an error instead of being a bad value
    ctx.spark.conf.set("spark.sql.legacy.timeParserPolicy", "CORRECTED")
    if positions:
        keep_files_whole(ctx.spark)


def nothing_new(ctx: RunContext, source: Read, read: Callable[..., DataFrame]) -> DataFrame:
    """No rows, with the columns that the files there have."""
    path = source_path(ctx.lake, source)
    there = list_files(storage_of(ctx, path), path)[-1:]
    if not there:
        from framework.errors import ReadError

        raise ReadError(
            f"there is no file at {path} to tell its columns", fix="Deliver one, or disable the job."
        )
    items = tuple({"path": info.path, "size": info.size, "modified_ms": info.modified_ms} for info in there)
    return read(ctx, source, Inputs("files", items)).limit(0)
