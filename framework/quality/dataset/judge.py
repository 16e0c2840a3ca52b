"""All dataset rules of a job, judged together. A rule that can't be measured fails with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from framework.errors import ConfigError
from framework.quality.columns import Columns
from framework.quality.dataset.aggregates import completeness, row_count, row_rule, statistic
from framework.quality.dataset.freshness import freshness
from framework.quality.dataset.matches import (
    aggregate_match,
    dataset_match,
    referential_integrity,
    row_count_match,
)
from framework.quality.dataset.metadata import column_count, column_exists, names_match, schema_match
from framework.quality.dataset.passes import answer_all, failed
from framework.quality.dataset.question import Bench, Question, Verdict
from framework.quality.dataset.sql import custom_sql
from framework.quality.dataset.uniqueness import distinct_values, grouped, primary_key
from framework.quality.nodes import Leaf, Rule
from framework.quality.printer import print_rule
from framework.quality.ruleset import RuleEntry, Ruleset
from framework.run.outcome import RuleResult

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Quality
    from framework.context import RunContext

Ask = Callable[[Leaf, Bench], Question]

FAMILIES: Mapping[str, Ask] = {
    **dict.fromkeys(("IsComplete", "ColumnValues", "ColumnLength", "ColumnDataType"), row_rule),
    **dict.fromkeys(("Mean", "Sum", "StandardDeviation", "Variance", "ColumnCorrelation"), statistic),
    **dict.fromkeys(("Uniqueness", "IsUnique", "UniqueValueRatio", "Entropy"), grouped),
    "RowCount": row_count,
    "Completeness": completeness,
    "DistinctValuesCount": distinct_values,
    "IsPrimaryKey": primary_key,
    "DataFreshness": freshness,
    "ColumnCount": column_count,
    "ColumnExists": column_exists,
    "ColumnNamesMatchPattern": names_match,
    "SchemaMatch": schema_match,
    "RowCountMatch": row_count_match,
    "AggregateMatch": aggregate_match,
    "ReferentialIntegrity": referential_integrity,
    "DatasetMatch": dataset_match,
    "CustomSql": custom_sql,
}


def judge_dataset(
    ctx: RunContext,
    df: DataFrame,
    ruleset: Ruleset,
    quality: Quality,
    references: Mapping[str, DataFrame],
    *,
    on: Literal["batch", "table"] | None = None,
) -> list[RuleResult]:
    """The outcome of every dataset rule on `df`, in the order of the ruleset.

    Args:
        references: other data by the aliases that the rules use (`ruleset.reference_aliases()`).
        on: judge only the rules for the batch, or only those for the table (`# @on=table`); None: all.
    """
    entries = [entry for entry in ruleset.dataset_rules if on is None or entry.on == on]
    if not entries:
        return []
    bench = Bench(df, Columns(df.schema), references, quality.compat == "strict", ctx.clock())
    verdicts = judge_leaves((leaf for entry in entries for leaf in entry.rule.leaves), bench)
    return [_result(entry, combine(entry.rule, verdicts), quality.dataset_failure) for entry in entries]


def judge_leaves(leaves: Iterable[Leaf], bench: Bench) -> dict[Leaf, Verdict]:
    """The verdict on every rule; rules that occur twice are measured once."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    questions: dict[Leaf, Question] = {}
    verdicts: dict[Leaf, Verdict] = {}
    for leaf in dict.fromkeys(leaves):
        try:
            questions[leaf] = FAMILIES[leaf.kind](leaf, bench)
        except (ConfigError, re.error) as error:
            verdicts[leaf] = Verdict(False, reason=str(error))
        except (PySparkException, Py4JError) as error:  # a reference whose schema can't be had
            verdicts[leaf] = failed(error)
    return {**verdicts, **dict(zip(questions, answer_all(list(questions.values()), bench), strict=True))}


def combine(rule: Rule, verdicts: Mapping[Leaf, Verdict]) -> Verdict:
    """A composite's verdict: each part is judged on all rows, then they are joined."""
    if isinstance(rule, Leaf):
        return verdicts[rule]
    parts = [(part, combine(part, verdicts)) for part in rule.rules]
    passed = all(v.passed for _, v in parts) if rule.op == "and" else any(v.passed for _, v in parts)
    measured = "; ".join(f"{print_rule(part)}: {v.measured}" for part, v in parts if v.measured)
    reason = "; ".join(f"{print_rule(part)}: {v.reason}" for part, v in parts if v.reason)
    return Verdict(passed, measured or None, None if passed else reason)


def _result(entry: RuleEntry, verdict: Verdict, on_failure: str) -> RuleResult:
    facts: dict[str, Any] = {
        "failed_rows": verdict.failed_rows,
        "measured": verdict.measured,
        "reason": verdict.reason,
    }
    return RuleResult(entry.text, "dataset", entry.action or on_failure, verdict.passed, **facts)
