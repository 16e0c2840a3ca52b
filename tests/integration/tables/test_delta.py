"""What only Delta has."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import types as T

from framework.errors import ConfigError, TableError
from framework.tables import TableSpec, table_format, table_ref

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
