"""Answers all questions in as few passes as they need, and no question spoils another's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from framework.errors import SluiceError
from framework.quality.dataset.question import Bench, Figures, GroupKey, Question, Verdict
from framework.quality.dataset.uniqueness import group_figures
from framework.quality.rows.common import first_line

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

Measured = Mapping[str, Any] | Exception


def answer_all(questions: Sequence[Question], bench: Bench) -> list[Verdict]:
    """One verdict for each question, in their order."""
    scans = _scan(bench.df, [question.scan for question in questions])
    references = _scan_references(questions, bench)

    @cache
    def groups(key: GroupKey) -> Measured:
        return _attempt(lambda: _one_row(group_figures(bench.df, key)))

    verdicts = []
    for number, question in enumerate(questions):
        found = {alias: parts[number] for alias, parts in references.items() if alias in question.references}
        grouped = groups(question.groups) if question.groups else {}
        verdicts.append(_answer(question, scans[number], grouped, found))
    return verdicts


def _scan_references(questions: Sequence[Question], bench: Bench) -> dict[str, list[Measured]]:
    aliases = dict.fromkeys(alias for question in questions for alias in question.references)
    return {
        alias: _scan(bench.references[alias], [q.references.get(alias, {}) for q in questions])
        for alias in aliases
    }


def _answer(
    question: Question, scan: Measured, groups: Measured, references: Mapping[str, Measured]
) -> Verdict:
    for part in (scan, groups, *references.values()):
        if isinstance(part, Exception):
            return failed(part)
    figures = Figures(scan, groups, references)  # type: ignore[arg-type]
    found = _attempt(lambda: {"verdict": question.answer(figures)})
    return failed(found) if isinstance(found, Exception) else found["verdict"]


def _scan(df: DataFrame, wanted: Sequence[Mapping[str, Column]]) -> list[Measured]:
    """The aggregates of all questions from one pass; if it fails, those of each from one of its own."""
    together = _attempt(lambda: _aggregate(df, wanted))
    if not isinstance(together, Exception):
        return [{name: together[f"q{number}_{name}"] for name in one} for number, one in enumerate(wanted)]
    if len([one for one in wanted if one]) == 1:
        return [together if one else {} for one in wanted]
    return [_scan(df, [one])[0] for one in wanted]


def _aggregate(df: DataFrame, wanted: Sequence[Mapping[str, Column]]) -> Mapping[str, Any]:
    columns = [
        column.alias(f"q{number}_{name}") for number, one in enumerate(wanted) for name, column in one.items()
    ]
    return _one_row(df.agg(*columns)) if columns else {}


def _one_row(df: DataFrame) -> Mapping[str, Any]:
    row = df.first()
    assert row is not None
    return row.asDict()


def _attempt(measure: Callable[[], Mapping[str, Any]]) -> Measured:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        return measure()
    except (PySparkException, Py4JError, SluiceError) as error:
        return error


def failed(error: Exception) -> Verdict:
    """The verdict on a rule that could not be judged."""
    return Verdict(False, reason=f"the rule can't be judged: {first_line(error)}")
