"""An Iceberg table's metadata as one value: loaded with one call, read in plain Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from framework.session.gateway import java_class
from framework.tables.base import TableRef, Version
from framework.tables.jvm import active, java_session
from framework.tables.marks import KEY, Commit, Marks, collect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_METRICS = {
    "rows_added": "added-records",
    "rows_deleted": "deleted-records",
    "files_added": "added-data-files",
    "files_removed": "deleted-data-files",
    "bytes_added": "added-files-size",
    "rows": "total-records",
    "files": "total-data-files",
    "delete_files": "total-delete-files",
}
_PIECE = 7_000
"""Characters; the buffer has 8 KiB, and few characters of metadata take two bytes."""


@dataclass(frozen=True)
class Metadata:
    """Iceberg's table metadata, as its specification has it."""

    value: Mapping[str, Any]
    file: str | None = None
    """Where it is written; a file of metadata never changes."""
    operations: Any = field(default=None, compare=False, repr=False)
    """The JVM's access to the table, which can ask the catalog again."""

    @property
    def properties(self) -> dict[str, str]:
        """The table's properties, with the format version among them."""
        return {**self.value.get("properties", {}), "format-version": str(self.value["format-version"])}

    @property
    def current(self) -> int | None:
        """The current snapshot's id; None for a table that nothing was written to."""
        found = self.value.get("current-snapshot-id")
        return found if found not in (None, -1) else None

    @property
    def size(self) -> int | None:
        """Bytes of the data and delete files, if the current snapshot's summary tells; 0 without a snapshot."""
        snapshot = next(self.ancestors(), None)
        if snapshot is None:
            return 0
        known = snapshot.get("summary", {}).get("total-files-size")
        return int(known) if known is not None else None

    def ancestors(self) -> Iterator[Mapping[str, Any]]:
        """The current snapshot and its parents, newest first, as far as they are not expired."""
        by_id = {snapshot["snapshot-id"]: snapshot for snapshot in self.value.get("snapshots", [])}
        snapshot = by_id.get(self.current)
        while snapshot is not None:
            yield snapshot
            snapshot = by_id.get(snapshot.get("parent-snapshot-id"))

    def marks(self) -> Marks:
        """The last batch of each job, from the snapshots' summaries."""
        return collect(
            Commit(each["snapshot-id"], each.get("summary", {}).get(KEY), each.get("parent-snapshot-id"))
            for each in self.ancestors()
        )

    def versions(self) -> Iterator[Version]:
        """The versions that can still be read, newest first."""
        return (_version(snapshot) for snapshot in self.ancestors())


def load_table(spark: SparkSession, table: TableRef) -> Any:
    """The JVM's table, fresh from the catalog."""
    with active(spark):
        loaded = java_class(spark, "org.apache.iceberg.spark.Spark3Util").loadIcebergTable(
            java_session(spark), table.identifier
        )
        loaded.refresh()
    return loaded


def load_metadata(spark: SparkSession, table: TableRef, known: Metadata | None = None) -> Metadata:
    """The table's metadata, fresh from the catalog; `known` itself if that is what it still is."""
    operations, current = _refreshed(spark, table, known)
    file = current.metadataFileLocation()
    if known is not None and known.file is not None and known.file == file:
        return known
    writer = java_class(spark, "java.io.StringWriter")()
    generator = java_class(spark, "org.apache.iceberg.util.JsonUtil").factory().createGenerator(writer)
    generator.setHighestNonEscapedChar(127)  # a piece must not end within a character
    java_class(spark, "org.apache.iceberg.TableMetadataParser").toJson(current, generator)
    generator.flush()
    return Metadata(json.loads(_text(writer.getBuffer())), file, operations)


def asked_again(known: Metadata | None) -> Any:
    """What the JVM says that a known table's metadata is now, in one call and not ten; None: load it, and see."""
    if known is None or known.operations is None:
        return None
    try:
        return known.operations.refresh()
    except Exception:  # it was dropped, or made anew
        return None


def _refreshed(spark: SparkSession, table: TableRef, known: Metadata | None) -> tuple[Any, Any]:
    """Access to the table, and what its metadata is now."""
    now = asked_again(known)
    if known is not None and now is not None:
        return known.operations, now
    operations = load_table(spark, table).operations()
    return operations, operations.current()


def _text(buffer: Any) -> str:
    """A text out of the JVM, piece by piece: one that doesn't fit its socket's buffer takes 40 ms, however long it is,
    because each side waits for the other.
    """
    length = buffer.length()
    return "".join(buffer.substring(at, min(at + _PIECE, length)) for at in range(0, length, _PIECE))


def _version(snapshot: Mapping[str, Any]) -> Version:
    summary = snapshot.get("summary", {})
    metrics = {name: int(summary[key]) for name, key in _METRICS.items() if key in summary}
    at = datetime.fromtimestamp(snapshot["timestamp-ms"] / 1000, UTC)
    return Version(snapshot["snapshot-id"], at, summary.get("operation", "unknown"), metrics)
