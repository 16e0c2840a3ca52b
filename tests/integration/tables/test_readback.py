"""Engines that share no code with Spark read what we write."""

from __future__ import annotations

import pytest
from pyspark.sql import types as T

from framework.sql import quote
from framework.tables import MergeClauses, TableSpec, table_format, table_ref
from framework.tables.names import split_identifier

NAMES = ["id", "a.b", "1x", "a b", "select", "Ünï"]
SCHEMA = T.StructType(
    [T.StructField("id", T.LongType())] + [T.StructField(name, T.StringType()) for name in NAMES[1:]]
)
WANTED = [(1, "NEW", "b", "c", "d", "e"), (3, "x", "b", "c", "d", "e")]
MERGE = MergeClauses(
    on="t.`id` = s.`id`",
    delete_when="s.`a.b` = 'gone'",
    update_set={"a.b": "upper(s.`a.b`)"},
    insert_values={name: f"s.{quote(name)}" for name in NAMES},
)


def written(fmt, table, layout):
    fmt.create(table, TableSpec(SCHEMA, properties={"layout": layout}))

    def rows(*ids):
        return fmt.spark.createDataFrame([(i, text, "b", "c", "d", "e") for i, text in ids], SCHEMA).coalesce(
            1
        )

    fmt.append(rows((1, "old"), (2, "x"), (3, "x")), table, None)
    fmt.merge(rows((1, "new"), (2, "gone")), table, MERGE, None)


def as_rows(arrow):
    assert arrow.column_names == NAMES
    return sorted(zip(*[arrow.column(i).to_pylist() for i in range(arrow.num_columns)], strict=True))


@pytest.mark.parametrize("layout", ["copy-on-write", "merge-on-read"])
def test_pyiceberg_reads_our_iceberg_tables(batch, lake, layout):
    catalog_module = pytest.importorskip("pyiceberg.catalog.sql")
    fmt = table_format(batch, "iceberg")
    table = table_ref(lake, f"standardized.tables.py_{layout.replace('-', '_')}", "iceberg")
    written(fmt, table, layout)
    uri = batch.conf.get("spark.sql.catalog.lake.uri").replace("jdbc:sqlite:file:", "sqlite:///")
    catalog = catalog_module.SqlCatalog("lake", uri=uri, warehouse=lake.root)
    loaded = catalog.load_table(tuple(split_identifier(table.identifier)[1:]))
    assert as_rows(loaded.scan().to_arrow()) == WANTED
    catalog.engine.dispose()


@pytest.mark.parametrize("layout", ["copy-on-write", "deletion-vectors"])
def test_deltalake_reads_our_delta_tables(batch, lake, layout):
    deltalake = pytest.importorskip("deltalake")
    fmt = table_format(batch, "delta")
    table = table_ref(lake, f"standardized.tables.rs_{layout.replace('-', '_')}", "delta")
    written(fmt, table, layout)
    loaded = deltalake.DeltaTable(table.location)
    names = ", ".join('"' + name + '"' for name in NAMES)
    arrow = deltalake.QueryBuilder().register("t", loaded).execute(f"SELECT {names} FROM t").read_all()
    import pyarrow

    assert as_rows(pyarrow.table(arrow)) == WANTED
