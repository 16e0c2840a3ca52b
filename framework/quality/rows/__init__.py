"""Row rules as columns: one module per family, each a function from a rule and its context to a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from framework.quality.nodes import Leaf
from framework.quality.rows.common import RowContext, guarded
from framework.quality.rows.complete import is_complete
from framework.quality.rows.datatype import column_data_type
from framework.quality.rows.length import column_length
from framework.quality.rows.values import column_values

if TYPE_CHECKING:
    from pyspark.sql import Column

COMPILERS: Mapping[str, Callable[[Leaf, RowContext], Column]] = {
    "IsComplete": is_complete,
    "ColumnValues": column_values,
    "ColumnLength": column_length,
    "ColumnDataType": column_data_type,
}


def compile_leaf(leaf: Leaf, context: RowContext) -> Column:
    """Whether a row passes the rule: a boolean column, never NULL. Rows that `where` leaves out pass."""
    return guarded(leaf, context, COMPILERS[leaf.kind](leaf, context))
