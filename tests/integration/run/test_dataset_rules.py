"""Rules about data as a whole: judged before anything is written, on the batch or on the table it would leave."""

from __future__ import annotations

import pytest

from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, feed_lines

pytestmark = pytest.mark.either_format


def feed_job(lake: TestLake, rules: str) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA},
        changes=FEED_CHANGES,
        quality={"rules": f"Rules = [\n{rules}\n]"},
    )


def test_a_failed_rule_about_the_batch_leaves_the_table_as_it_was(lake: TestLake) -> None:
    feed_job(lake, "RowCount >= 2")
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", 2, 1, "b")]))
    lake.applied()
    before = lake.version()
    lake.file("b.csv", *feed_lines([("U", 1, 2, "c")]))
    outcome = lake.run()
    assert (outcome.error_class, outcome.exit_code) == ("QualityError", 6)
    assert "RowCount >= 2" in (outcome.error or "")
    assert lake.version() == before
    assert lake.rows("id", "v") == [(1, "a"), (2, "b")]


def test_a_rule_on_the_table_is_judged_on_what_the_batch_would_leave(lake: TestLake) -> None:
    feed_job(lake, '# @on=table\nUniqueness "v" = 1.0,\n# @on=table\nRowCount >= 2')
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", 2, 1, "b")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 2, "b"), ("U", 2, 2, "a")]))
    lake.applied()
    assert lake.rows("id", "v") == [(1, "b"), (2, "a")]
    lake.file("c.csv", *feed_lines([("D", 1, 3, None)]))
    outcome = lake.run()
    assert outcome.error_class == "QualityError", outcome
    assert lake.rows("id", "v") == [(1, "b"), (2, "a")]


def test_a_row_rule_with_action_fail_stops_the_run_before_anything_is_written(lake: TestLake) -> None:
    feed_job(lake, '# @action=fail\nColumnValues "v" in ["a"]')
    lake.file("a.csv", *feed_lines([("U", 1, 1, "a"), ("U", 2, 1, "b")]))
    outcome = lake.run()
    assert (outcome.error_class, outcome.exit_code) == ("QualityError", 6)
    assert "(1 rows)" in (outcome.error or "")
    assert lake.version() is None
