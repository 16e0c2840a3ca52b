"""The keys of a folded batch: what they lie between, how many there are, and the rows of a table that they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from framework.changes.bounds import Bound, bound_figures, bounds, within
from framework.materialized import materialized
from framework.run.measure import Measured
from framework.run.shape import Shape
from framework.sql import quote

MOST_BROADCAST = 200_000
"""So many keys are sent to every executor, rather than the table's rows to where their keys are."""


@dataclass(frozen=True)
class BatchKeys:
    """A folded batch, materialised."""

    rows: DataFrame
    names: tuple[str, ...]
    count: int
    bounds: tuple[Bound, ...]
    figures: Mapping[str, Any]
    """What else was counted."""

    @property
    def few(self) -> bool:
        """Whether they are sent to where the table's rows are, so that nothing else is shuffled."""
        return self.count <= MOST_BROADCAST

    def named(self, table: DataFrame) -> DataFrame:
        """The rows of a table, or of what lies beside it, whose keys the batch has; at least those."""
        near = table.filter(within(self.bounds))
        if not self.few:
            return near
        return F.broadcast(having_keys_of(self.rows, near, self.names))


def having_keys_of(rows: DataFrame, table: DataFrame, names: Sequence[str]) -> DataFrame:
    """The rows of a table that have the keys of a few others."""
    keys = rows.select(*[F.col(quote(name)).alias(f"_sluice_k{i}") for i, name in enumerate(names)])
    same = [F.col(quote(name)) == F.col(f"_sluice_k{i}") for i, name in enumerate(names)]
    return table.join(F.broadcast(keys), same, "left_semi")


def batch_keys(
    folded: DataFrame, shape: Shape, names: Sequence[str], counted: Sequence[Column] = ()
) -> BatchKeys:
    """Evaluate the folded batch, and on the way what its keys lie between, and what else is to be counted."""
    fields = [shape.schema[name] for name in names]
    count = F.count(F.lit(1)).alias("keys")
    measured = Measured(folded, [count, *bound_figures(fields), *counted])
    rows = materialized(measured.df)
    figures = measured.figures()
    return BatchKeys(rows, tuple(names), figures["keys"], bounds(figures, fields), figures)
