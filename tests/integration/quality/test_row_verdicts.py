"""One frame, many rules, and the rows each lets pass, under both verdicts on NULL.

A vector has a character for each row of the frame, `1` passes, `0` fails; a second one is what `strict`
gives, where that differs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from framework.config.job import Quality
from framework.quality import Ruleset, parse_ruleset
from framework.quality.gate import compile_gate
from framework.quality.nodes import Document

NOW = datetime(2024, 6, 15, 12, tzinfo=UTC)

FRAME = """SELECT n, x, CAST(m AS DECIMAL(10,2)) AS m, s, t, d, ts, ds, b FROM VALUES
  (1,    1.5D, 10.10, 'abc', '1',   DATE'2024-06-14', TIMESTAMP'2024-06-15 09:00:00', '2024-06-14', true),
  (2,    0.1D, 20.20, '',    ' 2 ', DATE'2024-06-15', TIMESTAMP'2024-06-15 13:00:00', 'nonsense',   false),
  (-3,   0.0D, 0.00,  '  ',  'x',   DATE'2024-01-01', TIMESTAMP'2024-06-01 00:00:00', '14/06/2024', true),
  (NULL, NULL, NULL,  NULL,  NULL,  NULL,             NULL,                           NULL,         NULL)
  AS r(n, x, m, s, t, d, ts, ds, b)"""

VECTORS = """
IsComplete "n"                                        | 1110
IsComplete "s"                                        | 1110
ColumnValues "n" > 1                                  | 0100
ColumnValues "n" >= 1                                 | 1100
ColumnValues "n" < 1                                  | 0010
ColumnValues "n" <= 1                                 | 1010
ColumnValues "n" = 1                                  | 1000
ColumnValues "n" != 1                                 | 0111 | 0110
ColumnValues "n" between 1 and 3                      | 0100
ColumnValues "n" not between 1 and 3                  | 1010
ColumnValues "n" in [1, -3]                           | 1010
ColumnValues "n" in [1, NULL]                         | 1001
ColumnValues "n" not in [1]                           | 0111 | 0110
ColumnValues "n" not in [1, NULL]                     | 0110
ColumnValues "n" = NULL                               | 0001
ColumnValues "n" != NULL                              | 1110
ColumnValues "n" > 0.5                                | 1100
ColumnValues "n" = 1.5                                | 0000
ColumnValues "n" > 1 + 1 * 0                          | 1100
ColumnValues "n" < 99999999999999999999               | 1110
ColumnValues "n" in ["1", "2"]                        | 1100
ColumnValues "x" = 0.1                                | 0100
ColumnValues "x" >= 0                                 | 1110
ColumnValues "m" = 10.1                               | 1000
ColumnValues "m" between 0 and 20.2                   | 1000
ColumnValues "t" > 1                                  | 0100
ColumnValues "t" != 7                                 | 1101 | 1100
ColumnValues "t" not in [1]                           | 0101 | 0100
ColumnValues "s" = "abc"                              | 1000
ColumnValues "s" != "abc"                             | 0111 | 0110
ColumnValues "s" in ["abc", EMPTY]                    | 1100
ColumnValues "s" in [EMPTY, WHITESPACES_ONLY, NULL]   | 0111
ColumnValues "s" = EMPTY                              | 0100
ColumnValues "s" != EMPTY                             | 1010
ColumnValues "s" = WHITESPACES_ONLY                   | 0010
ColumnValues "s" not in ["abc", WHITESPACES_ONLY]     | 0100
ColumnValues "s" matches "[a-c]+"                     | 1000
ColumnValues "s" matches "[a-c]"                      | 0000
ColumnValues "s" matches ".*"                         | 1110
ColumnValues "s" matches "x|abc"                      | 1000
ColumnValues "s" not matches "abc"                    | 0110
ColumnValues "s" not matches "ab"                     | 1110
ColumnValues "n" matches "-?[0-9]"                    | 1110
ColumnValues "b" in ["true"]                          | 1010
ColumnValues "b" != "true"                            | 0101 | 0100
ColumnValues "d" > "2024-06-14"                       | 0100
ColumnValues "d" between "2024-01-01" and "2024-06-15"| 1000
ColumnValues "d" not between "2024-01-01" and "2024-06-15" | 0111 | 0110
ColumnValues "d" in ["2024-06-14", NULL]              | 1001
ColumnValues "d" != "2024-06-14"                      | 0111 | 0110
ColumnValues "d" = "2024-06-14"                       | 1000
ColumnValues "d" < now()                              | 1010
ColumnValues "d" >= (now() - 1 days)                  | 1100
ColumnValues "ts" > "2024-06-01"                      | 1100
ColumnValues "ts" <= "2024-06-15"                     | 1110
ColumnValues "ts" < now()                             | 1010
ColumnValues "ts" > (now() - 4 hours)                 | 1100
ColumnValues "ts" > (now() + 30 minutes)              | 0100
ColumnValues "ts" > "10:30"                           | 0100
ColumnValues "ts" > "8:59 AM"                         | 1100
ColumnValues "ts" in ["2024-06-15 09:00:00"]          | 1000
ColumnValues "ds" > "2024-01-01"                      | 1000
ColumnValues "ds" != "2024-01-01"                     | 1001 | 1000
ColumnLength "s" > 0                                  | 1011 | 1010
ColumnLength "s" = 2                                  | 0011 | 0010
ColumnLength "s" in [0, 2]                            | 0111 | 0110
ColumnLength "s" in [3]                               | 1000
ColumnLength "s" not in [3]                           | 0111 | 0110
ColumnLength "s" not in [0]                           | 1010
ColumnLength "s" between 0 and 3                      | 0011 | 0010
ColumnLength "s" not between 1 and 4                  | 0101 | 0100
ColumnDataType "t" = "Integer"                        | 1100
ColumnDataType "t" != "Integer"                       | 0011 | 0010
ColumnDataType "ds" = "Date"                          | 1000
ColumnDataType "ds" = "Date" with format = "dd/MM/yyyy" | 0010
ColumnDataType "n" = "Date"                           | 0000
ColumnDataType "m" = "Double"                         | 1110
ColumnDataType "b" = "Boolean"                        | 1110
IsComplete "n" where "x > 1"                          | 1111
ColumnValues "n" > 1 where "x < 1"                    | 1101
ColumnValues "n" > 1 where "b"                        | 0101
(IsComplete "n") and (ColumnValues "n" > 0)           | 1100
(ColumnValues "n" > 1) or (ColumnValues "x" > 1)      | 1100
(ColumnValues "n" < 0) or (ColumnValues "n" = NULL)   | 0011
((IsComplete "n") and (ColumnValues "s" = "abc")) or (ColumnValues "n" = NULL) | 1001
"""


def _cases() -> list[tuple[str, str, str]]:
    lines = [[part.strip() for part in line.split("| ")] for line in VECTORS.strip().splitlines()]
    return [(line[0], line[1], line[-1]) for line in lines]


CASES = _cases()


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> DataFrame:
    return spark.sql(FRAME).coalesce(1)


def _verdicts(frame: DataFrame, compat: Literal["glue", "strict"]) -> dict[str, str]:
    """The vectors of all rules, in one pass."""
    quality = Quality(compat=compat)
    rules = [parse_ruleset(f"Rules = [ {rule} ]").rules[0].rule for rule, _, _ in CASES]
    gates = [compile_gate(Ruleset(Document((rule,))), frame.schema, quality, now=NOW) for rule in rules]
    rows = frame.select(
        *[gate.rules[0].passes.cast("int").alias(f"r{i}") for i, gate in enumerate(gates)]
    ).collect()
    return {rule: "".join(str(row[i]) for row in rows) for i, (rule, _, _) in enumerate(CASES)}


def test_every_rule_lets_the_rows_pass_that_glue_lets_pass(frame: DataFrame) -> None:
    assert _verdicts(frame, "glue") == {rule: glue for rule, glue, _ in CASES}


def test_strict_lets_no_null_pass_that_the_rule_does_not_name(frame: DataFrame) -> None:
    found = _verdicts(frame, "strict")
    expected = {rule: strict for rule, _, strict in CASES}
    # Glue's `not matches` looks at the first word only; strict means what it says
    assert found == expected


def test_not_matches_is_the_contrary_of_matches_only_where_strict(spark: SparkSession) -> None:
    words = spark.sql("SELECT * FROM VALUES ('a b'), ('ab'), ('a'), ('b a') AS t(s)")
    ruleset = parse_ruleset('Rules = [ ColumnValues "s" not matches "a" ]')
    for compat, expected in (("glue", "0101"), ("strict", "1101")):
        gate = compile_gate(ruleset, words.schema, Quality(compat=compat))  # type: ignore[arg-type]
        rows = words.select(gate.rules[0].passes.cast("int")).collect()
        assert "".join(str(row[0]) for row in rows) == expected


def test_the_mask_has_a_bit_for_every_failed_rule_and_reasons_say_why(frame: DataFrame) -> None:
    ruleset = parse_ruleset(
        """Rules = [
            IsComplete "s",                                        # @action=warn
            ColumnValues "n" > 0,                                  # @action=drop
            (IsComplete "n") and (ColumnValues "s" = "abc"),
            ColumnLength "s" > 0                                   # @action=fail
        ]"""
    )
    gate = compile_gate(ruleset, frame.schema, Quality(on_failure="quarantine"))
    assert [rule.action for rule in gate.rules] == ["warn", "drop", "quarantine", "fail"]
    assert gate.bits("drop", "fail") == 0b1010
    assert gate.bits("quarantine") == 0b0100

    judged = frame.withColumn("_sluice_mask", gate.mask())
    assert judged.schema["_sluice_mask"].dataType.simpleString() == "bigint"
    rows = judged.select("_sluice_mask", gate.reasons(F.col("_sluice_mask")).alias("reasons")).collect()
    assert [row["_sluice_mask"] for row in rows] == [0, 0b1100, 0b0110, 0b0111]
    assert rows[0]["reasons"] is None
    assert [reason.asDict() for reason in rows[1]["reasons"]] == [
        {
            "rule": '(IsComplete "n") and (ColumnValues "s" = "abc")',
            "columns": ["n", "s"],
            "found": "n = 2, s = ",
        },
        {"rule": 'ColumnLength "s" > 0', "columns": ["s"], "found": "s = "},
    ]
    assert [reason["found"] for reason in rows[3]["reasons"]] == [
        "s = NULL",
        "n = NULL",
        "n = NULL, s = NULL",
    ]

    counts = judged.agg(*gate.failures()).first()
    assert counts is not None
    assert counts.asDict() == {"rule_0": 1, "rule_1": 2, "rule_2": 3, "rule_3": 1}
    results = gate.results(counts.asDict())
    assert [(result.action, result.passed, result.failed_rows) for result in results] == [
        ("warn", False, 1),
        ("drop", False, 2),
        ("quarantine", False, 3),
        ("fail", False, 1),
    ]


def test_sixty_rules_fit_into_one_mask(spark: SparkSession) -> None:
    frame = spark.sql("SELECT 59 AS n")
    rules = ", ".join(f'ColumnValues "n" != {number}' for number in range(60))
    gate = compile_gate(parse_ruleset(f"Rules = [ {rules} ]"), frame.schema, Quality())
    row = frame.select(gate.mask().alias("mask")).first()
    assert row is not None
    assert row["mask"] == 1 << 59
    assert gate.settings == {"spark.sql.codegen.hugeMethodLimit": "8000"}


def test_a_gate_without_rules_lets_everything_pass(spark: SparkSession) -> None:
    gate = compile_gate(parse_ruleset("Rules = []"), spark.range(1).schema, Quality())
    assert not gate
    assert gate.bits("warn", "drop", "quarantine", "fail") == 0
    row = spark.range(1).select(gate.mask().alias("m"), gate.reasons(F.lit(0)).alias("r")).first()
    assert row is not None
    assert (row["m"], row["r"]) == (0, None)
