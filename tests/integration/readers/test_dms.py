"""DMS folders: which files are which, and what their rows become in the normal form."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from pyspark.sql import DataFrame

from framework.changes.columns import BAD, OP, RAW, SEQ
from framework.changes.envelopes.dms import decode
from framework.config.job import Job, Read
from framework.errors import ConfigError, ReadError
from framework.readers import find_reader
from tests.integration.readers.conftest import SeenItems

EMPLOYEE = [
    {"name": "employee_id", "type": "int"},
    {"name": "last_name", "type": "string"},
    {"name": "first_name", "type": "string"},
    {"name": "hire_date", "type": "date", "format": "d-MMM-yy"},
    {"name": "city", "type": "string"},
]
LOAD = "101,Smith,John,7-Jun-15,New York\n102,Smith,John,9-Oct-16,Los Angeles\n"
CHANGES = "U,101,Smith,John,9-Oct-16,Los Angeles\nD,101,,,,\n"
SHORT = [{"name": "id", "type": "int"}, {"name": "v", "type": "string"}]


@pytest.fixture
def events(ctx):
    """The normal form of a DMS folder."""

    def read(sequence: tuple[str, ...] = (), **source: Any) -> DataFrame:
        described = Read(format="dms", path="raw/t", **source)
        job = Job(
            job="hr.employee", read=described, write={"table": "standardized.hr.employee"},
            changes={"keys": ["id"], "sequence": list(sequence)},
        )  # fmt: skip
        reader = find_reader("dms")
        inputs = reader.discover(ctx, described, SeenItems())
        return decode(reader.read(ctx, described, inputs, positions=True), job, described)

    return read


def in_order(df: DataFrame) -> list[tuple[Any, ...]]:
    """Data, operation, sequence and what is wrong; in the order of the sequence."""
    data = [name for name in df.columns if not name.startswith("_sluice_")]
    return [
        (*[row[n] for n in data], row[OP], tuple(row[SEQ]), row[BAD]) for row in df.orderBy(SEQ).collect()
    ]


def test_hr_employee_without_operation_in_the_load_without_header_without_timestamp(put, events):
    put("raw/t/hr/employee/LOAD00000001.csv", LOAD)
    put("raw/t/hr/employee/2019/03/16/20190316-120000000.csv", CHANGES)
    df = events(schema=EMPLOYEE)
    assert in_order(df) == [
        (101, "Smith", "John", date(2015, 6, 7), "New York", "R", (0, "LOAD00000001.csv", 1), None),
        (102, "Smith", "John", date(2016, 10, 9), "Los Angeles", "R", (0, "LOAD00000001.csv", 2), None),
        (101, "Smith", "John", date(2016, 10, 9), "Los Angeles", "U", (1, "20190316-120000000.csv", 1), None),
        (101, None, None, None, None, "D", (1, "20190316-120000000.csv", 2), None),
    ]
    assert df.schema[SEQ].dataType.simpleString() == "struct<phase:int,file:string,row:bigint>"


def test_the_commit_time_orders_changes_and_the_load_is_older_than_all(put, events):
    put("raw/t/LOAD00000001.csv", "2024-03-01 12:00:00.000000,1,a\n")
    put(
        "raw/t/20240301-100000000.csv",
        "U,2024-03-01 10:00:05.000001,1,b\nI,2024-03-01 10:00:00,2,c\nI,,3,d\nI,x,4,e\n",
    )
    df = events(schema=SHORT, options={"timestamp_column": "ts"})
    assert df.columns[:2] == ["id", "v"]
    found = in_order(df)
    # without a time there is no place in the order: the row is bad, whatever the sequence shows
    bad = [row for row in found if row[4]]
    assert sorted((row[0], row[4]) for row in bad) == [
        (3, "timestamp NULL in column ts is no time"),
        (4, "value 'x' of column ts is not timestamp"),
    ]
    assert [row for row in found if not row[4]] == [
        (1, "a", "R", (None, "LOAD00000001.csv", 1), None),
        (2, "c", "I", (datetime(2024, 3, 1, 10, 0), "20240301-100000000.csv", 2), None),
        (1, "b", "U", (datetime(2024, 3, 1, 10, 0, 5, 1), "20240301-100000000.csv", 1), None),
    ]


@pytest.mark.parametrize(
    ("options", "load", "changes", "expected"),
    [
        ({"include_op_for_full_load": True, "cdc_inserts_only": True}, "I,1,a\n", "I,2,b\n", ["R", "I"]),
        ({}, "1,a\n", "I,2,b\nU,2,c\nD,2,\n", ["R", "I", "U", "D"]),
        ({"cdc_inserts_only": True}, "1,a\n", "2,b\n", ["R", "I"]),
        ({"include_op_for_full_load": True}, "I,1,a\n", "D,1,\n", ["R", "D"]),
        ({"cdc_inserts_and_updates": True}, "1,a\n", "U,1,b\n", ["R", "U"]),
    ],
)
def test_the_settings_of_the_endpoint_say_which_files_have_an_operation(
    put, events, options, load, changes, expected
):
    put("raw/t/LOAD00000001.csv", load)
    put("raw/t/20240301-100000000.csv", changes)
    found = in_order(events(schema=SHORT, options=options))
    assert [(row[2], row[4]) for row in found] == [(op, None) for op in expected]


def test_settings_that_contradict_the_files_make_bad_rows_and_are_never_guessed(put, events):
    put("raw/t/LOAD00000001.csv", "I,1,a\n")
    put("raw/t/20240301-100000000.csv", "2,b\nX,3,c\n,4,d\n")
    df = events(schema=SHORT)
    assert [(row[2], row[4]) for row in in_order(df)] == [
        ("R", "too many fields: found 3, expected 2; value 'I' of column id is not int"),
        (None, "too few fields: found 2, expected 3; value 'b' of column id is not int"),
        (None, "operation 'X' in column Op is not I, U or D"),
        (None, "operation NULL in column Op is not I, U or D"),
    ]
    raw = [row[RAW] for row in df.orderBy(SEQ).collect()]
    assert raw[1:3] == ["2,b", '{"Op":"X","id":3,"v":"c"}']


def test_headers_are_matched_by_name_and_before_images_are_not_data(put, events):
    put("raw/t/LOAD00000001.csv", "v,ID\na,1\n")
    put(
        "raw/t/20240301-100000000.csv.gz",
        __import__("gzip").compress(b'Op,id,v,BI_id,new\nU,1,"b\n""c""",1,x\nD,1,NULL,1,\n'),
    )
    assert in_order(events(schema=SHORT, options={"header": True})) == [
        (1, "a", None, "R", (0, "LOAD00000001.csv", 1), None),
        (1, 'b\n"c"', "x", "U", (1, "20240301-100000000.csv.gz", 1), None),
        (1, None, None, "D", (1, "20240301-100000000.csv.gz", 2), None),
    ]


def test_without_schema_the_headers_and_all_files_tell_the_types(put, events):
    put("raw/t/LOAD00000001.csv", "id,v\n1,2\n")
    put("raw/t/20240301-100000000.csv", "Op,id,v\nU,1,x\n")
    assert [row[:3] for row in in_order(events(options={"header": True}))] == [(1, "2", "R"), (1, "x", "U")]


def test_a_header_without_operation_is_refused_unless_the_endpoint_writes_none(put, events):
    file = put("raw/t/20240301-100000000.csv", "id,v\n1,a\n")
    with pytest.raises(ReadError) as error:
        events(schema=SHORT, options={"header": True})
    assert str(error.value).startswith(
        f"the change file {file} has no column 'Op': got columns id, v. Set options.op_column"
    )
    assert [
        row[2] for row in in_order(events(schema=SHORT, options={"header": True, "cdc_inserts_only": True}))
    ] == ["I"]


def test_parquet_segments_and_a_sequence_of_the_source(put, events, ctx, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name, table in {
        "seg1/LOAD00000001.parquet": {"id": [1], "v": ["a"], "seq": [None]},
        "SEGMENT2_LOAD0000000A.parquet": {"id": [2], "v": ["b"], "seq": [None]},
        "20240301-100000000.parquet": {
            "Op": ["U", "I"],
            "id": [1, 3],
            "v": ["c", "d"],
            "seq": ["0002", None],
        },
    }.items():
        file = tmp_path / "raw/t" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        arrays = {
            key: pa.array(value, pa.int64() if key == "id" else pa.string()) for key, value in table.items()
        }
        pq.write_table(pa.table(arrays), file)
    df = events(sequence=("seq",))
    assert df.schema[SEQ].dataType.simpleString() == "struct<seq:string,file:string,row:bigint>"
    found = in_order(df)
    assert sorted(found[:3], key=str) == [
        (1, "a", None, "R", (None, "LOAD00000001.parquet", 1), None),
        (2, "b", None, "R", (None, "SEGMENT2_LOAD0000000A.parquet", 1), None),
        (3, "d", None, "I", (None, "20240301-100000000.parquet", 2), "sequence column seq is NULL"),
    ]
    assert found[3] == (1, "c", "0002", "U", ("0002", "20240301-100000000.parquet", 1), None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "CDC_TXN-20201117153046033.csv",
            "holds transactions of all tables (PreserveTransactions): expected the table to pick out of them",
        ),
        (
            "employees.csv",
            "is no file that DMS writes: got employees.csv, expected LOAD00000001.csv or 20240301-100000000.csv",
        ),
    ],
)
def test_files_that_are_none_of_the_table_are_refused_by_name(put, events, name, message):
    file = put(f"raw/t/{name}", "1\n")
    with pytest.raises(ReadError) as error:
        events(schema=SHORT)
    assert str(error.value).startswith(f"{file} {message}")


def test_without_header_the_schema_has_to_be_declared(put, events):
    put("raw/t/LOAD00000001.csv", "1,a\n")
    with pytest.raises(ConfigError) as error:
        events()
    assert str(error.value).startswith(
        "a DMS folder without headers says nothing about its columns. Declare read.schema"
    )


def test_a_table_is_picked_out_of_transactions_of_all_tables(put, events):
    put("raw/t/orders/LOAD00000001.csv", "13,Dan\n14,Eve\n")
    put(
        "raw/t/cdc/CDC_TXN-20201117153046033.csv",
        "U,orders,shop,13,Daniel\nD,items,shop,9,17,too,many\nI,orders,other,99,Eve\n"
        'I,orders,shop,15,"two\nlines"\nI,orders,shop,x,Zoe\nI,orders,shop,16\nX,orders,shop,17,Kim\nD,orders,shop,14,NULL\n',
    )

    df = events(schema=SHORT, table="shop.orders")

    file = "CDC_TXN-20201117153046033.csv"
    assert in_order(df) == [
        (13, "Dan", "R", (0, "LOAD00000001.csv", 1), None),
        (14, "Eve", "R", (0, "LOAD00000001.csv", 2), None),
        (13, "Daniel", "U", (1, file, 1), None),
        (15, "two\nlines", "I", (1, file, 4), None),
        (None, "Zoe", "I", (1, file, 5), "value 'x' of column id is not int"),
        (16, None, "I", (1, file, 6), "too few fields: found 4, expected 5"),
        (17, "Kim", None, (1, file, 7), "operation 'X' in column Op is not I, U or D"),
        (14, None, "D", (1, file, 8), None),
    ]
    assert [row[RAW] for row in df.orderBy(SEQ).collect()][4:6] == ["I,orders,shop,x,Zoe", "I,orders,shop,16"]


def test_the_same_table_in_another_schema_is_another_one(put, events):
    put("raw/t/CDC_TXN-20201117153046033.csv", "I,orders,shop,1,a\nI,orders,other,2,b\n")
    assert [row["id"] for row in events(schema=SHORT, table="other.orders").collect()] == [2]


def test_transactions_need_declared_columns(put, events):
    put("raw/t/CDC_TXN-20201117153046033.csv", "I,orders,shop,1,a\n")
    with pytest.raises(ConfigError, match="transaction files of DMS say nothing about the columns"):
        events(table="shop.orders")


def test_a_before_image_with_another_key_is_a_move(put, events):
    put("raw/t/LOAD00000001.csv", "id,v,BI_id\n1,a,\n")
    put("raw/t/20240301-100000000.csv", "Op,id,v,BI_id\nU,2,b,1\nU,2,c,2\nD,2,c,2\nI,3,x,\nU,4,y,x\n")

    df = events(schema=SHORT, options={"header": True}).orderBy(SEQ)

    assert [name for name in df.columns if not name.startswith("_sluice_")] == ["id", "v"]
    moves = [row["_sluice_moved_from"] and row["_sluice_moved_from"].asDict() for row in df.collect()]
    assert moves == [None, {"id": 1}, None, None, None, None]


def test_the_commit_time_of_a_change_is_kept_and_the_loads_is_none(put, events):
    put("raw/t/LOAD00000001.csv", "2024-03-01 11:00:00.000000,1,a\n")
    put("raw/t/20240301-100000000.csv", "U,2024-03-01 10:00:00.000001,1,b\n")

    df = events(schema=SHORT, options={"timestamp_column": "ts"}).orderBy(SEQ)

    assert [row["_sluice_ts"] for row in df.collect()] == [None, datetime(2024, 3, 1, 10, 0, 0, 1)]
