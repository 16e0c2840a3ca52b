"""Looking at a lake's tables by their names, for demos and tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from framework.changes.columns import PREFIX
from framework.config.lake import Lake
from framework.tables import side_table, table_format, table_ref

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from framework.tables.base import TableRef


class LakeView:
    """The tables of a lake as DataFrames, without the framework's own columns."""

    def __init__(self, spark: SparkSession, lake: Lake) -> None:
        self.spark = spark
        self.lake = lake

    def table(self, name: str) -> DataFrame | None:
        """A table by `layer.domain.table`; None if it isn't there."""
        return self._read(table_ref(self.lake, name))

    def quarantine(self, name: str) -> DataFrame | None:
        """The rows that were refused for a table; None if there never was one."""
        return self._read(side_table(table_ref(self.lake, name), "quarantine"))

    def rows(
        self,
        name: str,
        columns: Sequence[str],
        *,
        where: str = "true",
        order: str = "1",
        group: str | None = None,
    ) -> list[tuple[Any, ...]]:
        """Expressions over a table's rows (or groups of them) as tuples, in order; [] without the table."""
        df = self.table(name)
        if df is None:
            return []
        view = f"_look_{name.replace('.', '_')}"
        df.createOrReplaceTempView(view)
        grouped = f" GROUP BY {group}" if group else ""
        query = f"SELECT {', '.join(columns)} FROM {view} WHERE {where}{grouped} ORDER BY {order}"
        return [tuple(row) for row in self.spark.sql(query).collect()]

    def _read(self, ref: TableRef) -> DataFrame | None:
        fmt = table_format(self.spark, ref.format)
        if not fmt.exists(ref):
            return None
        df = fmt.read(ref)
        return df.drop(*[name for name in df.columns if name.startswith(PREFIX)])
