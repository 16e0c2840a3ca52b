"""Json: typed in one pass, nothing lost, every bad record explained."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from pyspark.sql import functions as F

from framework.changes.columns import BAD, RAW, SRC
from framework.errors import ConfigError
from tests.integration.readers.conftest import rows

SCHEMA = [
    {"name": "id", "type": "bigint"},
    {"name": "a.b", "type": "string"},
    {"name": "d", "type": "date", "format": "d-MMM-yy"},
    {"name": "x", "type": "struct<y:int>"},
]


def test_bad_records_are_rows_that_say_what_is_wrong(put, load):
    lines = [
        '{"id":1,"a.b":"Ada","d":"7-Jun-15","x":{"y":1},"undeclared":true}',
        '{"id":"abc","a.b":{"k":[1]},"d":"2015-06-07"}',
        '{"a.b":5,"d":null}',
        "{broken",
        "",
        '"text"',
        '{"id":3,"x":{"y":"one"}}',
        '{"id":4,"x":[1]}',
    ]
    put("raw/t/x.json", "\n".join(lines) + "\n")
    df = load(format="json", path="raw/t", schema=SCHEMA)
    assert df.columns == ["id", "a.b", "d", "x", SRC, BAD, RAW]
    found = rows(df)
    assert found[0] == (1, "Ada", date(2015, 6, 7), (1,), 1, None, None)
    assert found[1][4:] == (
        2, "value 'abc' of column id is not bigint; value '2015-06-07' of column d is not date (d-MMM-yy)", lines[1],
    )  # fmt: skip
    assert found[2] == (None, "5", None, None, 3, None, None)
    assert found[3] == (None, None, None, None, 4, "malformed record", "{broken")
    assert found[4] == (None, None, None, None, 5, "malformed record", '"text"')
    assert found[5][4:] == (6, "a value inside a column does not fit its type", lines[6])
    assert found[6][4:] == (7, "value '[1]' of column x is not struct<y:int>", lines[7])
    assert len(found) == 7


def test_the_verdict_does_not_depend_on_the_columns_a_query_asks_for(put, load):
    put("raw/t/x.json", '{"id":1}\n{"id":"x"}\n{"id":2,"d":"x"}\n')
    df = load(format="json", path="raw/t", schema=SCHEMA)
    assert df.filter(F.col(BAD).isNotNull()).count() == 2
    assert df.filter(F.col(BAD).isNull()).select("`a.b`").count() == 1
    assert df.select(RAW).filter(F.col(RAW).isNotNull()).count() == 2


def test_keys_that_nobody_declared_are_read_as_strings_if_that_is_asked_for(put, load):
    put("raw/t/1.json", '{"id":1,"n":7,"deep":{"k":[1]}}\n{broken\n')
    put("raw/t/2.json", '{"ID":9,"id":2,"late":"x"}\n')
    declared = [{"name": "id", "type": "int"}]
    assert load(format="json", path="raw/t", schema=declared).columns == ["id", SRC, BAD, RAW]
    df = load(format="json", path="raw/t", schema=declared, options={"undeclared": "read"})
    assert df.columns == ["id", "deep", "late", "n", SRC, BAD, RAW]
    assert {field.dataType.simpleString() for field in df.schema.fields[1:4]} == {"string"}
    found = rows(df)
    assert [row[:4] for row in found if row[5] is None] == [(1, '{"k":[1]}', None, "7"), (2, None, "x", None)]
    assert [row[5:] for row in found if row[5] is not None] == [("malformed record", "{broken")]
    with pytest.raises(ConfigError, match="got all, expected ignore or read"):
        load(format="json", path="raw/t", schema=declared, options={"undeclared": "all"})


def test_a_decimal_with_more_digits_than_declared_is_a_bad_record_not_a_rounded_one(put, load):
    put("raw/t/1.json", '{"v":1.25}\n{"v":1.255}\n{"v":null}\n')
    found = rows(load(format="json", path="raw/t", schema=[{"name": "v", "type": "decimal(8,2)"}]))
    assert [(row[0], row[2]) for row in found if row[2] is None] == [(Decimal("1.25"), None), (None, None)]
    assert [row[2] for row in found if row[2]] == ["value '1.255' of column v is not decimal(8,2)"]


def test_without_schema_columns_are_inferred_over_all_files(put, load):
    put("raw/t/1.json", '{"id":1,"v":1}\n{broken\n')
    put("raw/t/2.json", '{"id":2,"v":"x","n":null}\n')
    df = load(format="json", path="raw/t")
    assert [(field.name, field.dataType.simpleString()) for field in df.schema.fields[:3]] == [
        ("id", "bigint"), ("n", "string"), ("v", "string"),
    ]  # fmt: skip
    assert rows(df) == [
        (1, None, "1", 1, None, None),
        (None, None, None, 2, "malformed record", "{broken"),
        (2, None, "x", 1, None, None),
    ]


def test_files_without_any_readable_record_are_all_bad(put, load):
    put("raw/t/1.json", "<html>\nnot found\n")
    assert rows(load(format="json", path="raw/t")) == [
        (1, "malformed record", "<html>"),
        (2, "malformed record", "not found"),
    ]


def test_a_document_over_many_lines_is_one_record(put, load):
    put("raw/t/1.json", '{\n "id": 1,\n "a.b": "x"}\n')
    put("raw/t/2.json", '{\n "id": \n')
    first, second = rows(load(format="json", path="raw/t", schema=SCHEMA[:2], options={"multiLine": True}))
    assert first == (1, "x", 1, None, None)
    assert second == (None, None, 1, "malformed record", '{\n "id": \n')
