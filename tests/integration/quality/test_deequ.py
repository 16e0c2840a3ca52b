"""Profiles and suggestions through pydeequ, and what is said where Deequ is not to be had."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from framework.config.job import Quality
from framework.errors import SessionError
from framework.quality import parse_ruleset
from framework.quality.deequ import (
    Suggestion,
    as_ruleset,
    profile,
    require_deequ,
    suggest,
)
from framework.quality.gate import compile_gate

COLUMNS = [
    "id",
    "CAST(id % 3 AS string) AS grp",
    "IF(id % 10 = 0, NULL, id * 1.5) AS amount",
    "DATE'2024-01-01' AS day",
    "array(1) AS tags",
    "CAST(id AS double) AS `a.b`",
    "IF(id % 2 = 0, 'x,y', 'it\\'s') AS `select`",
    "IF(id % 7 = 0, NULL, '\"q') AS quoted",
    "'I' AS _sluice_op",
]


@pytest.fixture(scope="module")
def frame(spark: SparkSession) -> DataFrame:
    try:
        require_deequ(spark)
    except SessionError as error:
        pytest.skip(str(error))
    return spark.range(200).selectExpr(*COLUMNS)


def test_every_flat_column_is_profiled_under_its_own_name(spark: SparkSession, frame: DataFrame) -> None:
    found = {one.column: one for one in profile(frame)}
    assert list(found) == ["id", "grp", "amount", "day", "a.b", "select", "quoted"]
    assert (found["id"].minimum, found["id"].maximum, found["id"].completeness) == (0, 199, 1)
    assert abs(found["id"].distinct - 200) < 20
    assert found["amount"].completeness == 0.9
    assert found["select"].values == (("it's", 100), ("x,y", 100))
    assert found["quoted"].values == (('"q', 171),)
    assert found["day"].type == "date"
    # the session is as it was, and nothing waits for callbacks
    assert spark.conf.get("spark.sql.ansi.enabled") == "true"
    assert getattr(spark.sparkContext._gateway, "_callback_server", None) is None


def test_suggestions_are_rules_that_the_data_passes(frame: DataFrame) -> None:
    suggestions = suggest(frame)
    texts = [one.dqdl for one in suggestions]
    assert 'IsComplete "id"' in texts
    assert 'IsUnique "id"' in texts
    assert 'ColumnValues "select" in ["it\'s", "x,y"]' in texts
    assert 'ColumnValues "quoted" in ["\\"q", NULL]' in texts
    assert 'ColumnValues "amount" >= 0 where "`amount` IS NOT NULL"' in texts
    assert any(text.startswith('Completeness "amount" >= 0.8') for text in texts)
    assert all(one.evidence for one in suggestions)

    ruleset = parse_ruleset(as_ruleset(suggestions))
    assert len(ruleset.rules) == len(suggestions)
    gate = compile_gate(ruleset, frame.schema, Quality())
    counts = frame.withColumn("_sluice_mask", gate.mask()).agg(*gate.failures()).first()
    assert counts is not None
    assert set(counts) == {0}


def test_without_deequs_jar_the_message_says_what_to_do() -> None:
    class JavaPackage:
        def __getattr__(self, name: str) -> JavaPackage:
            return JavaPackage()

    session: Any = SimpleNamespace(version="4.1.3", _jvm=JavaPackage())
    with pytest.raises(SessionError) as raised:
        require_deequ(session)
    assert "need Deequ's jar" in str(raised.value)
    assert "lane 3.5" in str(raised.value)
    assert raised.value.exit_code == 4


def test_suggestions_are_printed_with_their_evidence() -> None:
    text = as_ruleset(
        [Suggestion("a", 'IsComplete "a"', "Completeness: 1.0"), Suggestion("a", 'IsUnique "a"', "all")]
    )
    assert text.splitlines() == [
        "Rules = [",
        "    # Completeness: 1.0",
        '    IsComplete "a",',
        "    # all",
        '    IsUnique "a"',
        "]",
    ]
    assert as_ruleset([]) == "Rules = [\n\n]\n"
