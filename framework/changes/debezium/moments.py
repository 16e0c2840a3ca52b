"""Dates and times as Debezium writes them. SQL text in, SQL text out; sessions are in UTC and in ANSI mode.

PostgreSQL's infinities become the ends of the range that dates and timestamps have, so that comparisons keep their
meaning: 9999-12-31 (23:59:59.999999) and 0001-01-01. Any other moment outside of that range is NULL: no value fits.
"""

from __future__ import annotations

FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""Microseconds of 0001-01-01 and of the end of 9999."""
_INFINITE = 9_223_372_036_800_000_000
"""As many milli-, micro- or nanoseconds and more stand for infinity, whatever the unit."""
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_OVERFLOWN = ((-622_191_234, _LAST_DAY), (622_191_232, _FIRST_DAY))
"""Infinite dates of a snapshot: the driver's milliseconds as days, cut to 32 bits."""
_FAR = 100_000_000
_YEAR = r"'^[+-][0-9]{5,}-'"


def micros(value: str, unit: str) -> str:
    """Microseconds since 1970 of `millis`, `micros` or `nanos`; NULL outside of years 1 to 9999."""
    finite = {
        "millis": f"WHEN {value} BETWEEN {FIRST // 1000} AND {LAST // 1000} THEN {value} * 1000L",
        "micros": f"WHEN {value} BETWEEN {FIRST} AND {LAST} THEN {value}",
        # towards the past, also before 1970
        "nanos": f"WHEN abs({value} div 2) < {_INFINITE // 2} THEN ({value} - pmod({value}, 1000L)) div 1000L",
    }[unit]
    return f"CASE {finite} WHEN {value} >= {_INFINITE}L THEN {LAST}L WHEN {value} <= -{_INFINITE}L THEN {FIRST}L END"


def moment(value: str, unit: str) -> str:
    """A timestamp of a number."""
    return f"timestamp_micros({micros(value, unit)})"


def local(value: str, unit: str) -> str:
    """A timestamp without time zone of a number."""
    return f"cast({moment(value, unit)} AS timestamp_ntz)"


def guessed(value: str) -> str:
    """A timestamp of a number whose unit nobody told, by its size: milliseconds up to the year 5138, then micro-,
    then nanoseconds."""
    half = f"abs({value} div 2)"  # the smallest bigint has no absolute value
    million, billion = (f"{half} < {size}" for size in (50_000_000_000_000, 50_000_000_000_000_000))
    return (
        f"timestamp_micros(CASE WHEN {million} THEN {value} * 1000L "
        f"WHEN {billion} THEN {value} WHEN {value} >= {_INFINITE}L THEN {LAST}L WHEN {value} <= -{_INFINITE}L "
        f"THEN {FIRST}L ELSE ({value} - pmod({value}, 1000L)) div 1000L END)"
    )


def date(days: str) -> str:
    """A date of days since 1970."""
    overflown = " ".join(f"WHEN {days} BETWEEN {day - 2} AND {day + 2} THEN {end}" for day, end in _OVERFLOWN)
    inside = f"WHEN {days} BETWEEN {_FIRST_DAY} AND {_LAST_DAY} THEN {days}"
    far = f"WHEN {days} > {_FAR} THEN {_LAST_DAY} WHEN {days} < -{_FAR} THEN {_FIRST_DAY}"
    return f"date_from_unix_date(cast(CASE {inside} {overflown} {far} END AS int))"


def iso_date(text: str) -> str:
    """A date of a text such as 2024-02-29Z."""
    far = f"date_from_unix_date(if(left({text}, 1) = '-', {_FIRST_DAY}, {_LAST_DAY}))"
    near = f"try_cast(regexp_replace({text}, '(Z|[+-][0-9]{{2}}:[0-9]{{2}})$', '') AS date)"
    return f"CASE WHEN {_is_far(text)} THEN {far} ELSE {near} END"


def iso_moment(text: str) -> str:
    """A timestamp of a text such as 2024-02-29T12:34:56.789012Z, infinity or -infinity."""
    far = f"timestamp_micros(if(left({text}, 1) = '-', {FIRST}L, {LAST}L))"
    return f"CASE WHEN {_is_far(text)} THEN {far} ELSE try_cast({text} AS timestamp) END"


def _is_far(text: str) -> str:
    """Infinity, or a year of more than four digits, which stands for it."""
    return f"left({text}, 1) IN ('i', '+', '-') AND ({text} RLIKE {_YEAR} OR {text} LIKE '%infinity')"


def time(value: str, unit: str) -> str:
    """The text of a time of day, 12:34:56.789: no digits behind the point if there are none; MySQL's may be negative.

    A finer fraction than microseconds is cut.
    """
    own = {"millis": f"{value} * 1000L", "micros": value, "nanos": f"{value} div 1000L"}[unit]
    size = f"abs(cast({own} AS bigint))"
    hour = f"cast({size} div 3600000000L AS string)"
    parts = (
        f"lpad({hour}, greatest(2, length({hour})), '0'), ':', "
        f"lpad(cast(({size} div 60000000L) % 60 AS string), 2, '0'), ':', "
        f"lpad(cast(({size} div 1000000L) % 60 AS string), 2, '0')"
    )
    fraction = f"trim(TRAILING '0' FROM concat('.', lpad(cast({size} % 1000000L AS string), 6, '0')))"
    return f"concat(if({value} < 0, '-', ''), {parts}, if({size} % 1000000L = 0, '', {fraction}))"


def iso_time(text: str) -> str:
    """A time of day of a text such as 12:34:56.789012Z."""
    return f"regexp_replace({text}, 'Z$', '')"


def structured(value: str, kind: str) -> str:
    """A date, time or timestamp of its parts; MySQL's zero dates are NULL, infinities as ever."""
    day = f"concat({_digits(value, 'year', 4)}, '-', {_digits(value, 'month', 2)}, '-', {_digits(value, 'day', 2)})"
    sub = f"coalesce({value}.nanos div 1000L, {value}.picoseconds div 1000000L, 0L)"
    clock = (
        f"concat({_digits(value, 'hour', 2)}, ':', {_digits(value, 'minute', 2)}, ':', {_digits(value, 'second', 2)}, "
        f"'.', lpad(cast({sub} AS string), 6, '0'))"
    )
    if kind == "structured_time":
        return f"trim(TRAILING '.' FROM trim(TRAILING '0' FROM {clock}))"
    if kind == "structured_date":
        ends = [f"date_from_unix_date({end})" for end in (_LAST_DAY, _FIRST_DAY)]
        return _with_infinities(value, f"try_cast({day} AS date)", ends)
    stamp = f"try_cast(concat({day}, 'T', {clock}, 'Z') AS timestamp)"
    ends = [f"timestamp_micros({end}L)" for end in (LAST, FIRST)]
    if kind == "structured_zoned":
        offset = f"coalesce({value}.offsetSeconds, 0L) * 1000000L"
        return _with_infinities(value, f"timestamp_micros(unix_micros({stamp}) - {offset})", ends)
    return f"cast({_with_infinities(value, stamp, ends)} AS timestamp_ntz)"


def _digits(value: str, part: str, width: int) -> str:
    return f"lpad(cast({value}.{part} AS string), {width}, '0')"


def _with_infinities(value: str, finite: str, ends: list[str]) -> str:
    special = f"{value}.specialValue"
    return (
        f"CASE WHEN {special} = 'POSITIVE_INFINITY' THEN {ends[0]} "
        f"WHEN {special} = 'NEGATIVE_INFINITY' THEN {ends[1]} ELSE {finite} END"
    )
