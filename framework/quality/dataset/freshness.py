"""DataFreshness: how old the times in a column are."""

from __future__ import annotations

from framework.quality.dataset.question import Bench, Figures, Question, Verdict, number_text
from framework.quality.nodes import Condition, Leaf, Span
from framework.quality.printer import print_condition
from framework.quality.rows.common import wrong_type
from framework.quality.rows.compare import compare


def freshness(leaf: Leaf, bench: Bench) -> Question:
    """Every time must have the age, in hours rounded to two places; NULL and unreadable times fail."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import DateType, StringType, TimestampNTZType, TimestampType

    condition, found, rows = leaf.condition, bench.find(leaf, leaf.names[0]), bench.chosen(leaf)
    assert condition is not None
    if not isinstance(found.type, DateType | StringType | TimestampType | TimestampNTZType):
        raise wrong_type(leaf, found, "a timestamp, a date, or a string with them")
    then = F.expr(f"try_cast({found.sql} AS timestamp)")
    hours = F.round((F.lit(int(bench.now.timestamp())) - F.unix_timestamp(then)) / 3600, 2)
    fresh = F.coalesce(compare(condition.op, hours, [F.lit(h) for h in _hours(condition)]), F.lit(False))
    return Question(
        lambda figures: _verdict(condition, figures),
        {"rows": F.count_if(rows), "good": F.count_if(rows & fresh), "oldest": F.max(F.when(rows, hours))},
    )


def _hours(condition: Condition) -> list[float]:
    return [round(span.minutes / 60, 4) for span in condition.values if isinstance(span, Span)]


def _verdict(condition: Condition, figures: Figures) -> Verdict:
    rows, good, oldest = (figures.scan[name] for name in ("rows", "good", "oldest"))
    measured = f"oldest {number_text(oldest)} hours" if oldest is not None else "no rows"
    if rows == good:
        return Verdict(True, measured, failed_rows=0)
    reason = f"{rows - good} of {rows} rows are not {print_condition(condition)} old"
    return Verdict(False, measured, reason, rows - good)
