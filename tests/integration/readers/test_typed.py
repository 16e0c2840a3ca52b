"""Parquet, avro and orc: columns by name, cast where they differ from the declaration, bad values explained."""

from __future__ import annotations

from datetime import date

import pytest
from pyspark.sql import functions as F

from framework.changes.columns import BAD, RAW, SRC
from framework.config.job import Read
from framework.errors import ReadError
from framework.readers import find_reader
from tests.integration.readers.conftest import SeenItems, rows

FORMATS = ["parquet", "avro", "orc"]


@pytest.fixture
def save(spark, tmp_path):
    """Write rows as one file of a format."""

    def write(format: str, name: str, sql: str) -> str:
        staging = tmp_path / "staging" / name
        spark.sql(sql).coalesce(1).write.format(format).save(str(staging))
        (part,) = staging.glob("part-*")
        target = tmp_path / "raw/t" / f"{name}.{format}"
        target.parent.mkdir(parents=True, exist_ok=True)
        part.rename(target)
        return str(target)

    return write


@pytest.mark.parametrize("format", FORMATS)
def test_declared_columns_are_cast_and_what_does_not_fit_is_bad(save, load, format):
    save(
        format, "a",
        "SELECT * FROM VALUES ('1', 'Ada', 1.5D, '7-Jun-15'), ('x', 'Bob', 2D, '31-Feb-15'), (NULL, 'Cid', 3D, NULL) "
        "AS t(ID, name, n, d)",
    )  # fmt: skip
    schema = {"id": "bigint", "n": "int", "hired": {"type": "date", "format": "d-MMM-yy", "source": "d"}}
    df = load(format=format, path="raw/t", schema=schema)
    assert df.columns == ["id", "n", "hired", "name", SRC, BAD, RAW]
    first, second, third = rows(df)
    assert first == (1, 1, date(2015, 6, 7), "Ada", 1, "value '1.5' of column n is not int", first[-1])
    assert '"name":"Ada"' in first[-1]
    assert second[4:6] == (
        2, "value 'x' of column id is not bigint; value '31-Feb-15' of column hired is not date (d-MMM-yy)",
    )  # fmt: skip
    assert third == (None, 3, None, "Cid", 3, None, None)


@pytest.mark.parametrize("format", FORMATS)
def test_positions_are_record_numbers_of_each_file(save, load, format, ctx):
    ctx.spark.conf.set("spark.sql.files.maxPartitionBytes", "200")
    for name in "ab":
        save(format, name, "SELECT id + 1 AS n FROM range(0, 1000, 1, 1)")
    df = load(format=format, path="raw/t")
    assert df.count() == 2000
    assert df.filter(F.col("n") != F.col(f"{SRC}.position")).count() == 0


def test_files_with_different_columns_are_read_together(save, load):
    save("parquet", "a", "SELECT 1 AS id")
    save("parquet", "b", "SELECT 2 AS id, 'x' AS v")
    assert rows(load(format="parquet", path="raw/t")) == [(1, None, 1, None, None), (2, "x", 1, None, None)]


def test_files_whose_types_contradict_each_other_are_cast_to_what_is_declared(save, load):
    save("parquet", "a", "SELECT 1 AS id")
    save("parquet", "b", "SELECT 'two' AS id")
    assert [row[:3] for row in rows(load(format="parquet", path="raw/t", schema={"id": "bigint"}))] == [
        (1, 1, None), (None, 1, "value 'two' of column id is not bigint"),
    ]  # fmt: skip
    with pytest.raises(
        ReadError, match=r"cannot read .*a.parquet and 1 more as parquet: .*declare read.schema"
    ):
        load(format="parquet", path="raw/t")


def test_a_missing_column_is_named_with_its_file(save, load):
    file = save("parquet", "a", "SELECT 1 AS id")
    with pytest.raises(ReadError) as error:
        load(format="parquet", path="raw/t", schema={"id": "int", "name": "string"})
    assert str(error.value).startswith(f"{file} has no column 'name': got columns id, expected id, name.")


@pytest.mark.parametrize("format", FORMATS)
def test_a_damaged_file_is_named(put, load, format):
    file = put(f"raw/t/a.{format}", "this is no such file")
    with pytest.raises(ReadError) as error:
        load(format=format, path="raw/t")
    assert str(error.value).startswith(f"cannot read {file} as {format}: got ")


def test_a_changed_file_is_new_and_an_unchanged_one_is_read_once(put, ctx, seen):
    source = Read(format="text", path="raw/t")
    reader = find_reader("text")
    file = put("raw/t/a.txt", "one\n")
    first = reader.discover(ctx, source, seen)
    seen.add(first)
    assert not reader.discover(ctx, source, seen)
    file.write_text("one\ntwo\n")
    put("raw/t/_hidden/b.txt", "x")
    second = reader.discover(ctx, source, seen)
    assert [item["size"] for item in second.items] == [8]
    assert rows(reader.read(ctx, source, second, positions=True)) == [
        ("one", 1, None, None),
        ("two", 2, None, None),
    ]
    with pytest.raises(ReadError) as error:
        reader.read(ctx, source, first, positions=True)
    assert str(error.value).startswith(f"the file {file} is not what it was when it was listed: got 8 bytes")
    file.unlink()
    with pytest.raises(ReadError, match="has vanished since it was listed"):
        reader.read(ctx, source, second, positions=True)


def test_nothing_new_is_no_rows_with_the_same_columns(put, ctx, seen):
    put("raw/t/a.csv", "id\n1\n")
    source = Read(format="csv", path="raw/t", options={"header": True})
    reader = find_reader("csv")
    seen.add(reader.discover(ctx, source, seen))
    df = reader.read(ctx, source, reader.discover(ctx, source, seen), positions=False)
    assert (df.columns, df.count()) == (["id", SRC, BAD, RAW], 0)


def test_a_missing_folder_is_named_and_an_empty_one_is_nothing_new(ctx, tmp_path):
    reader = find_reader("csv")
    (tmp_path / "raw/empty").mkdir(parents=True)
    for path in ("raw/empty", "raw/empty/*.csv"):
        assert not reader.discover(ctx, Read(format="csv", path=path), SeenItems())
    for path in ("raw/nowhere", "raw/nowhere/*.csv"):
        with pytest.raises(ReadError) as error:
            reader.discover(ctx, Read(format="csv", path=path), SeenItems())
        assert str(error.value).startswith(
            f"there is nothing at {tmp_path}/{path}: got no such file or folder."
        )


def test_binary_files_are_rows_as_they_are(put, load):
    put("raw/t/a.bin", b"\x00\xff")
    df = load(format="binary", path="raw/t")
    row = df.first()
    assert (bytes(row["content"]), row["length"], row[SRC]["position"]) == (b"\x00\xff", 2, 1)


XML = """<people>
  <person><id>1</id><a.b>Ada</a.b></person>
  <person><id>abc</id><a.b>Bob</a.b></person>
  <person><id>3</id></person>
</people>"""


def test_xml_records_are_elements_and_bad_ones_are_explained(put, load):
    put("raw/t/a.xml", XML)
    put("raw/t/b.xml", XML.replace("Ada", "Eve"))
    df = load(
        format="xml", path="raw/t", schema={"id": "bigint", "a.b": "string"}, options={"rowTag": "person"}
    )
    found = rows(df)
    assert [row[2] for row in found] == [1, 2, 3, 1, 2, 3]
    assert [row[:2] for row in found if row[3] is None] == [(1, "Ada"), (3, None), (1, "Eve"), (3, None)]
    assert [row[3] for row in found[:3]] == [None, "value 'abc' of column id is not bigint", None]
    assert "<id>abc</id>" in found[1][4]
    inferred = load(format="xml", path="raw/t", options={"rowTag": "person"})
    assert sorted(inferred.columns[:2]) == ["a.b", "id"]
    assert inferred.count() == 6
