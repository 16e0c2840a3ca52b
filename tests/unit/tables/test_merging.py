"""The MERGE both formats run, as text."""

from __future__ import annotations

import pytest

from framework.errors import TableError
from framework.tables.base import MergeClauses, TableRef
from framework.tables.merging import merge_sql

TABLE = TableRef("a.b.c", "iceberg", "`l`.`a_b`.`c`")


def test_all_clauses_in_their_order():
    clauses = MergeClauses(
        on="t.`id` = s.`id`",
        delete_when="s.`op` = 'D'",
        update_when="s.`seq` > t.`seq`",
        insert_when="s.`op` <> 'D'",
        update_set={"a.b": "s.`a.b`", "seq": "s.`seq`"},
        insert_values={"id": "s.`id`", "A.B": "s.`a.b`"},
    )
    assert merge_sql(TABLE, "v", clauses, ["id", "a.b", "seq"], guard=True) == (
        "MERGE INTO `l`.`a_b`.`c` AS t\n"
        "USING `v` AS s\n"
        "ON t.`id` = s.`id`\n"
        "WHEN MATCHED AND (s.`op` = 'D') THEN DELETE\n"
        "WHEN MATCHED AND (s.`seq` > t.`seq`) THEN UPDATE SET t.`a.b` = s.`a.b`, t.`seq` = s.`seq`\n"
        "WHEN NOT MATCHED AND (s.`op` <> 'D') THEN INSERT (`id`, `a.b`, `seq`) VALUES (s.`id`, s.`a.b`, NULL)"
    )


def test_a_merge_that_only_inserts_is_guarded_on_demand():
    clauses = MergeClauses(on="t.`id` = s.`id`", insert_values={"id": "s.`id`"})
    assert "WHEN MATCHED AND false THEN DELETE" in merge_sql(TABLE, "v", clauses, ["id"], guard=True)
    assert "WHEN MATCHED" not in merge_sql(TABLE, "v", clauses, ["id"])


def test_columns_the_table_lacks_are_refused_before_anything_runs():
    with pytest.raises(TableError, match="got x, y, expected id"):
        merge_sql(
            TABLE, "v", MergeClauses(on="true", update_set={"x": "1"}, insert_values={"y": "1"}), ["id"]
        )
