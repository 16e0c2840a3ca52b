"""Csv: typed in one pass, nothing lost, every bad record explained."""

from __future__ import annotations

import gzip
from datetime import date, datetime
from decimal import Decimal

import pytest
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import functions as F

from framework.changes.columns import BAD, RAW, SRC
from framework.errors import ConfigError, ReadError
from framework.readers.base import STOPPED
from framework.tables.conflicts import texts
from tests.integration.readers.conftest import rows

SCHEMA = [
    {"name": "id", "type": "bigint"},
    {"name": "a.b", "type": "string"},
    {"name": "select", "type": "date"},
    {"name": "1x", "type": "decimal(10,2)"},
]


def test_bad_records_are_rows_that_say_what_is_wrong(put, load):
    put(
        "raw/t/x[1] {a}.csv",
        "1,Ada,2020-01-01,1.5\n"
        "abc,Bob,2020-01-02,2.5\n"
        '2,"C\n'
        "3,Dan,2020-13-45,7.5,extra\n"
        "4,Eve\n"
        "\n"
        '5,"Fa,y",2020-01-02,99999999999.5\n'
        '6,"G\\"q",,\n',
    )
    df = load(format="csv", path="raw/t", schema=SCHEMA)
    assert df.columns == ["id", "a.b", "select", "1x", SRC, BAD, RAW]
    assert rows(df) == [
        (1, "Ada", date(2020, 1, 1), Decimal("1.50"), 1, None, None),
        (
            None, "Bob", date(2020, 1, 2), Decimal("2.50"), 2,
            "value 'abc' of column id is not bigint", "abc,Bob,2020-01-02,2.5",
        ),
        (2, "C", None, None, 3, "malformed record: a quote is not closed", '2,"C'),
        (
            3, "Dan", None, Decimal("7.50"), 4,
            "too many fields: found 5, expected 4; value '2020-13-45' of column select is not date",
            "3,Dan,2020-13-45,7.5,extra",
        ),
        (4, "Eve", None, None, 5, "too few fields: found 2, expected 4", "4,Eve"),
        (
            5, "Fa,y", date(2020, 1, 2), None, 6,
            "value '99999999999.5' of column 1x is not decimal(10,2)", '5,"Fa,y",2020-01-02,99999999999.5',
        ),
        (6, 'G"q', None, None, 7, None, None),
    ]  # fmt: skip


def test_the_verdict_does_not_depend_on_the_columns_a_query_asks_for(put, load):
    put("raw/t/x.csv", "1,Ada,2020-01-01,1.5\n2,Bob,2020-01-01,x\n3\n")
    df = load(format="csv", path="raw/t", schema=SCHEMA)
    assert df.filter(F.col(BAD).isNotNull()).count() == 2
    assert [r[0] for r in df.filter(F.col(BAD).isNull()).select("id").collect()] == [1]
    assert [r[0] for r in df.select(RAW).filter(F.col(RAW).isNotNull()).collect()] == [
        "2,Bob,2020-01-01,x",
        "3",
    ]
    assert df.count() == 3


LONG = [
    {"name": "id", "type": "int"},
    {"name": "few", "type": "decimal(8,2)"},
    {"name": "many", "type": "decimal(20,2)"},
]


def test_a_decimal_with_more_digits_than_declared_is_a_bad_record_not_a_rounded_one(put, load, load_strictly):
    put(
        "raw/t/x.csv",
        "1,1.25,-2.5\n2,1.255,0\n3,,1.0000000001\n4,7,100.00\n5,0.30000000000000004,\n6,999999.999,\n",
    )
    options = {"format": "csv", "path": "raw/t", "schema": LONG}
    found = rows(load(**options))
    good = [
        (1, Decimal("1.25"), Decimal("-2.50"), 1, None, None),
        (4, Decimal("7.00"), Decimal("100.00"), 4, None, None),
        (5, Decimal("0.30"), None, 5, None, None),
    ]
    assert [row for row in found if row[4] is None] == good, "the noise of a binary float is no digit"
    assert [row[3:] for row in found if row[4] is not None] == [
        (2, "value '1.255' of column few is not decimal(8,2)", "2,1.255,0"),
        (3, "value '1.0000000001' of column many is not decimal(20,2)", "3,,1.0000000001"),
        (6, "value '999999.999' of column few is not decimal(8,2)", "6,999999.999,"),
    ]
    assert load(positions=False, **options).filter(F.col(BAD).isNotNull()).count() == 3
    with pytest.raises(Exception, match="|".join(STOPPED)):
        load_strictly(**options).collect()
    put("raw/r/x.csv", "2,1.255,0\n")
    rounding = {**options, "path": "raw/r", "options": {"decimals": "round"}}
    assert rows(load(**rounding))[0][1:5] == (Decimal("1.26"), Decimal("0.00"), 1, None)
    assert load_strictly(**rounding).collect()[0]["few"] == Decimal("1.26")


STRICT = {"format": "csv", "path": "raw/t", "schema": SCHEMA}


def test_a_strict_scan_gives_the_values_that_the_tolerant_one_gives(put, load, load_strictly):
    put("raw/t/x.csv", '1,"Ada, G\\"q",2020-01-01,1.5\n\n2,,,\n3,"",2020-02-29,-7\n')
    strict = load_strictly(**STRICT)
    assert strict.columns == [column["name"] for column in SCHEMA]
    assert [tuple(row) for row in strict.collect()] == [row[:4] for row in rows(load(**STRICT))]


@pytest.mark.parametrize(
    "record",
    [
        "abc,Bob,2020-01-02,2.5",
        '2,"C',
        "3,Dan,2020-01-01,7.5,extra",
        "4,Eve",
        "5,Fay,2020-13-45,1",
        "6,Gil,2020-01-02,99999999999.5",
    ],
)
def test_a_strict_scan_stops_at_every_record_that_the_tolerant_one_calls_bad(
    put, load, load_strictly, record
):
    put("raw/t/x.csv", f"1,Ada,2020-01-01,1.5\n{record}\n")
    assert [row[5] is None for row in rows(load(**STRICT))] == [True, False]
    with pytest.raises((Py4JError, PySparkException)) as stopped:
        load_strictly(**STRICT).collect()
    assert any(sign in text for text in texts(stopped.value) for sign in STOPPED)


def test_a_strict_scan_matches_headers_by_name_as_the_tolerant_one_does(put, load_strictly):
    put("raw/t/a.csv", "B,id\nx,1\n")
    put("raw/t/b.csv", "id,new,b\n2,n,y\n")
    df = load_strictly(
        format="csv", path="raw/t", options={"header": True},
        schema=[{"name": "id", "type": "int"}, {"name": "b", "type": "string"}],
    )  # fmt: skip
    assert df.columns == ["id", "b", "new"]
    assert sorted(tuple(row) for row in df.collect()) == [(1, "x", None), (2, "y", "n")]


def test_columns_that_the_scan_cannot_parse_are_not_read_strictly(put, load_strictly):
    put("raw/t/x.csv", "7-Jun-15,07/06/2015\n")
    dates = [
        {"name": "d", "type": "date", "format": "d-MMM-yy"},
        {"name": "e", "type": "date", "format": "dd/MM/yyyy"},
    ]
    assert load_strictly(format="csv", path="raw/t", schema=dates) is None
    assert load_strictly(format="csv", path="raw/t", schema=[*dates[:1], {"name": "e", "type": "string"}])


def test_multi_line_values_are_one_record(put, load):
    put("raw/t/x.csv", 'id,t\n1,"two\nlines, yes"\nx,"bad\nvalue"\n3,"say ""hi"""\n')
    df = load(
        format="csv", path="raw/t", options={"header": True, "multiLine": True, "escape": '"'},
        schema=[{"name": "id", "type": "int"}, {"name": "t", "type": "string"}],
    )  # fmt: skip
    assert rows(df) == [
        (1, "two\nlines, yes", 1, None, None),
        (None, "bad\nvalue", 2, "value 'x' of column id is not int", 'x,"bad\nvalue"'),
        (3, 'say "hi"', 3, None, None),
    ]


def test_formats_may_differ_from_column_to_column(put, load):
    put("raw/t/x.csv", "7-Jun-15,07/06/2015,2015-06-07 10:11\n31-Feb-15,x,\n1-Jan-16,01/01/2016,later\n")
    df = load(
        format="csv", path="raw/t",
        schema=[
            {"name": "d", "type": "date", "format": "d-MMM-yy"},
            {"name": "e", "type": "date", "format": "dd/MM/yyyy"},
            {"name": "t", "type": "timestamp", "format": "yyyy-MM-dd HH:mm"},
        ],
    )  # fmt: skip
    first, second, third = rows(df)
    assert first == (date(2015, 6, 7), date(2015, 6, 7), datetime(2015, 6, 7, 10, 11), 1, None, None)
    assert second[:5] == (
        None, None, None, 2,
        "value '31-Feb-15' of column d is not date (d-MMM-yy); value 'x' of column e is not date (dd/MM/yyyy)",
    )  # fmt: skip
    assert second[5] == "31-Feb-15,x,"
    assert third[4] == "value 'later' of column t is not timestamp (yyyy-MM-dd HH:mm)"
    assert third[5] == "1-Jan-16,01/01/2016,later"


def test_one_format_for_all_dates_is_parsed_by_the_scan_itself(put, load):
    put("raw/t/x.csv", "1,7-Jun-15\n2,2015-06-07\n")
    df = load(
        format="csv", path="raw/t",
        schema=[{"name": "id", "type": "int"}, {"name": "d", "type": "date", "format": "d-MMM-yy"}],
    )  # fmt: skip
    assert rows(df) == [
        (1, date(2015, 6, 7), 1, None, None),
        (2, None, 2, "value '2015-06-07' of column d is not date (d-MMM-yy)", "2,2015-06-07"),
    ]


def test_headers_decide_which_column_is_which_file_by_file(put, load):
    put("raw/t/1.csv", "a.b,ID,extra\nAda,1,new\n")
    put("raw/t/2.csv", "id;".replace(";", ",") + "a.b\n2,Bob\nx,Cid\n")
    put("raw/t/3.csv.gz", gzip.compress(b"\xef\xbb\xbfid,a.b\n3,Zip\n"))
    put("raw/t/empty.csv", "")
    df = load(format="csv", path="raw/t", options={"header": True}, schema=SCHEMA[:2])
    assert df.columns == ["id", "a.b", "extra", SRC, BAD, RAW]
    assert rows(df) == [
        (1, "Ada", "new", 1, None, None),
        (2, "Bob", None, 1, None, None),
        (None, "Cid", None, 2, "value 'x' of column id is not bigint", "x,Cid"),
        (3, "Zip", None, 1, None, None),
    ]


def test_a_missing_column_is_named_with_its_file(put, load):
    file = put("raw/t/1.csv", "id,name\n1,Ada\n")
    with pytest.raises(ReadError) as error:
        load(format="csv", path="raw/t", options={"header": True}, schema=SCHEMA[:2])
    assert str(error.value) == (
        f"{file} has no column 'a.b': got columns id, name, expected id, a.b. "
        "Correct read.schema, or give the column its name in the source with `source:`."
    )


def test_a_column_may_have_another_name_in_the_source(put, load):
    put("raw/t/1.csv", "Kunden-Nr,name\n7,Ada\n")
    schema = [{"name": "id", "type": "int", "source": "Kunden-Nr"}, {"name": "name", "type": "string"}]
    assert rows(load(format="csv", path="raw/t", options={"header": True}, schema=schema)) == [
        (7, "Ada", 1, None, None)
    ]


def test_without_schema_columns_are_inferred_over_all_files(put, load):
    put("raw/t/1.csv", "id,v\n1,2\n2,3\n")
    put("raw/t/2.csv", "id,v,w\n3,x,1.5\n")
    df = load(format="csv", path="raw/t", options={"header": True})
    assert [field.dataType.simpleString() for field in df.schema.fields[:3]] == ["int", "string", "double"]
    assert rows(df) == [
        (1, "2", None, 1, None, None),
        (2, "3", None, 2, None, None),
        (3, "x", 1.5, 1, None, None),
    ]


def test_without_schema_everything_can_stay_a_string(put, load):
    put("raw/t/1.csv", "id,v\n01,2\n")
    df = load(format="csv", path="raw/t", options={"header": True, "inferSchema": False})
    assert rows(df) == [("01", "2", 1, None, None)]


@pytest.mark.parametrize("size", ["64", "1g"], ids=["small splits", "large splits"])
def test_positions_are_record_numbers_however_files_are_split(put, load, ctx, size):
    ctx.spark.conf.set("spark.sql.files.maxPartitionBytes", size)
    ctx.spark.conf.set("spark.sql.files.minPartitionNum", "7")
    for name in "abc":
        put(f"raw/t/{name}.csv", "id,v\n" + "".join(f"{n},{name}{n}\n" for n in range(1, 200)))
    put("raw/t/d.csv", "id,v\n1,one\n2,bad,bad\n\n3,three\n")
    schema = [{"name": "id", "type": "int"}, {"name": "v", "type": "string"}]
    df = load(format="csv", path="raw/t", options={"header": True}, schema=schema)
    assert df.filter(F.col("id") != F.col(f"{SRC}.position")).count() == 0
    assert df.count() == 3 * 199 + 3
    assert {row[SRC]["name"].rpartition("/")[2] for row in df.select(SRC).distinct().collect()} == {
        "a.csv",
        "b.csv",
        "c.csv",
        "d.csv",
    }
    assert df.filter(F.col(BAD).isNotNull()).select(f"{SRC}.position").collect()[0][0] == 2


def test_without_positions_spark_splits_as_it_likes(put, load, ctx):
    ctx.spark.conf.set("spark.sql.files.maxPartitionBytes", "64")
    put("raw/t/a.csv", "".join(f"{n},x\n" for n in range(200)))
    df = load(format="csv", path="raw/t", schema=SCHEMA[:2], positions=False)
    assert df.rdd.getNumPartitions() > 1
    assert df.filter(F.col(f"{SRC}.position").isNotNull()).count() == 0


def test_options_that_would_lose_records_are_refused(put, load):
    put("raw/t/a.csv", "1\n")
    with pytest.raises(ConfigError) as error:
        load(format="csv", path="raw/t", schema=SCHEMA[:1], options={"mode": "DROPMALFORMED"})
    assert str(error.value) == (
        "the option mode can't be set: got DROPMALFORMED. "
        "Remove read.options.mode: records that can't be read go to quarantine."
    )
