"""Tables of the lake: Iceberg and Delta behind one interface.

Nothing outside this folder knows which of them a table is.

    ref = table_ref(lake, "standardized.crm.leads")
    fmt = table_format(spark, ref.format)
    fmt.create(ref, TableSpec(schema))
    fmt.append(rows, ref, mark)

Importing this package starts no JVM and imports no pyspark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.tables.base import (
    BatchMark,
    ColumnChange,
    MergeClauses,
    TableFormat,
    TableRef,
    TableSpec,
    Version,
)
from framework.tables.conflicts import is_conflict, retry_on_conflict
from framework.tables.names import side_table, table_ref
from framework.tables.registry import table_format

if TYPE_CHECKING:
    from framework.tables.evolution import plan_evolution

__all__ = [
    "BatchMark",
    "ColumnChange",
    "MergeClauses",
    "TableFormat",
    "TableRef",
    "TableSpec",
    "Version",
    "is_conflict",
    "plan_evolution",
    "retry_on_conflict",
    "side_table",
    "table_format",
    "table_ref",
]


def __getattr__(name: str) -> Any:
    if name == "plan_evolution":  # needs pyspark's types, which whoever only names tables shall not load
        from framework.tables.evolution import plan_evolution

        return plan_evolution
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
