"""Types that need no parser: what is understood without Spark means what Spark means by it."""

from __future__ import annotations

import pytest
from pyspark.sql import types as T

from framework.config.job import Column
from framework.readers.declared import _simple_type, parse_type


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("bigint", T.LongType()),
        (" Integer ", T.IntegerType()),
        ("DECIMAL( 12 , 2 )", T.DecimalType(12, 2)),
        ("decimal(38,0)", T.DecimalType(38, 0)),
        ("timestamp_ntz", T.TimestampNTZType()),
    ],
)
def test_common_types_are_understood_without_a_session(text: str, kind: T.DataType) -> None:
    assert parse_type(Column(name="a", type=text)) == kind


@pytest.mark.parametrize(
    "text",
    [
        "timestamp",
        "decimal",
        "decimal(39,2)",
        "decimal(2,3)",
        "decimal(0,0)",
        "array<int>",
        "varchar(3)",
        "x",
    ],
)
def test_types_that_settings_or_details_decide_are_left_to_spark(text: str) -> None:
    assert _simple_type(text) is None
