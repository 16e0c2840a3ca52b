"""What only Delta has."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import types as T

from framework.errors import ConfigError, TableError
from framework.session.temporary import settings
from framework.tables import MergeClauses, TableSpec, table_format, table_ref

SCHEMA = T.StructType().add("id", "long").add("name", "string")


@pytest.fixture
def delta(batch):
    return table_format(batch, "delta")


def test_a_table_lies_in_its_folder_without_a_metastore(delta, lake):
    table = table_ref(lake, "standardized.tables.placed_d", "delta")
    delta.create(table, TableSpec(SCHEMA))
    assert Path(
        lake.root, "standardized", "tables", "placed_d", "_delta_log", "00000000000000000000.json"
    ).exists()
    assert delta.properties(table)["delta.enableDeletionVectors"] == "false"


def test_a_creation_that_was_killed_is_done_again(delta, lake):
    table = table_ref(lake, "standardized.tables.half", "delta")
    log = Path(table.location, "_delta_log")
    log.mkdir(parents=True)
    (log / ".00000000000000000000.json.1234.tmp").write_text("half")
    assert not delta.exists(table)
    delta.create(table, TableSpec(SCHEMA))
    assert delta.exists(table)


def test_a_folder_with_other_files_is_not_taken_over(delta, lake):
    table = table_ref(lake, "standardized.tables.taken", "delta")
    Path(table.location).mkdir(parents=True)
    Path(table.location, "mine.csv").write_text("a,b")
    with pytest.raises(TableError, match=r"not empty, and no table is in it: got mine.csv"):
        delta.create(table, TableSpec(SCHEMA))
    assert Path(table.location, "mine.csv").exists()


def test_files_of_a_killed_first_write_are_written_over_and_not_deleted(delta, lake, mark):
    table = table_ref(lake, "standardized.tables.first", "delta")
    left = Path(table.location, "part-00000-of-a-killed-run.snappy.parquet")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"PAR1")
    left.parent.parent.joinpath(".first.first-write").touch()
    frame = delta.spark.createDataFrame([(1, "a")], SCHEMA)
    delta.create_with(frame, table, TableSpec(SCHEMA), mark(1))
    assert delta.read(table).count() == 1
    assert left.exists()
    assert delta.last_mark(table, "crm.leads") == mark(1)
    assert not list(left.parent.parent.glob("*.first-write*"))


def test_a_first_write_does_not_take_over_a_folder_with_other_files(delta, lake, mark):
    table = table_ref(lake, "standardized.tables.taken_too", "delta")
    Path(table.location).mkdir(parents=True)
    Path(table.location, "mine.csv").write_text("a,b")
    with pytest.raises(TableError, match=r"not empty, and no table is in it: got mine.csv"):
        delta.create_with(delta.spark.createDataFrame([(1, "a")], SCHEMA), table, TableSpec(SCHEMA), mark(1))
    assert [path.name for path in Path(table.location).iterdir()] == ["mine.csv"]


def test_transforms_are_refused_with_the_key(delta, lake):
    table = table_ref(lake, "standardized.tables.transformed", "delta")
    with pytest.raises(
        ConfigError, match=r"write.partition_by .* got bucket\(4, `id`\), expected plain columns"
    ):
        delta.create(table, TableSpec(SCHEMA, partition_by=["bucket(4, id)"]))
    assert not delta.exists(table)


def test_a_dropped_table_leaves_nothing_in_its_folder(delta, lake):
    table = table_ref(lake, "standardized.tables.dropped", "delta")
    delta.create(table, TableSpec(SCHEMA))
    delta.drop(table)
    assert [path.name for path in Path(table.location).parent.glob("*dropped*")] == []


@pytest.mark.parametrize(
    ("properties", "together"),
    [
        ({"layout": "deletion-vectors"}, True),
        ({"layout": "deletion-vectors", "delta.autoOptimize.optimizeWrite": "false"}, False),
        ({}, False),
    ],
    ids=["deletion vectors", "the table decides", "whole files"],
)
def test_a_merge_that_writes_changed_rows_alone_writes_them_together(delta, lake, properties, together):
    table = table_ref(lake, f"standardized.tables.together_{len(properties)}", "delta")
    delta.create(table, TableSpec(SCHEMA, properties=properties))
    rows = delta.spark.range(400).selectExpr("id", "'a' AS name")
    delta.append(rows.coalesce(1), table, None)
    clauses = MergeClauses(
        on="t.`id` = s.`id`",
        update_set={"name": "s.`name`"},
        insert_values={"id": "s.`id`", "name": "s.`name`"},
    )
    two_tasks = {"spark.sql.shuffle.partitions": "2", "spark.sql.adaptive.enabled": "false"}
    with settings(delta.spark, two_tasks):
        delta.merge(rows.selectExpr("id + 200 AS id", "'b' AS name"), table, clauses, None)
    assert (delta.version(table).metrics["files_added"] == 1) is together
    assert delta.read(table).groupBy("name").count().orderBy("name").collect() == [("a", 200), ("b", 400)]
