"""Partitioning as the job writes it."""

from __future__ import annotations

import pytest

from framework.errors import ConfigError
from framework.tables.partitioning import Partition, parse_partition, parse_partitions


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("region", "`region`"),
        (" a b ", "`a b`"),
        ("bucket(16, customer_id)", "bucket(16, `customer_id`)"),
        ("bucket( 16 ,`a,b` )", "bucket(16, `a,b`)"),
        ("truncate(4, `we``ird`)", "truncate(4, `we``ird`)"),
        ("day(at)", "days(`at`)"),
        ("HOURS(at)", "hours(`at`)"),
        ("`bucket(2, x)`", "`bucket(2, x)`"),
    ],
)
def test_entries_become_sql(text, sql):
    assert parse_partition(text).sql == sql


@pytest.mark.parametrize(
    "text", ["bucket(id)", "bucket(0, id)", "days(4, at)", "hash(4, id)", "truncate(name)"]
)
def test_wrong_entries_are_refused_with_what_there_is(text):
    with pytest.raises(ConfigError, match=r"write.partition_by .*expected a column, bucket\(16, c\)"):
        parse_partition(text)


def test_columns_are_found_whatever_their_case_and_keep_the_table_s_spelling():
    assert parse_partitions(["ID", "days(At)"], ["Id", "at"], "t") == [
        Partition("Id"),
        Partition("at", "days"),
    ]
    with pytest.raises(ConfigError, match="names a column it doesn't have: got 'x'"):
        parse_partitions(["x"], ["Id"], "t")
