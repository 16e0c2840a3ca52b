"""IsComplete: the value is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.quality.nodes import Leaf
from framework.quality.rows.common import RowContext

if TYPE_CHECKING:
    from pyspark.sql import Column


def is_complete(leaf: Leaf, context: RowContext) -> Column:
    """A row passes if the column is not NULL; an empty string is a value."""
    return context.column(leaf).column.isNotNull()
