"""What a table format promises, whichever it is: one suite over both."""

from __future__ import annotations

import pytest
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.errors import ConfigError, ConflictError, TableError
from framework.tables import ColumnChange, MergeClauses, TableFormat, TableRef, TableSpec, table_ref
from framework.tables.conflicts import texts

SCHEMA = T.StructType(
    [
        T.StructField("id", T.LongType(), True, {"comment": "the key"}),
        T.StructField("name", T.StringType()),
        T.StructField("_sluice_seq", T.LongType(), True, {"comment": "the sequence"}),
    ]
)
ODD = ["a.b", "1x", "a b", "select", "Ünï", "it's", "we`ird"]


def rows(fmt: TableFormat, *values: tuple[object, ...], schema: T.StructType = SCHEMA) -> DataFrame:
    return fmt.spark.createDataFrame(list(values), schema).coalesce(1)  # type: ignore[attr-defined]


def contents(fmt: TableFormat, table: TableRef) -> list[tuple[object, ...]]:
    return sorted((tuple(row) for row in fmt.read(table).collect()), key=str)


def made(fmt: TableFormat, table: TableRef, schema: T.StructType = SCHEMA, **options: object) -> TableRef:
    fmt.create(table, TableSpec(schema, **options))  # type: ignore[arg-type]
    return table


UPSERT = MergeClauses(
    on="t.`id` = s.`id`",
    delete_when="s.`name` = 'gone'",
    update_when="s.`_sluice_seq` > t.`_sluice_seq`",
    insert_when="s.`name` <> 'gone'",
    update_set={"name": "s.`name`", "_sluice_seq": "s.`_sluice_seq`"},
    insert_values={"id": "s.`id`", "name": "s.`name`", "_sluice_seq": "s.`_sluice_seq`"},
)


class TestMaking:
    def test_a_table_has_the_schema_comments_and_properties_it_was_asked_for(self, fmt, table):
        assert not fmt.exists(table)
        made(fmt, table, comment="it's ours", properties={"sluice.job": "crm.leads"})
        assert fmt.exists(table)
        found = fmt.schema(table)
        assert found.names == SCHEMA.names
        assert [field.dataType for field in found.fields] == [field.dataType for field in SCHEMA.fields]
        assert found["id"].metadata["comment"] == "the key"
        assert fmt.properties(table)["sluice.job"] == "crm.leads"
        assert fmt.properties(table)["sluice.layout"] == "copy-on-write"
        shown = fmt.spark.sql(f"DESCRIBE TABLE EXTENDED {table.identifier}").collect()
        assert any("it's ours" in str(row) for row in shown)

    def test_making_a_table_again_changes_nothing(self, fmt, table):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1)), table, None)
        made(fmt, table)
        assert contents(fmt, table) == [(1, "a", 1)]

    def test_framework_columns_come_last_wherever_they_were_named(self, fmt, table):
        made(fmt, table, T.StructType([SCHEMA["_sluice_seq"], SCHEMA["id"]]))
        assert fmt.schema(table).names == ["id", "_sluice_seq"]

    def test_a_new_table_has_no_version_of_rows_yet(self, fmt, table):
        made(fmt, table)
        assert fmt.version(table) is None
        assert fmt.last_mark(table, "crm.leads") is None
        assert contents(fmt, table) == []

    def test_a_table_made_with_its_first_rows_is_the_one_made_before_them_in_a_single_commit(
        self, fmt, table, lake, mark
    ):
        whole = T.StructType(
            [SCHEMA["_sluice_seq"], SCHEMA["id"], SCHEMA["name"], T.StructField("a b", T.DateType())]
        )
        spec = TableSpec(whole, ["name"], {"sluice.job": "crm.leads"}, comment="it's ours")
        first = rows(fmt, (1, "a", 1), (2, "b", 2))
        fmt.create_with(first, table, spec, mark(1))
        (only,) = fmt.versions(table)
        assert fmt.version(table) == only
        assert only.metrics["rows_added"] == 2
        assert fmt.last_mark(table, "crm.leads") == mark(1)
        assert contents(fmt, table) == [(1, "a", None, 1), (2, "b", None, 2)]
        other = table_ref(lake, f"{table.name}_in_two", fmt.name)
        fmt.create(other, spec)
        assert fmt.schema(table) == fmt.schema(other)
        assert fmt.properties(table) == fmt.properties(other)
        described = [
            [
                tuple(row)
                for row in fmt.spark.sql(f"DESCRIBE TABLE EXTENDED {each.identifier}").collect()
                if row["col_name"]
                in ("id", "name", "a b", "_sluice_seq", "Part 0", "Comment", "# Partitioning")
            ]
            for each in (table, other)
        ]
        assert described[0] == described[1]
        fmt.append(first, table, mark(1))
        assert len(contents(fmt, table)) == 2
        fmt.append(first, table, mark(2))
        assert len(contents(fmt, table)) == 4

    def test_a_first_write_that_fails_leaves_no_table_and_can_be_done_again(self, fmt, table, mark):
        poisoned = F.when(F.col("id") == 2, F.raise_error(F.lit("poison")).cast("string")).otherwise("a")
        frame = (
            fmt.spark.range(1, 3, 1, 2).withColumn("name", poisoned).withColumn("_sluice_seq", F.col("id"))
        )
        spec = TableSpec(SCHEMA, ["name"])
        for _ in range(2):
            with pytest.raises((Py4JError, PySparkException)) as failed:
                fmt.create_with(frame, table, spec, mark(1))
            assert any("poison" in text for text in texts(failed.value))
            assert not fmt.exists(table)
        fmt.create_with(rows(fmt, (1, "a", 1)), table, spec, mark(1))
        assert contents(fmt, table) == [(1, "a", 1)]

    def test_an_empty_table_is_made_where_a_first_write_failed(self, fmt, table, mark):
        poisoned = F.raise_error(F.lit("poison")).cast("string")
        frame = fmt.spark.range(2).withColumn("name", poisoned).withColumn("_sluice_seq", F.col("id"))
        with pytest.raises((Py4JError, PySparkException)):
            fmt.create_with(frame, table, TableSpec(SCHEMA), mark(1))
        made(fmt, table)
        assert contents(fmt, table) == []
        assert fmt.last_mark(table, "crm.leads") is None

    def test_who_is_second_to_make_a_table_with_rows_has_lost_a_race(self, fmt, table, mark):
        made(fmt, table)
        with pytest.raises(ConflictError, match="another writer made table"):
            fmt.create_with(rows(fmt, (1, "a", 1)), table, TableSpec(SCHEMA), mark(1))
        assert contents(fmt, table) == []

    def test_comments_of_nested_fields_survive_a_first_write(self, fmt, table, mark):
        inner = T.StructType([T.StructField("x", T.LongType(), True, {"comment": "inside"})])
        schema = T.StructType([T.StructField("s", inner)])
        fmt.create_with(rows(fmt, ((1,),), schema=schema), table, TableSpec(schema), mark(1))
        assert fmt.schema(table)["s"].dataType["x"].metadata["comment"] == "inside"
        assert contents(fmt, table) == [((1,),)]

    def test_ddl_is_what_runs_and_needs_no_table(self, fmt, table):
        text = fmt.ddl(table, TableSpec(SCHEMA, properties={"a'b": "c"}))
        assert text.startswith(f"CREATE TABLE IF NOT EXISTS {table.identifier} (")
        assert f"USING {fmt.name}" in text
        assert not fmt.exists(table)

    def test_partitions_by_a_plain_column(self, fmt, table):
        made(fmt, table, partition_by=["name"])
        fmt.append(rows(fmt, (1, "a", 1), (2, "b", 1)), table, None)
        assert fmt.version(table).metrics["files_added"] == 2

    def test_an_unknown_partition_column_or_layout_is_refused_by_name(self, fmt, table):
        with pytest.raises(ConfigError, match=r"write.partition_by .* got 'nope', expected one of id, name"):
            made(fmt, table, partition_by=["nope"])
        with pytest.raises(ConfigError, match=r"write.properties.layout"):
            made(fmt, table, properties={"layout": "fast"})
        assert not fmt.exists(table)

    def test_properties_can_be_added(self, fmt, table):
        made(fmt, table, properties={"sluice.keys": '["id"]'})
        fmt.set_properties(table, {"sluice.note": "it's"})
        assert fmt.properties(table)["sluice.note"] == "it's"
        assert fmt.properties(table)["sluice.keys"] == '["id"]'

    def test_a_dropped_table_can_be_made_again_and_is_empty(self, fmt, table):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1)), table, None)
        fmt.drop(table)
        assert not fmt.exists(table)
        fmt.drop(table)
        made(fmt, table)
        assert contents(fmt, table) == []

    @pytest.mark.parametrize("layout", ["merge-on-read", "deletion-vectors"])
    def test_other_layouts_merge_the_same(self, fmt, table, layout):
        made(fmt, table, properties={"layout": layout})
        fmt.append(rows(fmt, (1, "a", 1), (2, "b", 1)), table, None)
        fmt.merge(rows(fmt, (1, "gone", 2), (3, "c", 1)), table, UPSERT, None)
        assert contents(fmt, table) == [(2, "b", 1), (3, "c", 1)]
        assert fmt.properties(table)["sluice.layout"] == layout


class TestOddNames:
    schema = T.StructType(
        [T.StructField("id", T.LongType())]
        + [T.StructField(name, T.StringType()) for name in ODD]
        + [
            T.StructField(
                "nested",
                T.StructType([T.StructField("x y", T.LongType()), T.StructField("q.r", T.LongType())]),
            )
        ]
    )

    def test_every_command_takes_odd_names(self, fmt, table):
        made(fmt, table, self.schema)
        assert fmt.schema(table).names == self.schema.names
        first = (1, *ODD, (1, 2))
        fmt.append(rows(fmt, first, schema=self.schema), table, None)
        assert contents(fmt, table) == [tuple(rows(fmt, first, schema=self.schema).first())]
        from framework.sql import quote

        names = self.schema.names
        clauses = MergeClauses(
            on="t.`a.b` = s.`a.b`",
            update_set={name: f"upper(s.{quote(name)})" for name in ODD if name != "a.b"},
            insert_values={name: f"s.{quote(name)}" for name in names},
        )
        other = (2, "new", *ODD[1:], (3, 4))
        fmt.merge(rows(fmt, first, other, schema=self.schema), table, clauses, None)
        found = {row[0]: row for row in fmt.read(table).collect()}
        assert found[1]["Ünï"] == "ÜNÏ"
        assert found[1]["we`ird"] == "WE`IRD"
        assert tuple(found[2]["nested"]) == (3, 4)
        fmt.evolve(
            table,
            [
                ColumnChange("add", "new one", T.LongType()),
                ColumnChange("add", "n.m", T.LongType(), parents=("nested",)),
            ],
        )
        assert fmt.schema(table).names == [*names, "new one"]
        assert fmt.schema(table)["nested"].dataType.names == ["x y", "q.r", "n.m"]

    def test_a_table_without_odd_names_gets_its_first_one(self, fmt, table):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1)), table, None)
        fmt.evolve(table, [ColumnChange("add", "a b", T.StringType(), "it's odd")])
        assert fmt.schema(table).names == ["id", "name", "a b", "_sluice_seq"]
        assert fmt.schema(table)["a b"].metadata["comment"] == "it's odd"
        assert contents(fmt, table) == [(1, "a", None, 1)]


class TestEvolving:
    def test_new_columns_go_before_the_framework_s(self, fmt, table):
        made(fmt, table)
        changes = [ColumnChange("add", "b", T.LongType()), ColumnChange("add", "a", T.StringType())]
        fmt.evolve(table, changes)
        assert fmt.schema(table).names == ["id", "name", "b", "a", "_sluice_seq"]

    def test_evolving_again_after_a_kill_does_what_is_missing(self, fmt, table):
        made(fmt, table)
        first = ColumnChange("add", "a", T.LongType())
        fmt.evolve(table, [first])
        assert fmt.evolve_ddl(table, [first]) == []
        fmt.evolve(table, [first, ColumnChange("add", "b", T.LongType())])
        assert fmt.schema(table).names == ["id", "name", "a", "b", "_sluice_seq"]

    def test_a_type_is_widened_or_the_remedy_is_named(self, fmt, table):
        schema = T.StructType([T.StructField("n", T.IntegerType()), T.StructField("d", T.DecimalType(5, 2))])
        made(fmt, table, schema)
        fmt.append(fmt.spark.sql("SELECT 1 AS n, CAST(2.5 AS DECIMAL(5,2)) AS d"), table, None)
        changes = [ColumnChange("widen", "n", T.LongType()), ColumnChange("widen", "d", T.DecimalType(9, 2))]
        if fmt.name == "delta" and fmt.spark.version.startswith("3."):
            with pytest.raises(TableError, match=r"write.evolution: add_columns"):
                fmt.evolve(table, changes)
            return
        fmt.evolve(table, changes)
        assert fmt.schema(table)["n"].dataType == T.LongType()
        fmt.append(
            fmt.spark.sql("SELECT 3000000000 AS n, CAST(1234567.89 AS DECIMAL(9,2)) AS d"), table, None
        )
        assert sorted(row.n for row in fmt.read(table).collect()) == [1, 3000000000]


class TestWriting:
    def test_append_takes_columns_by_name_and_fills_missing_ones_with_null(self, fmt, table):
        made(fmt, table)
        fmt.append(fmt.spark.sql("SELECT 'x' AS NAME, 5 AS id"), table, None)
        assert contents(fmt, table) == [(5, "x", None)]

    def test_append_refuses_columns_and_types_that_have_no_place(self, fmt, table):
        made(fmt, table)
        with pytest.raises(TableError, match="columns the table doesn't have: got extra"):
            fmt.append(fmt.spark.sql("SELECT 1L AS id, 2 AS extra"), table, None)
        with pytest.raises(TableError, match=r"column id .* got string, expected bigint"):
            fmt.append(fmt.spark.sql("SELECT 'x' AS id"), table, None)
        assert contents(fmt, table) == []

    def test_structs_are_filled_by_name_and_a_null_struct_stays_null(self, fmt, table):
        schema = (
            T.StructType().add("id", "integer").add("p", T.StructType().add("a", "integer").add("b", "long"))
        )
        made(fmt, table, schema)
        df = fmt.spark.sql("SELECT 1 AS id, named_struct('b', 2, 'a', 1) AS p UNION ALL SELECT 2, NULL")
        fmt.append(df, table, None)
        assert [(row.id, row.p and tuple(row.p)) for row in fmt.read(table).orderBy("id").collect()] == [
            (1, (1, 2)),
            (2, None),
        ]

    def test_merge_deletes_updates_and_inserts_in_one_commit(self, fmt, table):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1), (2, "b", 5), (3, "c", 1)), table, None)
        before = len(fmt.versions(table))
        fmt.merge(
            rows(fmt, (1, "gone", 2), (2, "old", 4), (3, "new", 2), (4, "d", 1), (5, "gone", 1)),
            table,
            UPSERT,
            None,
        )
        assert contents(fmt, table) == [(2, "b", 5), (3, "new", 2), (4, "d", 1)]
        assert len(fmt.versions(table)) == before + 1

    def test_a_merge_that_names_few_columns_leaves_the_others_null(self, fmt, table):
        made(fmt, table)
        clauses = MergeClauses(on="t.`id` = s.`id`", insert_values={"ID": "s.`id`"})
        fmt.merge(rows(fmt, (1, "a", 1)), table, clauses, None)
        assert contents(fmt, table) == [(1, None, None)]

    def test_merge_leaves_no_view_or_setting_behind(self, fmt, table, mark):
        made(fmt, table)
        names = ("spark.databricks.delta.commitInfo.userMetadata", "spark.databricks.delta.write.txnAppId")
        fmt.merge(rows(fmt, (1, "a", 1)), table, UPSERT, mark(0))
        assert fmt.spark.sql("SHOW VIEWS LIKE 'sluice_*'").collect() == []
        assert all(fmt.spark.conf.get(name, None) is None for name in names)
        assert fmt.spark.conf.get("spark.sql.iceberg.snapshot-property.sluice.marks", None) is None

    def test_a_merge_that_fails_raises_spark_s_error_and_changes_nothing(self, fmt, table, mark):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1)), table, None)
        clauses = MergeClauses(on="t.`id` = s.`id`", update_set={"name": "raise_error('BOOM')"})
        with pytest.raises((PySparkException, Py4JError), match="BOOM"):
            fmt.merge(rows(fmt, (1, "b", 2)), table, clauses, mark(0))
        assert contents(fmt, table) == [(1, "a", 1)]
        assert fmt.last_mark(table, "crm.leads") is None
        with pytest.raises(TableError, match="columns the table doesn't have: got nope"):
            fmt.merge(
                rows(fmt, (1, "b", 2)), table, MergeClauses(on="true", insert_values={"nope": "1"}), None
            )

    def test_overwrite_replaces_every_row(self, fmt, table):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1), (2, "b", 1)), table, None)
        fmt.overwrite(rows(fmt, (3, "c", 1)), table, None)
        assert contents(fmt, table) == [(3, "c", 1)]
        fmt.overwrite(rows(fmt).limit(0), table, None)
        assert contents(fmt, table) == []

    def test_partition_overwrite_replaces_only_the_partitions_that_arrive(self, fmt, table):
        made(fmt, table, partition_by=["name"])
        fmt.append(rows(fmt, (1, "a", 1), (2, "b", 1)), table, None)
        fmt.overwrite(rows(fmt, (3, "b", 2)), table, None, partitions_only=True)
        assert contents(fmt, table) == [(1, "a", 1), (3, "b", 2)]

    def test_replace_where_is_one_commit_and_repeatable(self, fmt, table):
        made(fmt, table)
        for n in (1, 2):
            fmt.append(rows(fmt, (n, "x", n), (n + 10, "x", n)), table, None)
        before = len(fmt.versions(table))
        for _ in range(2):
            fmt.replace_where(rows(fmt, (7, "y", 2)), table, "`_sluice_seq` = 2", None)
            assert contents(fmt, table) == [(1, "x", 1), (11, "x", 1), (7, "y", 2)]
        assert len(fmt.versions(table)) == before + 2

    def test_replace_where_works_within_files_too(self, fmt, table, mark):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1), (2, "b", 1), (3, None, 1)), table, None)
        before = len(fmt.versions(table))
        fmt.replace_where(rows(fmt, (9, "n", 1)), table, "id = 2", mark(0))
        assert contents(fmt, table) == [(1, "a", 1), (3, None, 1), (9, "n", 1)]
        assert len(fmt.versions(table)) == before + 1
        assert fmt.last_mark(table, "crm.leads") == mark(0)


class TestVersions:
    def test_versions_are_newest_first_with_normalised_metrics(self, fmt, table):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1), (2, "b", 1)), table, None)
        first = fmt.version(table)
        assert first.metrics["rows_added"] == 2
        assert first.metrics["files_added"] == 1
        assert first.metrics["bytes_added"] > 0
        assert first.at.tzinfo is not None
        fmt.merge(rows(fmt, (1, "gone", 2), (3, "c", 1)), table, UPSERT, None)
        second = fmt.version(table)
        assert fmt.versions(table)[:2] == [second, first]
        assert second.metrics["rows_added"] - second.metrics["rows_deleted"] == 0
        assert len(fmt.versions(table, limit=1)) == 1

    def test_an_old_version_is_read_and_gone_back_to(self, fmt, table):
        made(fmt, table)
        fmt.append(rows(fmt, (1, "a", 1)), table, None)
        first = fmt.version(table).number
        fmt.append(rows(fmt, (2, "b", 1)), table, None)
        assert [tuple(row) for row in fmt.read(table, version=first).collect()] == [(1, "a", 1)]
        stamp = fmt.version(table).at
        assert fmt.read(table, timestamp=stamp.strftime("%Y-%m-%d %H:%M:%S.%f")).count() == 2
        fmt.rollback(table, first)
        assert contents(fmt, table) == [(1, "a", 1)]
        with pytest.raises(TableError, match="has no version 4711"):
            fmt.rollback(table, 4711)

    def test_maintenance_compacts_small_files_and_keeps_the_rows(self, fmt, table):
        made(fmt, table)
        for n in range(6):
            fmt.append(rows(fmt, (n, "x", n)), table, None)
        done = fmt.maintain(table, all_files=True)
        assert (done["files_removed"], done["files_added"]) == (6, 1)
        assert len(contents(fmt, table)) == 6
        assert fmt.maintain(table)["files_removed"] == 0
