"""The state of tables that is fetched while a batch is read: help, and nothing that a batch depends on."""

from __future__ import annotations

import threading

import pytest

from framework.tables.delta.format import DeltaFormat
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, feed_lines


@pytest.mark.parametrize("lake", ["delta"], indirect=True)
def test_a_batch_goes_on_where_the_state_of_its_tables_could_not_be_fetched_ahead(
    lake: TestLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def refuse(self: DeltaFormat, table: object) -> None:
        asked.append(threading.current_thread().name)
        raise OSError("no answer")

    monkeypatch.setattr(DeltaFormat, "fetch_state", refuse)
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA, "options": {"header": True, "nullValue": ""}},
        changes=FEED_CHANGES,
    )
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("D", 2, 2, "")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 3, "b"), ("U", 2, 1, "late")]))
    lake.applied()
    assert lake.rows("id", "v") == [(1, "b")]
    # the target, twice
    assert len(asked) == 2
    assert threading.current_thread().name not in asked
