"""The shipped test kit, as docs/testing.md shows it, and with feeds drawn by its strategies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame

from framework.run.api import run_project
from framework.tables import table_format, table_ref
from framework.testing.crashes import StopAt
from framework.testing.oracle import Change, scd1, scd2
from framework.testing.strategies import deliveries, feeds
from framework.testing.tables import assert_table_equals, differences
from tests.integration.run.lakes import FEED_CHANGES, TestLake

COLUMNS = {"op": "string", "id": "int", "seq": "bigint", "name": "string"}


def deliver(lake: TestLake, name: str, changes: list[Change]) -> None:
    rows = [(e.op, e.key, e.seq, e.values.get("name", "")) for e in changes]
    lake.file(name, ",".join(COLUMNS), *[",".join(map(str, row)) for row in rows])


def table(lake: TestLake) -> DataFrame:
    ref = table_ref(lake.project.lake, lake.table, lake.format)
    return table_format(lake.spark, ref.format).read(ref)


def test_a_crash_in_the_middle_of_a_write_loses_no_change(lake: TestLake) -> None:
    lake.job(read={"format": "csv", "schema": COLUMNS}, changes=FEED_CHANGES)
    changes = [
        Change(1, 5, "U", {"name": "Ada"}),
        Change(2, 6, "U", {"name": "Bo"}),
        Change(1, 7, "D"),
    ]
    deliver(lake, "a.csv", changes)
    with pytest.raises(KeyboardInterrupt):
        run_project(lake.project, [], spark=lake.spark, listener=StopAt("target", after=False))
    assert run_project(lake.project, [], spark=lake.spark).exit_code == 0
    expected = [{"id": key, **row} for key, row in scd1(changes, ["name"]).items()]
    assert_table_equals(table(lake), expected, ["id"])
    with pytest.raises(AssertionError, match="id=2: name is 'Bo', expected 'Bob'"):
        assert_table_equals(table(lake), [{"id": 2, "name": "Bob"}], ["id"])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), partial=st.booleans())
def test_deliveries_hold_the_feed_and_the_histories_agree(data: st.DataObject, partial: bool) -> None:
    """No Spark: what the strategies draw is what the oracle understands."""
    feed = data.draw(feeds(["a", "b"], partial=partial, truncates=True))
    batches = data.draw(deliveries(feed))
    together = [change for batch in batches for change in batch]
    assert sorted(map(str, together)) == sorted(map(str, feed))
    live = scd1(together, ["a", "b"])
    assert live == scd1(feed, ["a", "b"])
    open_rows: dict[Any, Any] = {v.key: v.values for v in scd2(together, ["a", "b"]) if v.end is None}
    assert differences(_rows(live), _rows(open_rows), ["key"]) == []


def _rows(live: dict[Any, Any]) -> list[dict[str, Any]]:
    return [{"key": key, **row} for key, row in live.items()]
