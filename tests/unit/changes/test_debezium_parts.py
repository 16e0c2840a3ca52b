"""What Debezium's envelopes know without Spark running: encodings, common types, placeholders, coordinates."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from pyspark.sql import types as T

from framework.changes.debezium.columns import Modes, by_schema, by_type
from framework.changes.debezium.placeholders import Placeholder
from framework.changes.debezium.sequences import coordinates_of
from framework.changes.debezium.types import common_type, encoding_of
from framework.readers.declared import Field

DECIMAL = {"type": "bytes", "name": "org.apache.kafka.connect.data.Decimal", "field": "n"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"scale": "2", "connect.decimal.precision": "10"}, T.DecimalType(10, 2)),
        ({"scale": "2"}, T.DecimalType(38, 2)),
        ({"scale": "0", "connect.decimal.precision": "65"}, T.DecimalType(38, 0)),
        ({"scale": "5", "connect.decimal.precision": "3"}, T.DecimalType(5, 5)),
    ],
)
def test_a_decimals_precision_is_what_the_schema_says_or_the_widest(
    parameters: dict[str, str], expected: T.DataType
) -> None:
    assert encoding_of({**DECIMAL, "parameters": parameters}).type == expected


def test_what_the_schema_names_unknown_is_its_plain_type() -> None:
    assert encoding_of({"type": "string", "name": "io.debezium.data.Ltree"}).type == T.StringType()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (["int", "bigint"], "bigint"),
        (["int", "double"], "double"),
        (["bigint", "decimal(10,2)"], "decimal(21,2)"),
        (["decimal(38,0)", "decimal(10,4)"], "decimal(38,4)"),
        (["date", "timestamp_ntz"], "string"),
        (["int", "string"], "string"),
    ],
)
def test_columns_whose_type_changed_become_a_type_that_holds_both(kinds: list[str], expected: str) -> None:
    known = {
        "int": T.IntegerType(),
        "bigint": T.LongType(),
        "double": T.DoubleType(),
        "date": T.DateType(),
        "timestamp_ntz": T.TimestampNTZType(),
        "string": T.StringType(),
        "decimal(10,2)": T.DecimalType(10, 2),
        "decimal(38,0)": T.DecimalType(38, 0),
        "decimal(10,4)": T.DecimalType(10, 4),
    }
    assert common_type([known[kind] for kind in kinds]).simpleString() == expected


def test_the_union_of_schemas_is_in_the_order_of_the_smallest_whichever_came_first() -> None:
    one: list[dict[str, Any]] = [{"type": "int32", "field": "id"}, {"type": "string", "field": "a"}]
    two = [*one, {"type": "string", "field": "b"}]

    for schemas in ({1: one, 2: two}, {2: two, 1: one}):
        plans = by_schema(schemas, (), None, None, Modes())
        assert [plan.field.name for plan in plans] == ["id", "a", "b"]
        assert [plan.lacking for plan in plans] == [(), (), (1,)]


def test_a_number_without_scale_takes_the_tables_type() -> None:
    variable = {"type": "struct", "name": "io.debezium.data.VariableScaleDecimal", "field": "n", "fields": []}
    target = T.StructType([T.StructField("n", T.DecimalType(38, 4))])

    assert by_schema({1: [variable]}, (), None, None, Modes())[0].field.type == T.DecimalType(38, 18)
    assert by_schema({1: [variable]}, (), None, target, Modes())[0].field.type == T.DecimalType(38, 4)


@pytest.mark.parametrize(
    ("kind", "values", "raw"),
    [
        (T.DateType(), [19782], T.LongType()),
        (T.DateType(), ["2024-02-29Z"], T.StringType()),
        (T.DateType(), [], T.StringType()),
        (T.DecimalType(10, 2), ["AfQ="], T.BinaryType()),
        (T.DecimalType(10, 2), ["AfQ=", {"scale": 1, "value": "AQ=="}], T.StringType()),
        (T.TimestampType(), [None, 1], T.LongType()),
    ],
)
def test_without_schema_a_column_is_parsed_as_the_first_messages_write_it(
    kind: T.DataType, values: list[Any], raw: T.DataType
) -> None:
    (plan,) = by_type([Field("v", "v", kind)], [{"v": value} for value in values], Modes())

    assert plan.raw == raw


def test_decimals_that_come_as_numbers_are_seen() -> None:
    field = {**DECIMAL, "parameters": {"scale": "2", "connect.decimal.precision": "10"}}

    assert by_schema({1: [field]}, [{"n": 1.5}], None, None, Modes())[0].raw == T.DecimalType(10, 2)
    assert by_schema({1: [field]}, [{"n": "AfQ="}], None, None, Modes())[0].raw == T.BinaryType()


def test_the_placeholders_uuid_is_javas_name_based_one() -> None:
    assert Placeholder().uuid == uuid.UUID("b68a35a7-17ad-35b3-af2a-ae46edb4545a")
    assert Placeholder("hex:4142").data == b"AB"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ({"connector": "postgresql", "lsn": 7}, ["lsn", "phase"]),
        ({"connector": "mariadb", "file": "b.7", "pos": 4}, ["log", "pos", "phase", "row"]),
        ({"connector": "mysql", "file": "", "pos": 0}, None),
        ({"connector": "oracle", "scn": "7"}, ["commit_scn", "phase", "scn", "rs_id", "ssn"]),
        ({"connector": "mongodb", "ts_ms": 1, "ord": 2}, ["ts_ms", "phase", "ord"]),
        ({"connector": "db2", "commit_lsn": "0:0"}, None),
        ({"lsn": 7}, ["lsn", "phase"]),
    ],
)
def test_the_first_messages_show_which_coordinates_there_are(
    source: dict[str, Any], expected: list[str] | None
) -> None:
    found = coordinates_of([source], None)

    assert (found.names if found else None) == expected


def test_a_table_keeps_its_kind_of_sequence() -> None:
    kind = T.StructType([T.StructField("lsn", T.LongType()), T.StructField("phase", T.IntegerType())])
    target = T.StructType([T.StructField("_sluice_seq", kind)])

    found = coordinates_of([], target)

    assert found is not None and found.names == ["lsn", "phase"]
