"""Dataset rules: what each measures, what it says when it fails, and that nothing makes judging raise."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from framework.config.job import Quality
from framework.quality import parse_ruleset
from framework.quality.dataset import passes
from framework.quality.dataset.judge import judge_dataset
from framework.run.outcome import RuleResult

CONTEXT: Any = SimpleNamespace(clock=lambda: datetime(2024, 6, 15, 12, tzinfo=UTC))

FRAME = """SELECT * FROM VALUES
  (1,    10.0D, 'a',  'k1', TIMESTAMP'2024-06-15 10:00:00', 'I'),
  (2,    20.0D, 'a',  'k2', TIMESTAMP'2024-06-14 12:00:00', 'I'),
  (3,    30.0D, 'b',  'k3', TIMESTAMP'2024-06-15 11:00:00', 'I'),
  (NULL, NULL,  NULL, 'k4', TIMESTAMP'2024-06-15 11:30:00', 'I')
  AS t(n, x, s, `a.b`, ts, _sluice_op)"""
REFERENCE = """SELECT * FROM VALUES (1, 'k1', 10.0D), (2, 'k2', 21.0D), (3, 'k3', 30.0D), (9, 'k9', 1.0D)
  AS r(id, key, x)"""

RULES = """
RowCount = 4                                          | pass | 4
RowCount > 4                                          | fail | measured 4, expected > 4
RowCount = 3 where "n > 0"                            | pass | 3
ColumnCount = 5                                       | pass | 5
ColumnExists "a.b"                                    | pass |
ColumnExists "_sluice_op"                             | fail | which the data lacks
ColumnExists "ss"                                     | fail | Did you mean s?
ColumnNamesMatchPattern "^[a-z.]+$"                   | pass | 1
ColumnNamesMatchPattern "^.$"                         | fail | columns that don't match: a.b, ts
Completeness "n" >= 0.75                              | pass | 0.75
Completeness "n" > 0.75                               | fail | measured 0.75, expected > 0.75
Completeness "n" = 1 where "s = 'a'"                  | pass | 1
Completeness "n" > 0.9 where "n > 77"                 | pass | no rows
IsComplete "n" with threshold > 0.7                   | pass | 0.75
ColumnValues "n" > 1 with threshold >= 0.5            | pass | 0.5
ColumnValues "n" > 1 with threshold > 0.5             | fail | measured 0.5, expected > 0.5
ColumnValues "n" > 1 where "n > 0" with threshold > 0.6 | pass | 0.666667
Uniqueness "s" between 0.3 and 0.4                    | pass | 0.333333
Uniqueness "s" "a.b" = 1                              | pass | 1
UniqueValueRatio "s" = 0.5                            | pass | 0.5
DistinctValuesCount "s" = 3                           | pass | 3
IsUnique "a.b"                                        | pass | 1
IsUnique "s"                                          | fail | 2 of 3 rows fail
IsUnique "s" where "n > 1"                            | pass | 1
IsPrimaryKey "a.b"                                    | pass | 1
IsPrimaryKey "n"                                      | fail | 1 rows have NULL in the key
IsPrimaryKey "a.b" "n"                                | fail | 1 rows have NULL in the key
Entropy "s" between 0.636 and 0.637                   | pass | 0.636514
Mean "n" = 2                                          | pass | 2
Mean "n" > 2 where "n > 77"                           | pass | no rows
Mean "s" > 0                                          | fail | Mean doesn't fit the column s: got string
Sum "x" = 60                                          | pass | 60
StandardDeviation "n" between 0.81 and 0.82           | pass | 0.816497
Variance "n" between 0.66 and 0.67                    | pass | 0.666667
ColumnCorrelation "n" "x" = 1                         | pass | 1
DataFreshness "ts" <= 24 hours                        | pass | oldest 24 hours
DataFreshness "ts" < 1 days                           | fail | 1 of 4 rows are not < 1 days old
DataFreshness "ts" <= 90 minutes where "n = 3"        | pass | oldest 1 hours
RowCountMatch "ref" = 1                               | pass | 1
RowCountMatch "nowhere" = 1                           | fail | the reference nowhere is neither a table
RowCountMatch "empty" = 1                             | fail | the reference empty has no rows
AggregateMatch "sum(n)" "sum(ref.id)" = 0.4           | pass | 0.4
AggregateMatch "avg(x)" "avg(ref.x)" > 1              | pass | 1.29032
AggregateMatch "sum(n)" "sum(ref.idd)" = 1            | fail | Did you mean id?
AggregateMatch "sum(n)" "sum(empty.id)" = 1           | fail | there are no values to measure
SchemaMatch "ref" = 1                                 | fail | there are 5 columns, in the reference 3
SchemaMatch "same" = 1                                | pass | 1
ReferentialIntegrity "a.b" "crm.ref.key" >= 0.75      | pass | 0.75
ReferentialIntegrity "a.b" "ref.key" = 1              | fail | not found: a.b = k4
ReferentialIntegrity "n,a.b" "ref.{id,key}" = 1       | fail | not found: n = NULL, a.b = k4
ReferentialIntegrity "n" "ref.nope" = 1               | fail | which the data lacks
DatasetMatch "ref" "a.b->key" "n->id" = 0.75          | pass | 0.75
DatasetMatch "ref" "a.b->key" "n->id,x" = 0.75        | fail | measured 0.5
DatasetMatch "ref" "s->key" "n->id" > 0               | fail | the keys are not unique
DatasetMatch "ref" "n->id" > 0                        | fail | in the reference: got s, a.b, ts
CustomSql "select count(*) from primary where n > 1" = 2 | pass | 2
CustomSql "select count(*) from primary p join crm.ref r on p.`a.b` = r.key" = 3 | pass | 3
CustomSql "select max(s) from primary" > 1            | fail | the query gives 'b', expected a number
CustomSql "select n, s from primary" > 1              | fail | expected one number
CustomSql "select nope from primary" > 1              | fail | `nope` cannot be resolved
CustomSql "select count(*) from nowhere" > 1          | fail | `nowhere` cannot be found
CustomSql "select `a.b` from primary"                 | pass | 1
CustomSql "select `a.b` from primary where n > 1"     | fail | 2 of 4 rows fail
CustomSql "select n from primary where n > 1 or n is null" with threshold > 0.7 | pass | 0.75
CustomSql "select 1 as foreign"                       | fail | columns that the data lacks: foreign
(RowCount > 10) or (IsUnique "a.b")                   | pass | RowCount > 10: 4; IsUnique "a.b": 1
(RowCount > 10) and (IsUnique "a.b")                  | fail | RowCount > 10: measured 4, expected > 10
RowCount > 0 where "nope > 1"                         | fail | `nope` cannot be resolved
RowCount > 0 where "cast(s as int) > 1"               | fail | "STRING" cannot be cast
Completeness "zz" > 0                                 | fail | is about the column zz, which the data lacks
"""


def _cases() -> list[tuple[str, bool, str]]:
    lines = [
        [part.strip() for part in line.split(" | ")]
        for line in RULES.replace("|\n", "| \n").strip().splitlines()
    ]
    return [(line[0], line[1] == "pass", line[2] if len(line) > 2 else "") for line in lines]


CASES = _cases()


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> DataFrame:
    return spark.sql(FRAME).coalesce(1)


@pytest.fixture(scope="module")
def references(spark: SparkSession, frame: DataFrame) -> dict[str, DataFrame]:
    ref = spark.sql(REFERENCE).coalesce(1)
    return {"ref": ref, "crm.ref": ref, "same": frame.drop("_sluice_op"), "empty": ref.where("id < 0")}


@pytest.fixture(scope="module")
def results(frame: DataFrame, references: dict[str, DataFrame]) -> dict[str, RuleResult]:
    """All rules judged in one call: no failing rule spoils another."""
    ruleset = parse_ruleset(f"Rules = [ {', '.join(rule for rule, _, _ in CASES)} ]")
    found = judge_dataset(CONTEXT, frame, ruleset, Quality(), references)
    return dict(zip([rule for rule, _, _ in CASES], found, strict=True))


@pytest.mark.parametrize(("rule", "passed", "said"), CASES, ids=[rule for rule, _, _ in CASES])
def test_a_dataset_rule_measures_and_says_what_it_found(
    results: dict[str, RuleResult], rule: str, passed: bool, said: str
) -> None:
    result = results[rule]
    assert result.scope == "dataset"
    assert (result.passed, said in str(result.measured if passed else result.reason)) == (passed, True), (
        result
    )


def test_failed_rows_are_counted_where_rows_can_fail(results: dict[str, RuleResult]) -> None:
    expected = {
        'Completeness "n" >= 0.75': 1,
        'ColumnValues "n" > 1 with threshold >= 0.5': 2,
        'IsUnique "s"': 2,
        'ReferentialIntegrity "a.b" "ref.key" = 1': 1,
        "RowCount = 4": None,
    }
    assert {rule: results[rule].failed_rows for rule in expected} == expected


def test_the_action_is_the_rules_own_or_the_jobs(frame: DataFrame) -> None:
    ruleset = parse_ruleset("Rules = [ RowCount > 0,\nColumnCount = 5 # @action=warn @on=table\n]")
    actions = [result.action for result in judge_dataset(CONTEXT, frame, ruleset, Quality(), {})]
    assert actions == ["fail", "warn"]
    for on, rule in (("batch", "RowCount > 0"), ("table", "ColumnCount = 5")):
        found = judge_dataset(CONTEXT, frame, ruleset, Quality(), {}, on=on)  # type: ignore[arg-type]
        assert [result.rule for result in found] == [rule]


def test_null_counts_as_a_value_as_in_glue_but_not_where_strict(frame: DataFrame) -> None:
    ruleset = parse_ruleset(
        'Rules = [ DistinctValuesCount "s" = 2, ColumnValues "n" != 7 with threshold = 1 ]'
    )
    glue = judge_dataset(CONTEXT, frame, ruleset, Quality(), {})
    assert [result.measured for result in glue] == ["3", "1"]
    strict = judge_dataset(CONTEXT, frame, ruleset, Quality(compat="strict"), {})
    assert [result.measured for result in strict] == ["2", "0.75"]


def test_of_no_rows_every_row_is_good_but_nothing_can_be_measured(frame: DataFrame) -> None:
    ruleset = parse_ruleset(
        """Rules = [ RowCount = 0, Completeness "n" = 1, IsUnique "n", IsPrimaryKey "n", Uniqueness "n" > 0.9,
            ColumnValues "n" > 0 with threshold > 0.9, ReferentialIntegrity "n" "ref.n" = 1,
            DataFreshness "ts" < 1 hours, Mean "n" > 0, Entropy "n" > 0, RowCount > 0 ]"""
    )
    empty = frame.where("n > 99")
    results = judge_dataset(CONTEXT, empty, ruleset, Quality(), {"ref": frame})
    assert [result.passed for result in results] == [True] * 8 + [False] * 3


def test_all_aggregates_take_one_pass_and_equal_keys_one_more(
    frame: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruleset = parse_ruleset(
        """Rules = [ RowCount > 0, Completeness "n" > 0, Mean "n" > 0, Sum "x" > 0,
            ColumnValues "n" > 0 with threshold > 0.1, DataFreshness "ts" < 99 days, IsPrimaryKey "s",
            ColumnCount > 0, ColumnExists "n",
            IsUnique "s", Uniqueness "s" > 0, Entropy "s" > 0, DistinctValuesCount "s" > 0 ]"""
    )
    passed = []
    one_row = passes._one_row
    monkeypatch.setattr(passes, "_one_row", lambda df: passed.append(df.columns) or one_row(df))
    judge_dataset(CONTEXT, frame, ruleset, Quality(), {})
    assert len(passed) == 2
    assert passed[1] == ["rows", "distinct", "once", "weight", "nulls"]


def test_composites_share_what_their_parts_measure(frame: DataFrame) -> None:
    ruleset = parse_ruleset('Rules = [ RowCount = 4, (RowCount = 4) and ((RowCount = 4) or (IsUnique "s")) ]')
    first, second = judge_dataset(CONTEXT, frame, ruleset, Quality(), {})
    assert first.passed
    assert second.passed
    assert (
        second.measured
        == 'RowCount = 4: 4; (RowCount = 4) or (IsUnique "s"): RowCount = 4: 4; IsUnique "s": 0.333333'
    )


def test_views_of_a_query_are_gone_afterwards(spark: SparkSession, frame: DataFrame) -> None:
    ruleset = parse_ruleset(
        'Rules = [ CustomSql "select count(*) from primary" = 4, CustomSql "select x" = 1 ]'
    )
    judge_dataset(CONTEXT, frame, ruleset, Quality(), {"ref": frame})
    assert [table.name for table in spark.catalog.listTables() if table.isTemporary] == []
