"""Conditions on dates and times: `"2024-01-31"`, `"10:30"` of today, `now()` and `(now() - 3 days)`."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from framework.quality.columns import Found
from framework.quality.conditions import time_of_day
from framework.quality.nodes import Condition, Leaf, Moment
from framework.quality.rows.common import wrong_type
from framework.quality.rows.compare import compare

if TYPE_CHECKING:
    from pyspark.sql import Column

_ORDERED = (">", ">=", "<", "<=", "between", "not between")


def date_condition(leaf: Leaf, condition: Condition, found: Found, now: datetime | None) -> Column:
    """The condition on a date, a timestamp, or a string that is read as one.

    Days are compared, as Glue does; times of day count where the rule speaks of one and the column knows one.
    """
    from pyspark.sql import functions as F
    from pyspark.sql.types import DateType, StringType, TimestampNTZType, TimestampType

    if not isinstance(found.type, DateType | StringType | TimestampType | TimestampNTZType):
        raise wrong_type(leaf, found, "a date, a timestamp, or a string with dates")
    moments = [moment for moment in condition.values if isinstance(moment, Moment)]
    by_day = isinstance(found.type, DateType) or condition.op not in _ORDERED or all(map(_is_day, moments))
    # a text that is no date is NULL here, and fails under every operator
    value = F.expr(f"try_cast({found.sql} AS {'date' if by_day else 'timestamp'})")
    return compare(condition.op, value, [_literal(moment, by_day, now) for moment in moments])


def _is_day(moment: Moment) -> bool:
    return "-" in moment.text


def _literal(moment: Moment, by_day: bool, now: datetime | None) -> Column:
    from pyspark.sql import functions as F

    if _is_day(moment):
        return F.lit(date.fromisoformat(moment.text)).cast("date" if by_day else "timestamp")
    time = _current(now)
    if moment.text:
        time = F.date_trunc("day", time) + F.expr(f"INTERVAL '{time_of_day(moment.text)}' MINUTE")
    elif moment.shift:
        step = F.expr(f"INTERVAL '{moment.shift.minutes}' MINUTE")
        time = time + step if moment.sign == "+" else time - step
    return F.to_date(time) if by_day else time


def _current(now: datetime | None) -> Column:
    from pyspark.sql import functions as F

    return F.lit(now) if now is not None else F.current_timestamp()
