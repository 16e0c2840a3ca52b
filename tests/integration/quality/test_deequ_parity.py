"""Our outcomes equal those of Deequ's own DQDL engine, rule by rule, with and without NULLs.

Where they differ on purpose, `DIFFERENCES` says how; docs/reference/dqdl.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from framework.config.job import Quality
from framework.errors import ConfigError, SessionError
from framework.quality import Ruleset, parse_ruleset
from framework.quality.dataset.judge import judge_dataset
from framework.quality.deequ import require_deequ, without_ansi
from framework.quality.gate import compile_gate
from framework.quality.nodes import Document

RULES = Path(__file__).with_name("parity.txt").read_text().splitlines()
TOGETHER = 20
FULL = """SELECT * FROM VALUES
    (1, 10.5D, 'a',   'x1', DATE'2024-01-01', '2024-01-01', 'k1'),
    (2, 20.0D, 'bb',  'x2', DATE'2024-06-01', '2024-06-01', 'k2'),
    (3, 30.0D, 'ccc', 'x3', DATE'2024-12-31', '2024-12-31', 'k3'),
    (4, 40.0D, '',    'x4', DATE'2025-01-01', '2025-01-01', 'k4') AS t(n, x, s, c, d, ds, k)"""
NULLS = FULL.replace(" AS t(", ", (NULL, NULL, NULL, NULL, NULL, NULL, 'k5') AS t(")
REFERENCE = FULL.replace("(4, 40.0D, ''", "(9, 1.0D, 's'").replace("'k4'", "'k9'")

DIFFERENCES = {
    # rule: (frame, ours, Deequ's)
    'ColumnValues "s" matches "[a-z]*"': ("full", True, False),
    'ColumnValues "n" in [1,2] with threshold > 0.4': ("full", True, False),
    'ColumnValues "c" matches "x[12]" with threshold >= 0.4': ("full", True, False),
    'ColumnValues "n" > 1 with threshold > 0.5': ("full", True, False),
    'ColumnLength "s" != 1': ("full", False, True),
    'ColumnLength "c" not in [0,2]': ("full", False, True),
    'ColumnDataType "x" = "Integer"': ("full", False, True),
    '(ColumnValues "n" < 3) or (ColumnValues "n" > 2)': ("full", True, False),
    'IsPrimaryKey "n" "s"': ("nulls", False, True),
}


@pytest.fixture(scope="module")
def frames(spark: SparkSession) -> dict[str, DataFrame]:
    try:
        require_deequ(spark)
    except SessionError as error:
        pytest.skip(str(error))
    return {"full": spark.sql(FULL), "nulls": spark.sql(NULLS), "ref": spark.sql(REFERENCE)}


def ours(df: DataFrame, rules: Sequence[str], references: Mapping[str, DataFrame]) -> dict[str, bool]:
    """The outcome of each rule; a row rule passes if every row does, and fails if it can't be compiled."""
    quality, found, rows = Quality(), {}, {}
    context: Any = SimpleNamespace(clock=lambda: datetime.now(UTC))
    entries = {rule: parse_ruleset(f"Rules = [ {rule} ]").rules[0] for rule in rules}
    whole = Ruleset(Document(tuple(entry.rule for entry in entries.values() if entry.scope == "dataset")))
    results = iter(judge_dataset(context, df, whole, quality, references))
    for rule, entry in entries.items():
        if entry.scope == "dataset":
            found[rule] = next(results).passed
            continue
        try:
            rows[rule] = compile_gate(Ruleset(Document((entry.rule,))), df.schema, quality).rules[0].passes
        except ConfigError:
            found[rule] = False
    judged = df.select(*[column.alias(f"r{i}") for i, column in enumerate(rows.values())]).collect()
    return {**found, **{rule: all(row[i] for row in judged) for i, rule in enumerate(rows)}}


def theirs(df: DataFrame, rules: Sequence[str], references: Mapping[str, DataFrame]) -> dict[str, bool]:
    """The outcome of each rule as Deequ has it; some rules at a time, for its queries grow with them."""
    from pydeequ.dqdl import EvaluateDataQuality

    found = {}
    with without_ansi(df, *references.values()) as (session, frames):
        others = dict(zip(references, frames[1:], strict=True))
        for part in [rules[i : i + TOGETHER] for i in range(0, len(rules), TOGETHER)]:
            text = f"Rules = [ {', '.join(part)} ]"
            result = EvaluateDataQuality.process(session, frames[0], text, others).collect()
            outcomes = {_bare(row["Rule"]): row["Outcome"] == "Passed" for row in result}
            found.update({rule: outcomes[_bare(rule)] for rule in part})
    return found


def _bare(rule: str) -> str:
    """A rule's text without white space and brackets, which Deequ's own text has in other places."""
    return re.sub(r"[\s()]", "", rule).lower()


def test_every_rule_has_the_outcome_that_deequ_gives_it(frames: dict[str, DataFrame]) -> None:
    references = {"ref": frames["ref"], "same": frames["full"]}
    assert ours(frames["full"], RULES, references) == theirs(frames["full"], RULES, references)


def test_every_rule_on_values_gives_null_the_verdict_that_deequ_gives_it(
    frames: dict[str, DataFrame],
) -> None:
    rules = [rule for rule in RULES if rule.startswith(("IsComplete", "Column", "Is", "Uni", "Distinct"))]
    assert ours(frames["nulls"], rules, {}) == theirs(frames["nulls"], rules, {})


def test_the_known_differences_are_still_the_ones_that_the_documentation_lists(
    frames: dict[str, DataFrame],
) -> None:
    for frame in ("full", "nulls"):
        rules = [rule for rule, (where, _, _) in DIFFERENCES.items() if where == frame]
        assert ours(frames[frame], rules, {}) == {rule: DIFFERENCES[rule][1] for rule in rules}
        assert theirs(frames[frame], rules, {}) == {rule: DIFFERENCES[rule][2] for rule in rules}
