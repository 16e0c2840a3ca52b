"""A Delta table's log: its state from Delta itself, its commits read one small file each, newest first.

`DESCRIBE HISTORY` would say the same with a Spark job over all commits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from framework.tables.base import BatchMark, TableRef, Version
from framework.tables.jvm import active, java_session, jvm
from framework.tables.marks import Commit, Marks, collect

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_FARTHEST = 1000
"""So many commits back a mark of ours is looked for."""


@dataclass(frozen=True)
class LogEntry:
    """One commit, by its `commitInfo`."""

    number: int
    info: Mapping[str, Any]
    written_ms: int

    @property
    def at(self) -> datetime:
        """When the version came to be, as TIMESTAMP AS OF sees it."""
        return datetime.fromtimestamp(int(self.info.get("inCommitTimestamp", self.written_ms)) / 1000, UTC)

    @property
    def restored(self) -> int | None:
        """The version that a RESTORE went back to, as far as it says so."""
        if self.info.get("operation") != "RESTORE":
            return None
        version = self.info.get("operationParameters", {}).get("version")
        return int(version) if version not in (None, "", "null") else None


class DeltaLog:
    """The log of one table at its newest version; read-only."""

    def __init__(self, spark: SparkSession, table: TableRef) -> None:
        self._spark, self._jvm = spark, jvm(spark)
        found = self._jvm.org.apache.spark.sql.delta.DeltaLog.forTableWithSnapshot(
            java_session(spark), table.location
        )
        self._log, self._snapshot = found._1(), found._2()

    @cached_property
    def version(self) -> int:
        """The newest version; -1 if there is no table."""
        return int(self._snapshot.version())

    def fetch_state(self) -> None:
        """Let Delta compute what it keeps of this version: Spark jobs over the log."""
        if self.version >= 0:
            with active(self._spark):
                self._snapshot.setTransactions()

    @property
    def size(self) -> int | None:
        """Bytes of the data files, if the newest version's checksum tells."""
        # `sizeInBytesIfKnown` would wait for a state that somebody has begun to compute
        checksum = self._snapshot.checksumOpt()
        return int(checksum.get().tableSizeBytes()) if checksum.isDefined() else None

    @cached_property
    def _metadata(self) -> Mapping[str, Any]:
        value: Mapping[str, Any] = json.loads(self._snapshot.metadata().json())["metaData"]
        return value

    @property
    def properties(self) -> dict[str, str]:
        """The table's properties."""
        return dict(self._metadata.get("configuration", {}))

    @property
    def partition_columns(self) -> list[str]:
        return list(self._metadata.get("partitionColumns", []))

    def entries(self, start: int | None = None) -> Iterator[LogEntry]:
        """Commits, newest first, until the log has been cleaned up."""
        for number in range(self.version if start is None else start, -1, -1):
            entry = self._entry(number)
            if entry is None:
                return
            yield entry

    def lineage(self, start: int | None = None) -> Iterator[LogEntry]:
        """Commits whose work is in the table: what a RESTORE undid is left out."""
        number = self.version if start is None else start
        for _ in range(_FARTHEST):
            entry = self._entry(number) if number >= 0 else None
            if entry is None:
                return
            yield entry
            number = number - 1 if entry.restored is None else entry.restored

    def marks(self, start: int | None = None) -> Marks:
        """The last batch of each job; from Delta's transactions where the log has lost our commits."""
        restored: list[int] = []
        oldest = [0]

        def commits() -> Iterator[Commit]:
            for entry in self.lineage(start):
                oldest[0] = entry.number
                if entry.restored is not None and not restored:
                    restored.append(entry.number)
                parent = entry.number - 1 if entry.number else None
                yield Commit(entry.number, entry.info.get("userMetadata"), parent)

        found = collect(commits())
        if not found.jobs and oldest[0] > 0:
            return Marks(self._transactions())
        # somebody else's RESTORE: identifiers of transactions from before it would skip what must be done
        # again
        return found.rolled_back(restored[0]) if restored and not found.line else found

    def _transactions(self) -> dict[str, BatchMark]:
        """The newest transaction of each job; without the intent's hash, which Delta doesn't keep."""
        newest: dict[str, tuple[int, BatchMark]] = {}
        found = self._snapshot.setTransactions()
        for each in (found.apply(i) for i in range(found.size())):
            parts = str(each.appId()).split("/")
            if parts[0] == "sluice" and len(parts) >= 3:
                at = int(each.lastUpdated().get()) if each.lastUpdated().isDefined() else 0
                mark = BatchMark(parts[1], parts[2], int(each.version()), "")
                newest[mark.job] = max(newest.get(mark.job, (0, mark)), (at, mark), key=lambda pair: pair[0])
        return {job: mark for job, (_, mark) in newest.items()}

    def versions(self) -> Iterator[Version]:
        return (_version(entry) for entry in self.entries())

    def _entry(self, number: int) -> LogEntry | None:
        path = self._jvm.org.apache.hadoop.fs.Path(self._log.logPath(), f"{number:020d}.json")
        conf = self._log.newDeltaHadoopConf()
        files = path.getFileSystem(conf)
        if not files.exists(path):
            return None
        written = int(files.getFileStatus(path).getModificationTime())
        return LogEntry(number, _commit_info(self._log.store().read(path, conf)), written)


def _commit_info(lines: Any) -> Mapping[str, Any]:
    """The one line of a commit that tells of it; as a rule the first, of some writers the last.

    Line by line: a text that doesn't fit the buffer of the JVM's socket takes 40 ms, whatever is in it.
    """
    size = lines.size()
    for n in (0, *range(size - 1, 0, -1)) if size else ():
        line = str(lines.apply(n))
        if line.startswith('{"commitInfo"'):
            info: Mapping[str, Any] = json.loads(line)["commitInfo"]
            return info
    return {}


def _version(entry: LogEntry) -> Version:
    operation = str(entry.info.get("operation", "unknown")).lower()
    metrics = _metrics(entry.info.get("operationMetrics") or {})
    if _replaces_all(entry.info) and "rows_added" in metrics:
        metrics["rows"] = metrics["rows_added"]
    return Version(entry.number, entry.at, operation, metrics)


def _replaces_all(info: Mapping[str, Any]) -> bool:
    """Whether nothing is left of what was there before the commit, so that what it wrote is the table."""
    operation, how = str(info.get("operation")), info.get("operationParameters") or {}
    if operation.endswith("TABLE AS SELECT"):
        return True
    partial = how.get("predicate") not in (None, "", "[]") or how.get("isDynamicPartitionOverwrite") in (
        True,
        "true",
    )
    return operation == "WRITE" and how.get("mode") == "Overwrite" and not partial


def _metrics(raw: Mapping[str, str]) -> dict[str, int]:
    """Rows and files as they were written and removed, rewritten ones included, as Iceberg counts them."""

    def number(*names: str) -> int | None:
        found = [int(raw[name]) for name in names if name in raw]
        return sum(found) if found else None

    rewritten = ("numTargetRowsCopied", "numTargetRowsUpdated", "numTargetRowsDeleted")
    values = {
        "rows_added": number("numOutputRows"),
        "rows_deleted": number(*rewritten) if "numTargetRowsCopied" in raw else number("numDeletedRows"),
        "files_added": number("numTargetFilesAdded", "numFiles", "numAddedFiles"),
        "files_removed": number("numTargetFilesRemoved", "numRemovedFiles"),
        "bytes_added": number("numTargetBytesAdded", "numOutputBytes", "numAddedBytes"),
    }
    return {name: value for name, value in values.items() if value is not None}
