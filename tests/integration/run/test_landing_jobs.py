"""Jobs that land first: planned and run, stopped and run again."""

from __future__ import annotations

import pytest

from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, feed_lines

pytestmark = pytest.mark.either_format


def test_a_plan_counts_what_a_run_would_land_first(lake: TestLake) -> None:
    lake.job(
        land={"from": {"format": "csv", "path": str(lake.folder / "in")}, "to": f"raw/{lake.domain}"},
        read={"format": "csv", "path": f"raw/{lake.domain}", "schema": FEED_SCHEMA},
        changes=FEED_CHANGES,
    )
    for name, events in {
        "a.csv": [("U", 1, 1, "a"), ("U", None, 1, "b")],
        "b.csv": [("D", 1, 2, None)],
    }.items():
        lake.file(name, *feed_lines(events))
        plan = lake.plan()
        assert plan.error is None
        assert len(list((lake.root / "raw" / lake.domain).glob("2*/*/*/*"))) == (name == "b.csv")
        outcome = lake.applied()
        assert plan.counts == outcome.counts
        assert outcome.landed == 1
    (lake.folder / "in" / "a.csv").unlink()
    assert lake.applied().status == "nothing_new"
