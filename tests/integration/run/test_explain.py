"""`sluice explain`: what became of each event of a key, in words."""

from __future__ import annotations

import pytest

from framework.errors import ConfigError
from framework.run.explain import Explanation, explain_key
from tests.integration.run.lakes import FEED_CHANGES, FEED_SCHEMA, TestLake, feed_lines

pytestmark = pytest.mark.either_format

OPERATIONS = {"operations": {"I": ["I"], "U": ["U"], "D": ["D"], "T": ["T"]}}


def explained(lake: TestLake, key: str) -> Explanation:
    return explain_key(lake.project, f"{lake.domain}.t", {"id": key}, spark=lake.spark)


def told(found: Explanation) -> list[tuple[object, ...]]:
    return [(each.place, each.batch, each.sequence, each.fate, each.why) for each in found.events]


def test_every_event_of_a_key_is_explained_beside_the_row_as_it_stands(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA},
        changes={**FEED_CHANGES, **OPERATIONS},
        quality={"rules": 'Rules = [ ColumnValues "v" != "bad" ]'},
    )
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("U", 2, 5, "other"), ("U", 1, 6, "bad")]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("D", 1, 7, None), ("U", 1, 9, "c"), ("U", 1, 5, "a")]))
    lake.applied()
    lake.file("c.csv", *feed_lines([("U", 1, 8, "late"), ("T", None, 3, None)]))
    lake.applied()
    found = explained(lake, "1")
    assert told(found) == [
        (1, 3, "3", "applied", "there was no row: kept against late events; #2 revived the key"),
        (2, 1, "5", "superseded", "#3 is newer and ended the row"),
        (2, 2, "5", "duplicate", "is #2 again"),
        (3, 2, "7", "applied", "ended the row; #4 revived the key"),
        (4, 3, "8", "superseded", "#5 is newer and carries all its columns"),
        (5, 2, "9", "applied", "is the newest"),
        (None, 1, "6", "rejected", 'ColumnValues "v" != "bad": v = bad'),
    ]
    assert [(row["id"], row["v"]) for row in found.rows] == [(1, "c")]
    assert explained(lake, "99").rows == []


def test_versions_are_explained_by_what_each_event_opened_closed_or_left(lake: TestLake) -> None:
    lake.job(
        read={"format": "csv", "schema": FEED_SCHEMA},
        changes={**FEED_CHANGES, "history": "scd2", "tracked": ["v"]},
    )
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a"), ("U", 1, 15, "a"), ("D", 1, 20, None)]))
    lake.applied()
    lake.file("b.csv", *feed_lines([("U", 1, 7, "a"), ("U", 1, 12, "b")]))
    lake.applied()
    found = explained(lake, "1")
    assert told(found) == [
        (1, 1, "5", "applied", "opened a version at 5"),
        (2, 2, "7", "applied", "changed untracked columns of the version of #1"),
        (3, 2, "12", "applied", "opened a version at 12"),
        (4, 1, "15", "applied", "opened a version at 15"),
        (5, 1, "20", "applied", "closed the version of #4"),
    ]
    assert [(row["v"], row["valid_from"], row["valid_to"]) for row in found.rows] == [
        ("a", 5, 12),
        ("b", 12, 15),
        ("a", 15, 20),
    ]


def test_a_key_has_to_be_given_whole(lake: TestLake) -> None:
    lake.job(read={"format": "csv", "schema": FEED_SCHEMA}, changes=FEED_CHANGES)
    lake.file("a.csv", *feed_lines([("U", 1, 5, "a")]))
    lake.applied()
    with pytest.raises(ConfigError, match="id=..."):
        explain_key(lake.project, f"{lake.domain}.t", {"v": "a"}, spark=lake.spark)
