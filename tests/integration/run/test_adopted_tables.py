"""Tables that something else made: refused until they are adopted, then merged into like any other."""

from __future__ import annotations

import pytest

from framework.errors import SluiceError
from framework.run.adopt import adopt_table
from framework.run.outcome import Counts
from framework.tables import table_ref
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, feed_lines


def foreign_table(lake: TestLake, rows: str, columns: str = "id, seq, v") -> None:
    """A table as plain Spark makes it."""
    ref = table_ref(lake.project.lake, lake.table, lake.format)
    df = lake.spark.sql(f"SELECT * FROM VALUES {rows} AS t({columns})")
    if lake.format == "delta":
        df.write.format("delta").save(ref.location)
    else:
        lake.spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {ref.identifier.rpartition('.')[0]}")
        df.writeTo(ref.identifier).using("iceberg").create()


def test_a_foreign_table_is_refused_and_merged_into_once_it_is_adopted(lake: TestLake) -> None:
    lake.job(read={"format": "csv", "schema": FEED_SCHEMA}, changes=FEED_CHANGES)
    foreign_table(lake, "(1, 5L, 'a'), (2, 5L, 'b'), (3, 5L, 'c')")
    lake.file("a.csv", *feed_lines([("U", 1, 1, "new"), ("D", 2, 1, None), ("U", 4, 1, "d")]))
    refused = lake.run()
    assert refused.error_class == "ContractError"
    assert f"sluice adopt {lake.domain}.t" in (refused.error or "")
    assert adopt_table(lake.project, f"{lake.domain}.t", spark=lake.spark)
    assert lake.rows("id", "v") == [(1, "a"), (2, "b"), (3, "c")]
    assert adopt_table(lake.project, f"{lake.domain}.t", spark=lake.spark) == []
    assert lake.applied().counts == Counts(read=3, inserted=1, updated=1, deleted=1)
    assert lake.rows("id", "v") == [(1, "new"), (3, "c"), (4, "d")]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("(1, 5L, 'a'), (1, 6L, 'b')", "keys that several rows have"),
        ("(NULL, 5L, 'a')", "rows without a key"),
    ],
)
def test_a_table_whose_rows_the_keys_cannot_tell_apart_is_not_adopted(
    lake: TestLake, rows: str, told: str
) -> None:
    lake.job(read={"format": "csv", "schema": FEED_SCHEMA}, changes=FEED_CHANGES)
    foreign_table(lake, rows.replace("NULL", "CAST(NULL AS int)"))
    lake.file("a.csv", *feed_lines([("U", 1, 1, "new")]))
    with pytest.raises(SluiceError, match=told):
        adopt_table(lake.project, f"{lake.domain}.t", spark=lake.spark)
