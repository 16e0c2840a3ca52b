"""Rules on columns of any name and type, and what is said where they don't fit."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from framework.config.job import Quality
from framework.errors import ConfigError
from framework.quality import parse_ruleset
from framework.quality.gate import compile_gate

HARD_NAMES = ["a.b", "1x", "a b", "select", "größe", "a`b", "x-y", "日本"]


@pytest.mark.parametrize("name", HARD_NAMES)
def test_a_column_of_any_name_is_judged(spark: SparkSession, name: str) -> None:
    frame = spark.createDataFrame([(1,), (None,)], "x int").toDF(name)
    gate = compile_gate(parse_ruleset(f'Rules = [ IsComplete "{name}" ]'), frame.schema, Quality())
    judged = frame.withColumn("_sluice_mask", gate.mask())
    rows = judged.select("_sluice_mask", gate.reasons(F.col("_sluice_mask")).alias("r")).collect()
    assert [row["_sluice_mask"] for row in rows] == [0, 1]
    assert rows[1]["r"][0].asDict() == {
        "rule": f'IsComplete "{name}"',
        "columns": [name],
        "found": f"{name} = NULL",
    }


def test_names_are_the_same_in_any_case(spark: SparkSession) -> None:
    frame = spark.sql("SELECT 1 AS `Id`")
    gate = compile_gate(parse_ruleset('Rules = [ IsComplete "ID" ]'), frame.schema, Quality())
    assert gate.rules[0].columns == ("Id",)


def test_a_field_of_a_struct_is_judged_unless_a_column_has_that_very_name(spark: SparkSession) -> None:
    ruleset = parse_ruleset('Rules = [ ColumnValues "a.b" = 1 ]')
    nested = spark.sql("SELECT named_struct('b', 1) AS a")
    assert nested.select(compile_gate(ruleset, nested.schema, Quality()).mask()).first()[0] == 0  # type: ignore[index]
    both = spark.sql("SELECT named_struct('b', 1) AS a, 2 AS `a.b`")
    assert both.select(compile_gate(ruleset, both.schema, Quality()).mask()).first()[0] == 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('IsComplete "custmer"', "is about the column custmer, which the data lacks. Did you mean customer?"),
        ('IsComplete "zzz"', "The columns are customer, n, born, tags, ok"),
        ('IsComplete "_sluice_op"', "which the data lacks"),
        ('ColumnValues "born" > 5', "doesn't fit the column born: got date, expected a number"),
        ('ColumnValues "n" > "2024-01-01"', "doesn't fit the column n: got int, expected a date"),
        ('ColumnValues "n" in ["1", "many"]', 'got int, expected a column that can hold "many"'),
        ('ColumnValues "ok" in ["yes"]', 'got boolean, expected a column that can hold "yes"'),
        ('ColumnValues "tags" = "x"', "got array<string>, expected a string"),
        ('ColumnLength "n" > 1', "got int, expected a string"),
        ('ColumnValues "customer" matches "(?<x>a)(?<x>b)"', "the pattern of ColumnValues can't be read"),
        ('IsComplete "n" where "m > 1"', "the `where` of IsComplete is no condition on these columns"),
        ('IsComplete "n" where "n >"', "the `where` of IsComplete is no condition on these columns"),
        (
            'IsComplete "n" where "customer + born"',
            "the `where` of IsComplete is no condition on these columns",
        ),
    ],
)
def test_a_rule_that_does_not_fit_the_data_is_refused_when_it_is_compiled(
    spark: SparkSession, rule: str, message: str
) -> None:
    columns = (
        "'x' AS customer, 1 AS n, DATE'2000-01-01' AS born, array('x') AS tags, true AS ok, 'I' AS _sluice_op"
    )
    schema = spark.sql(f"SELECT {columns}").schema
    with pytest.raises(ConfigError) as raised:
        compile_gate(parse_ruleset(f"Rules = [ {rule} ]"), schema, Quality())
    assert message in str(raised.value)


def test_values_of_every_type_are_shown_in_reasons(spark: SparkSession) -> None:
    frame = spark.sql(
        "SELECT 1 AS n, array(1, 2) AS a, named_struct('x', 1) AS s, map('k', 1) AS m, X'CAFE' AS b, "
        "TIMESTAMP'2024-01-01 10:00:00' AS t, repeat('x', 500) AS long, CAST(1.50 AS DECIMAL(5,2)) AS d"
    )
    rules = ", ".join(f'(IsComplete "{name}") and (ColumnValues "n" > 5)' for name in frame.columns)
    gate = compile_gate(parse_ruleset(f"Rules = [ {rules} ]"), frame.schema, Quality())
    row = frame.select(gate.reasons(gate.mask()).alias("r")).first()
    assert row is not None
    found = [reason["found"].replace(", n = 1", "") for reason in row["r"]]
    assert found[:6] == [
        "n = 1",
        "a = [1, 2]",
        "s = {1}",
        "m = {k -> 1}",
        "b = CAFE",
        "t = 2024-01-01 10:00:00",
    ]
    assert found[6] == "long = " + "x" * 200
    assert found[7] == "d = 1.50"
