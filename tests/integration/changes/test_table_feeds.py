"""Envelopes `delta_cdf` and `iceberg_changelog`: rows of change feeds, and tables read by what changed in them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from framework.changes.columns import OP, SEQ, SRC, TIME
from framework.changes.envelopes import find_decoder
from framework.config.job import Job
from framework.config.lake import Catalog, Lake
from framework.context import RunContext
from framework.errors import ConfigError, ReadError, SluiceError, TableError
from framework.readers import find_reader
from framework.readers.base import Inputs
from framework.state import LocalStorage
from framework.tables import TableRef, table_format, table_ref
from framework.tables.base import TableSpec
from tests.integration.readers.conftest import SeenItems

NUMBERS = count(1)
FEEDS = {"delta": "delta_cdf", "iceberg": "iceberg_changelog"}
Events = list[tuple[Any, ...]]


def job_of(
    envelope: str, table: str = "standardized.a.b", keys: tuple[str, ...] = ("id",), **read: Any
) -> Job:
    return Job.model_validate(
        {
            "job": "a.b",
            "read": {"format": envelope, "table": table, **read},
            "changes": {"keys": list(keys)},
            "write": {"table": "conformed.a.b"},
        }
    )


def decode(df: DataFrame, job: Job) -> Events:
    """(operation, sequence, data...) in the order of the sequence."""
    out = find_decoder(str(job.sources["source"].format))(df, job, job.sources["source"])
    data = [name for name in out.columns if not name.startswith("_")]
    return [tuple(row) for row in out.select(OP, SEQ, *data).orderBy(SEQ, *data).collect()]


def feed(spark: SparkSession, rows: list[tuple[Any, ...]]) -> DataFrame:
    columns = "_change_type string, _commit_version bigint, id int, v string"
    df = spark.createDataFrame(rows, columns)
    source = "named_struct('name', 't', 'partition', int(null), 'position', bigint(null)) _sluice_src"
    nothing = "string(null) _sluice_bad", "string(null) _sluice_raw"
    return df.selectExpr("*", "timestamp'2024-03-01 10:00:00' _commit_timestamp", source, *nothing)


def test_rows_of_deltas_feed_are_changes_and_old_keys_do_not_stay(spark: SparkSession) -> None:
    df = feed(
        spark,
        [
            ("insert", 1, 1, "a"),
            ("insert", 1, 2, "b"),
            ("update_preimage", 2, 1, "a"),
            ("update_postimage", 2, 1, "A"),
            ("update_preimage", 3, 2, "b"),
            ("update_postimage", 3, 9, "b"),
            ("delete", 4, 1, "A"),
            ("insert", 4, 1, "anew"),
            ("delete", 5, 1, "anew"),
        ],
    )

    assert decode(df, job_of("delta_cdf")) == [
        ("I", 1, 1, "a"),
        ("I", 1, 2, "b"),
        ("U", 2, 1, "A"),
        ("D", 3, 2, "b"),
        ("U", 3, 9, "b"),
        ("U", 4, 1, "anew"),
        ("D", 5, 1, "anew"),
    ]


def test_rows_of_icebergs_changelog_are_changes_with_or_without_computed_updates(spark: SparkSession) -> None:
    df = feed(
        spark,
        [
            ("DELETE", 2, 1, "a"),
            ("INSERT", 2, 1, "A"),
            ("UPDATE_BEFORE", 3, 1, "A"),
            ("UPDATE_AFTER", 3, 1, "AA"),
            ("DELETE", 4, 1, "AA"),
            ("INSERT", 4, 3, "c"),
        ],
    )

    assert decode(df, job_of("iceberg_changelog")) == [
        ("U", 2, 1, "A"),
        ("U", 3, 1, "AA"),
        ("D", 4, 1, "AA"),
        ("I", 4, 3, "c"),
    ]


def test_without_keys_images_before_an_update_are_left_out(spark: SparkSession) -> None:
    df = feed(spark, [("update_preimage", 2, 1, "a"), ("update_postimage", 2, 1, "A"), ("delete", 3, 1, "A")])

    assert decode(df, job_of("delta_cdf", keys=())) == [("U", 2, 1, "A"), ("D", 3, 1, "A")]


def test_an_unknown_change_is_bad_and_the_commit_time_is_kept(spark: SparkSession) -> None:
    job = job_of("delta_cdf")
    df = feed(spark, [("explode", 1, 1, "a"), (None, 1, 2, "a"), ("insert", 1, 3, "a")])

    rows = find_decoder("delta_cdf")(df, job, job.sources["source"]).orderBy("id").collect()

    assert [row["_sluice_bad"] for row in rows] == [
        "change 'explode' in _change_type is unknown",
        "change NULL in _change_type is unknown",
        None,
    ]
    assert rows[0]["_sluice_raw"] == '{"id":1,"v":"a"}'
    assert str(rows[2][TIME]) == "2024-03-01 10:00:00"


def test_rows_that_are_no_feed_are_refused(spark: SparkSession) -> None:
    job = job_of("delta_cdf")
    with pytest.raises(ConfigError, match="has no column _commit_version to order changes by"):
        find_decoder("delta_cdf")(feed(spark, []).drop("_commit_version"), job, job.sources["source"])


@pytest.fixture
def ctx(spark: SparkSession, tmp_path: Path) -> RunContext:
    lake = Lake(root=str(tmp_path), catalog=Catalog(name="lake"))
    return RunContext(spark.newSession(), lake, LocalStorage(), "run-1")


@pytest.fixture(params=["delta", "iceberg"])
def table(request: pytest.FixtureRequest, ctx: RunContext) -> TableRef:
    """A table with a feed, rows 1 to 3, and a column of the framework's."""
    ref = table_ref(ctx.lake, f"standardized.feeds.t{next(NUMBERS)}", request.param)
    fmt = table_format(ctx.spark, request.param)
    schema = ctx.spark.createDataFrame([], "id int, v string, _sluice_seq bigint").schema
    properties = {"delta.enableChangeDataFeed": "true"} if request.param == "delta" else {}
    fmt.create(ref, TableSpec(schema, properties=properties))
    fmt.append(ctx.spark.createDataFrame([(1, "a", 1), (2, "b", 1), (3, "c", 1)], schema), ref, None)
    return ref


@pytest.fixture
def changes(ctx: RunContext, table: TableRef) -> Callable[..., Inputs]:
    """Discover, remember, and tell what was found."""
    seen = SeenItems()

    def discover(**options: Any) -> Inputs:
        source = job_of(FEEDS[table.format], table.name, options=options).sources["source"]
        inputs = find_reader(FEEDS[table.format]).discover(ctx, source, seen)
        seen.add(inputs)
        return inputs

    return discover


def read(ctx: RunContext, table: TableRef, inputs: Inputs) -> Events:
    job = job_of(FEEDS[table.format], table.name)
    source = job.sources["source"]
    df = find_reader(source.format).read(ctx, source, inputs, positions=True)
    assert df.first() is None or df.first()[SRC]["name"] == table.name  # type: ignore[index]
    return decode(df, job)


def test_a_table_is_read_once_whole_and_then_by_its_changes(
    ctx: RunContext, table: TableRef, changes: Callable[..., Inputs]
) -> None:
    first = changes()
    run = ctx.spark.sql
    run(f"UPDATE {table.identifier} SET v = 'A', _sluice_seq = 2 WHERE id = 1")
    run(f"UPDATE {table.identifier} SET id = 9 WHERE id = 2")
    whole = read(ctx, table, first)
    assert [(row[0], *row[2:]) for row in whole] == [("R", 1, "a"), ("R", 2, "b"), ("R", 3, "c")]

    second = changes()
    run(f"DELETE FROM {table.identifier} WHERE id = 3")
    news = read(ctx, table, second)
    assert {(row[0], *row[2:]) for row in news} == {
        ("U", 1, "A"),
        ("D", 2, "b"),
        ("U" if table.format == "delta" else "I", 9, "b"),
    }
    assert min(row[1] for row in news) > max(row[1] for row in whole), "the sequence grows over batches"

    third = changes()
    assert [(row[0], row[2]) for row in read(ctx, table, third)] == [("D", 3)]
    assert not changes()
    assert read(ctx, table, changes()) == []


def test_a_feed_may_begin_after_a_version(
    ctx: RunContext, table: TableRef, changes: Callable[..., Inputs]
) -> None:
    begin = table_format(ctx.spark, table.format).version(table)
    assert begin is not None
    ctx.spark.sql(f"DELETE FROM {table.identifier} WHERE id = 1")

    found = read(ctx, table, changes(after_version=begin.number))

    assert [(row[0], row[2]) for row in found] == [("D", 1)]


def test_a_table_of_the_other_format_is_refused(ctx: RunContext, table: TableRef) -> None:
    other = FEEDS["iceberg" if table.format == "delta" else "delta"]
    source = job_of(other, table.name).sources["source"]

    with pytest.raises(ReadError, match=f"there is no .* table {table.name}"):
        find_reader(other).discover(ctx, source, SeenItems())


def refused(ctx: RunContext, table: TableRef, seen: SeenItems | None = None) -> SluiceError:
    source = job_of(FEEDS[table.format], table.name).sources["source"]
    with pytest.raises(TableError) as error:
        find_reader(source.format).discover(ctx, source, seen or SeenItems())
    return error.value


@pytest.mark.parametrize("table", ["delta"], indirect=True)
def test_a_delta_table_without_feed_is_refused(ctx: RunContext, table: TableRef) -> None:
    ctx.spark.sql(
        f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')"
    )

    error = str(refused(ctx, table))

    assert f"table {table.name} keeps no change data feed" in error
    assert "delta.enableChangeDataFeed" in error


@pytest.mark.parametrize("table", ["delta"], indirect=True)
def test_a_delta_feed_with_a_gap_is_refused(ctx: RunContext, table: TableRef) -> None:
    seen = SeenItems()
    seen.items.append({"table": table.name, "version": 1})
    alter = f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ('delta.enableChangeDataFeed' = '%s')"
    ctx.spark.sql(alter % "false")
    ctx.spark.sql(f"DELETE FROM {table.identifier} WHERE id = 1")
    ctx.spark.sql(alter % "true")

    assert "after version 1 are not all there any more" in str(refused(ctx, table, seen))


@pytest.mark.parametrize("table", ["iceberg"], indirect=True)
def test_an_iceberg_table_with_delete_files_is_refused(ctx: RunContext, table: TableRef) -> None:
    seen = SeenItems()
    begin = table_format(ctx.spark, "iceberg").version(table)
    assert begin is not None
    seen.items.append({"table": table.name, "version": begin.number})
    rows = ctx.spark.range(10, 20).selectExpr("int(id) id", "'x' v", "1L _sluice_seq").coalesce(1)
    table_format(ctx.spark, "iceberg").append(rows, table, None)
    ctx.spark.sql(f"ALTER TABLE {table.identifier} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    ctx.spark.sql(f"DELETE FROM {table.identifier} WHERE id = 11")

    for error in (refused(ctx, table), refused(ctx, table, seen)):
        assert f"table {table.name} has delete files, and Iceberg makes no changelog of those" in str(error)
        assert "copy-on-write" in str(error)


@pytest.mark.parametrize("table", ["iceberg"], indirect=True)
def test_an_iceberg_snapshot_that_is_gone_is_refused(ctx: RunContext, table: TableRef) -> None:
    seen = SeenItems()
    seen.items.append({"table": table.name, "version": 42})

    assert "snapshot 42 of table" in str(refused(ctx, table, seen))
