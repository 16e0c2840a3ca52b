"""The rank's canonical text, type by type; the same on both lanes."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from framework.changes.rank import canonical_text, rank

TEXTS = {
    "CAST(1 AS int)": "c=n:1;",
    "CAST(1 AS bigint)": "c=n:1;",
    "CAST(1.10 AS decimal(10,2))": "c=n:1.1;",
    "CAST(1.1 AS decimal(20,5))": "c=n:1.1;",
    "CAST(1.00 AS decimal(10,2))": "c=n:1;",
    "CAST(0.00 AS decimal(10,2))": "c=n:0;",
    "CAST(100 AS decimal(10,0))": "c=n:100;",
    "CAST(-0.0000001 AS decimal(20,10))": "c=n:-0.0000001;",
    "CAST(1.5 AS double)": "c=f:1.5;",
    "CAST(NULL AS int)": "c=0:;",
    "''": "c=s:;",
    "'a=b;c,d'": "c=s:a\\=b\\;c\\,d;",
    "true": "c=b:true;",
    "DATE'2024-02-29'": "c=d:2024-02-29;",
    "TIMESTAMP'2024-02-29 12:00:00.123456Z'": "c=t:1709208000123456;",
    "TIMESTAMP_NTZ'2024-02-29 12:00:00.123456'": "c=t:1709208000123456;",
    "X'0AFF'": "c=x:0AFF;",
    "array(1, NULL)": "c=l:n:1\\,0:;",
    "CAST(NULL AS array<int>)": "c=0:;",
    "array()": "c=l:;",
    "named_struct('x', 1, 'y', CAST(NULL AS string))": "c=r:n:1\\,0:;",
    "map('b', 2, 'a', 1)": "c=m:s:a\\=n:1\\,s:b\\=n:2;",
}


@pytest.mark.parametrize("expression", TEXTS)
def test_the_canonical_text_of_a_value(spark: SparkSession, expression: str) -> None:
    frame = spark.sql(f"SELECT {expression} AS c")
    assert frame.select(canonical_text(frame.schema.fields).alias("t")).collect()[0].t == TEXTS[expression]


def test_columns_are_ordered_by_name_whatever_their_case_and_place(spark: SparkSession) -> None:
    one, other = spark.sql("SELECT 1 AS a, 'x' AS B"), spark.sql("SELECT 'x' AS b, 1 AS A")
    ranks = {frame.select(rank(frame.schema.fields).alias("r")).collect()[0].r for frame in (one, other)}
    assert len(ranks) == 1


def _vectors() -> list[tuple[str, str, int]]:
    """Rows, texts and ranks as the page on changes has them."""
    lines = (Path(__file__).parents[2] / "docs/changes.md").read_text().splitlines()
    table = lines[lines.index("| row | text | rank |") + 2 :]
    cells = [[cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in table if line]
    return [(row, text, int(number)) for row, text, number in cells]


@pytest.mark.parametrize(("row", "text", "number"), _vectors())
def test_the_vectors_of_the_documentation_hold(spark: SparkSession, row: str, text: str, number: int) -> None:
    frame = spark.sql(f"SELECT {row}")
    found = frame.select(canonical_text(frame.schema.fields).alias("t"), rank(frame.schema.fields).alias("r"))
    assert tuple(found.collect()[0]) == (text, number)


def test_the_documentation_has_ten_vectors() -> None:
    assert len(_vectors()) == 10
