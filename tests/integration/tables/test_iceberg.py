"""What only Iceberg has."""

from __future__ import annotations

import pytest
from pyspark.sql import types as T

from framework.config.lake import Layer
from framework.tables import TableSpec, table_format, table_ref

SCHEMA = (
    T.StructType().add("id", "long").add("name", "string").add("at", "timestamp").add("_sluice_seq", "long")
)


@pytest.fixture
def iceberg(batch):
    return table_format(batch, "iceberg")


def test_partition_transforms_are_made_and_used(iceberg, lake):
    from framework.tables.iceberg.metadata import load_metadata

    table = table_ref(lake, "standardized.tables.transforms", "iceberg")
    spec = TableSpec(SCHEMA, partition_by=["bucket(4, id)", "truncate(2, name)", "days(at)"])
    iceberg.create(table, spec)
    fields = load_metadata(iceberg.spark, table).value["partition-specs"][0]["fields"]
    assert [field["transform"] for field in fields] == ["bucket[4]", "truncate[2]", "day"]
    df = iceberg.spark.sql(
        "SELECT id, 'abc' AS name, timestamp'2026-01-01' AS at, 1L AS _sluice_seq FROM range(20)"
    )
    iceberg.append(df, table, None)
    assert iceberg.version(table).metrics["files_added"] == 4


def test_tables_are_of_version_2_that_every_engine_reads(iceberg, lake):
    table = table_ref(lake, "standardized.tables.v2", "iceberg")
    iceberg.create(table, TableSpec(SCHEMA))
    assert iceberg.properties(table)["format-version"] == "2"


def test_a_table_is_seen_by_a_new_session_in_a_new_thread(iceberg, lake):
    from concurrent.futures import ThreadPoolExecutor

    table = table_ref(lake, "standardized.tables.seen", "iceberg")
    iceberg.create(table, TableSpec(SCHEMA))
    with ThreadPoolExecutor(1) as pool:
        mine = table_format(iceberg.spark.newSession(), "iceberg")
        assert pool.submit(mine.exists, table).result()
        assert pool.submit(mine.version, table).result() is None


def test_a_location_of_the_layer_is_where_the_table_lies(iceberg, lake, tmp_path):
    from framework.tables.iceberg.metadata import load_metadata

    elsewhere = lake.model_copy(update={"layers": [Layer(name="gold", location=str(tmp_path / "g"))]})
    table = table_ref(elsewhere, "gold.tables.placed")
    iceberg.create(table, TableSpec(SCHEMA))
    assert load_metadata(iceberg.spark, table).value["location"].removeprefix("file:") == str(
        tmp_path / "g/tables/placed"
    )


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_known_table_that_somebody_drops_and_makes_anew_is_the_new_one(iceberg, lake, elsewhere):
    table = table_ref(lake, f"standardized.tables.anew_{int(elsewhere)}", "iceberg")
    iceberg.create(table, TableSpec(SCHEMA))
    assert iceberg.version(table) is None and iceberg.exists(table)
    other = iceberg.spark.newSession() if elsewhere else iceberg.spark
    other.sql(f"DROP TABLE {table.identifier} PURGE")
    assert not iceberg.exists(table)
    other.sql(
        f"CREATE TABLE {table.identifier} USING iceberg TBLPROPERTIES ('who' = 'else') AS SELECT 1 AS n"
    )
    assert iceberg.exists(table)
    assert iceberg.properties(table)["who"] == "else"
    assert iceberg.schema(table).names == ["n"]
    assert iceberg.version(table).metrics["rows_added"] == 1
