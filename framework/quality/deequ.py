"""Column profiles and suggested rules by Deequ, through pydeequ: the only module that knows either.

pydeequ works through py4j, reads SPARK_VERSION when it is imported, and needs Deequ's jar in the session.
Nothing here passes a Python function to it, so its callback server is never started. Deequ casts as Spark did
before ANSI mode, so it runs in a session of its own with that mode off; columns go by neutral names, so that
any name works.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from framework.errors import SessionError
from framework.quality.columns import Columns
from framework.quality.dataset.question import number_text
from framework.quality.nodes import Condition, Keyword, Leaf, Literal, Number, Tag, Text
from framework.quality.printer import print_rule
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType

_MOST_VALUES = 10
_NULL = "NullValue"
"""Deequ's name for NULL among the values."""


@dataclass(frozen=True)
class ColumnProfile:
    """What a column contains; what doesn't fit its type is None."""

    column: str
    type: str
    completeness: float
    distinct: int
    """Approximately."""
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    stddev: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    values: tuple[tuple[str, int], ...] = ()
    """The most frequent values and how often they occur, where there are few."""


@dataclass(frozen=True)
class Suggestion:
    """A rule that the data satisfies today."""

    column: str
    dqdl: str
    evidence: str


def profile(df: DataFrame) -> list[ColumnProfile]:
    """Profile every column that isn't nested, in their order; a few passes over the data.

    Raises SessionError, with the remedy, where Deequ is not to be had.
    """
    require_deequ(df.sparkSession)
    from pydeequ.profiles import ColumnProfilerRunner

    with _prepared(df) as (session, data, names):
        result = ColumnProfilerRunner(session).onData(data).run()
    types = {name: df.schema[name].dataType.simpleString() for name in names.values()}
    found = {names[alias]: value for alias, value in result.profiles.items()}
    return [_profile(name, types[name], found[name]) for name in names.values() if name in found]


def suggest(df: DataFrame) -> list[Suggestion]:
    """Rules that fit the data as it is, as DQDL to be edited.

    Raises SessionError, with the remedy, where Deequ is not to be had.
    """
    require_deequ(df.sparkSession)
    from pydeequ.suggestions import DEFAULT, ConstraintSuggestionRunner

    with _prepared(df) as (session, data, names):
        result = ConstraintSuggestionRunner(session).onData(data).addConstraintRule(DEFAULT()).run()
    found = result["constraint_suggestions"]
    complete = {
        one["column_name"] for one in found if one["suggesting_rule"].startswith("CompleteIfComplete")
    }
    suggestions = [
        _suggestion(one, names[one["column_name"]], one["column_name"] in complete) for one in found
    ]
    order = {name: number for number, name in enumerate(names.values())}
    return sorted((one for one in suggestions if one), key=lambda one: order[one.column])


def as_ruleset(suggestions: Sequence[Suggestion]) -> str:
    """Suggestions as a DQDL text to edit, each with its evidence in a comment.

    >>> print(as_ruleset([Suggestion("id", 'IsComplete "id"', "no NULL")]), end="")
    Rules = [
        # no NULL
        IsComplete "id"
    ]
    """
    rules = [f"    # {one.evidence}\n    {one.dqdl}" for one in suggestions]
    return "Rules = [\n" + ",\n".join(rules) + "\n]\n"


def require_deequ(spark: SparkSession) -> None:
    """Raise SessionError unless pydeequ can be imported and Deequ's jar is in the session."""
    os.environ.setdefault("SPARK_VERSION", spark.version)
    try:
        import pydeequ  # noqa: F401
    except ImportError as error:
        raise SessionError(
            "profiles and suggestions need the package pydeequ",
            fix="Install it: pip install 'sluice-lake[quality]'.",
        ) from error
    jvm = getattr(spark, "_jvm", None)
    if jvm is None or type(jvm.com.amazon.deequ.profiles.ColumnProfilerRunBuilder).__name__ != "JavaClass":
        raise SessionError(
            "profiles and suggestions need Deequ's jar, which this session lacks",
            found=f"Spark {spark.version}",
            expected="Spark 3.5 with com.amazon.deequ:deequ among its jars",
            fix="Use lane 3.5, whose jars have it: none for Spark 4.1 can be had. All else works.",
        )


@contextmanager
def without_ansi(*frames: DataFrame) -> Iterator[tuple[SparkSession, list[DataFrame]]]:
    """The same frames in a session of their own without ANSI mode, which is the active one within."""
    from pyspark.sql import DataFrame

    home = frames[0].sparkSession
    session = home.newSession()
    session.conf.set("spark.sql.ansi.enabled", "false")
    jvm: Any = session._jvm
    datasets, sessions = jvm.org.apache.spark.sql.Dataset, jvm.org.apache.spark.sql.SparkSession
    before = sessions.getActiveSession()
    # casts take their mode from the active session at the moment they are made
    sessions.setActiveSession(session._jsparkSession)
    try:
        moved = [datasets.ofRows(session._jsparkSession, frame._jdf.logicalPlan()) for frame in frames]
        yield session, [DataFrame(frame, session) for frame in moved]
    finally:
        sessions.setActiveSession(before.get() if before.isDefined() else home._jsparkSession)


@contextmanager
def _prepared(df: DataFrame) -> Iterator[tuple[SparkSession, DataFrame, dict[str, str]]]:
    """The data as Deequ takes it, under the names c0, c1, ..; and the columns by those names."""
    from pyspark.sql import functions as F

    columns = [name for name in Columns(df.schema).names if not _nested(df.schema[name].dataType)]
    names = {f"c{number}": name for number, name in enumerate(columns)}
    plain = df.select(*[F.col(quote(name)).alias(alias) for alias, name in names.items()])
    with without_ansi(plain) as (session, (data,)):
        yield session, data, names


def _nested(kind: DataType) -> bool:
    from pyspark.sql.types import ArrayType, BinaryType, MapType, StructType

    return isinstance(kind, ArrayType | MapType | StructType | BinaryType)


def _profile(name: str, kind: str, found: Any) -> ColumnProfile:
    listed = [one for one in found.histogram or () if found.completeness == 1 or one.value != _NULL]
    values = sorted(listed, key=lambda one: (-one.count, one.value))
    return ColumnProfile(
        column=name,
        type=kind,
        completeness=found.completeness,
        distinct=found.approximateNumDistinctValues,
        minimum=getattr(found, "minimum", None),
        maximum=getattr(found, "maximum", None),
        mean=getattr(found, "mean", None),
        stddev=getattr(found, "stdDev", None),
        min_length=_whole(getattr(found, "minLength", None)),
        max_length=_whole(getattr(found, "maxLength", None)),
        values=tuple((str(one.value), one.count) for one in values[:_MOST_VALUES]),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _suggestion(found: dict[str, str], column: str, complete: bool) -> Suggestion | None:
    """Deequ's suggestion as a rule; None for one that DQDL has no words for."""
    rule = _rule(found["suggesting_rule"].partition("(")[0], found, column, complete)
    return Suggestion(column, print_rule(rule), found["current_value"]) if rule else None


def _rule(name: str, found: dict[str, str], column: str, complete: bool) -> Leaf | None:
    about = (Text(_escape(column)),)
    share = re.search(r">= ([0-9.]+)", found["code_for_constraint"])
    if name == "CompleteIfCompleteRule":
        return Leaf("IsComplete", about)
    if name == "UniqueIfApproximatelyUniqueRule":
        return Leaf("IsUnique", about)
    if name == "RetainCompletenessRule" and share:
        return Leaf("Completeness", about, _at_least(share[1]))
    if name == "NonNegativeNumbersRule":
        # a comparison fails NULL, and the column has some
        known = None if complete else Text(_escape(f"{quote(column)} IS NOT NULL"))
        return Leaf("ColumnValues", about, _at_least("0"), known)
    if name in ("CategoricalRangeRule", "FractionalCategoricalRangeRule"):
        tags = (Tag("threshold", _at_least(share[1])),) if share and name.startswith("Fractional") else ()
        return Leaf(
            "ColumnValues", about, Condition("in", _categories(found["description"], complete)), tags=tags
        )
    if name == "RetainTypeRule":
        kind = {"Integral": "Long", "Fractional": "Double", "Boolean": "Boolean"}.get(
            found["current_value"].split()[-1]
        )
        return Leaf("ColumnDataType", about, Condition("=", (Text(kind),))) if kind else None
    return None


def _at_least(number: str) -> Condition:
    return Condition(">=", (Number(Literal(number_text(float(number)))),))


def _categories(description: str, complete: bool) -> tuple[Text | Keyword, ...]:
    """The values of `'c1' has value range 'it''s', 'b'`; NULL too where the column has some."""
    listed = description.partition("has value range ")[2]
    found = sorted(value.replace("''", "'") for value in re.findall(r"'((?:[^']|'')*)'", listed))
    values = tuple(Text(_escape(value)) for value in found)
    return values if complete else (*values, Keyword("NULL"))


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
