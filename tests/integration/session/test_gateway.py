"""What goes over to the JVM in fewer calls is the same there."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from framework.session.gateway import ObjectLists, send_lists_at_once


@pytest.fixture
def converters(spark: SparkSession) -> list[Any]:
    send_lists_at_once(spark)
    gateway: Any = spark.sparkContext._gateway
    converters: list[Any] = gateway._gateway_client.converters
    return converters


def test_lists_are_converted_by_one_converter_however_often_it_is_asked_for(
    spark: SparkSession, converters: list[Any]
) -> None:
    send_lists_at_once(spark)
    assert [type(each) for each in converters].count(ObjectLists) == 1
    assert isinstance(converters[0], ObjectLists)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 20, 21])
@pytest.mark.usefixtures("converters")
def test_columns_arrive_all_and_in_their_order(spark: SparkSession, count: int) -> None:
    names = [f"c{i}" for i in range(count)]
    df = spark.range(1).select(*[F.lit(i).alias(name) for i, name in enumerate(names)])
    assert df.columns == names
    assert list(df.collect()[0]) == list(range(count))


@pytest.mark.usefixtures("converters")
def test_other_lists_go_the_way_they_went(spark: SparkSession) -> None:
    df = spark.createDataFrame([(1, "a"), (2, None)], "id int, name string")
    assert df.filter(F.col("name").isin("a", "b")).count() == 1
    assert df.dropDuplicates(["id", "name"]).count() == 2
    assert df.select([]).columns == []
