"""What all row rules share: the frame's columns, the verdict on NULL, and `where`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.quality.columns import Columns, Found
from framework.quality.nodes import Leaf

if TYPE_CHECKING:
    from pyspark.sql import Column

_LONGEST_LINE = 300


@dataclass(frozen=True)
class RowContext:
    """What rules are compiled against."""

    columns: Columns
    strict: bool
    """Every NULL fails, unless the rule names NULL."""
    now: datetime | None = None
    """What `now()` means; None: the time of the query."""

    def column(self, leaf: Leaf) -> Found:
        """The column that the rule is about."""
        return self.columns.find(leaf.names[0], leaf.kind)


def verdict(found: Found, holds: Column, *, null_passes: bool) -> Column:
    """A condition that is never NULL: a NULL value gets the verdict given, an unreadable value fails."""
    from pyspark.sql import functions as F

    sure = F.coalesce(holds, F.lit(False))
    return found.column.isNull() | sure if null_passes else found.column.isNotNull() & sure


def guarded(leaf: Leaf, context: RowContext, passes: Column) -> Column:
    """A rule with `where` judges only the rows that satisfy it."""
    if leaf.where is None:
        return passes
    return passes | ~chosen(leaf, context.columns)


def chosen(leaf: Leaf, columns: Columns) -> Column:
    """Which rows `where` chooses; boolean, never NULL. Bad SQL is a ConfigError now, not at run time."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as F

    assert leaf.where is not None
    # a thread of its own has no active session; then this gives the application's
    spark = SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    try:
        condition = F.expr(leaf.where.value)
        spark.createDataFrame([], columns.schema).where(condition)
    except PySparkException as error:
        raise ConfigError(
            f"the `where` of {leaf.kind} is no condition on these columns",
            found=f'"{leaf.where.value}"',
            expected=f"SQL over {', '.join(columns.names[:20])}",
            fix=first_line(error),
        ) from error
    return F.coalesce(condition, F.lit(False))


def wrong_type(leaf: Leaf, found: Found, needed: str) -> ConfigError:
    """The rule doesn't fit the type of its column."""
    return ConfigError(
        f"{leaf.kind} doesn't fit the column {found.name}",
        found=found.type.simpleString(),
        expected=needed,
        fix="Change the rule, or the column's type.",
    )


def first_line(error: BaseException) -> str:
    """What an error says, in one line: Spark's texts go on with the query and a stack trace."""
    text = str(error).strip()
    named = re.search(
        r"\[[A-Z][A-Z0-9_.]+\] [^\n]+", text
    )  # Spark's own condition, wherever a job's failure wraps it
    line = named[0] if named else next(iter(text.splitlines()), type(error).__name__)
    return line[:_LONGEST_LINE]
