"""What a Delta commit says of its rows."""

from __future__ import annotations

from typing import Any

import pytest

from framework.tables.delta.log import LogEntry, _version

WRITTEN = {"numOutputRows": "42", "numFiles": "1"}


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ({"operation": "CREATE TABLE AS SELECT"}, 42),
        ({"mode": "Overwrite", "partitionBy": "[]"}, 42),
        ({"mode": "Append"}, None),
        ({"mode": "Overwrite", "predicate": "(day = '2024-03-01')"}, None),
        ({"mode": "Overwrite", "isDynamicPartitionOverwrite": "true"}, None),
    ],
)
def test_only_a_commit_that_replaces_everything_tells_how_many_rows_the_table_has(
    how: dict[str, Any], rows: int | None
) -> None:
    operation = how.get("operation", "WRITE")
    info = {"operation": operation, "operationParameters": how, "operationMetrics": WRITTEN}
    version = _version(LogEntry(3, info, written_ms=0))
    assert version.metrics["rows_added"] == 42
    assert version.metrics.get("rows") == rows
