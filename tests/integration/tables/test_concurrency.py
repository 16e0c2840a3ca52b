"""Two writers on one table: both applied, or one clean retry; never a duplicate, never a lost row."""

from __future__ import annotations

import threading

import pytest
from pyspark.sql import types as T

from framework.tables import MergeClauses, TableSpec, is_conflict, retry_on_conflict, table_format

SCHEMA = T.StructType().add("id", "long").add("who", "string").add("n", "long")
KEYS = 2000
UPSERT = MergeClauses(
    on="t.`id` = s.`id`",
    update_set={"who": "s.`who`", "n": "t.`n` + 1"},
    insert_values={"id": "s.`id`", "who": "s.`who`", "n": "1L"},
)
INSERT_ONLY = MergeClauses(on="t.`id` = s.`id`", insert_values={"id": "s.`id`", "who": "s.`who`", "n": "1L"})


def race(fmt, table, clauses, layout=None):
    """Both merge the same keys at once; returns how often a merge had to be done again, and errors."""
    fmt.create(table, TableSpec(SCHEMA, properties={"layout": layout} if layout else {}))
    fmt.append(fmt.spark.createDataFrame([(-1, "x", 0)], SCHEMA).coalesce(1), table, None)
    barrier, retries, errors = threading.Barrier(2), [], []

    def work(who: str) -> None:
        session = fmt.spark.newSession()
        mine = table_format(session, fmt.name)
        source = session.range(KEYS).selectExpr("id", f"'{who}' AS who", "0L AS n")
        barrier.wait()
        try:
            retry_on_conflict(
                lambda: mine.merge(source, table, clauses, None),
                attempts=6,
                on_retry=lambda n, e: retries.append(e),
            )
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(who,)) for who in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return retries, errors


@pytest.mark.parametrize("layout", ["copy-on-write", "merge-on-read"])
def test_two_upserts_of_the_same_keys_are_both_applied(fmt, table, layout):
    retries, errors = race(fmt, table, UPSERT, layout)
    assert errors == []
    assert all(is_conflict(error) for error in retries)
    found = fmt.read(table).where("id >= 0").groupBy("n").count().collect()
    assert [(row["n"], row["count"]) for row in found] == [(2, KEYS)]


def test_two_merges_that_only_insert_leave_one_row_a_key(fmt, table):
    """Iceberg would commit both as appends, without a word: every key twice."""
    _, errors = race(fmt, table, INSERT_ONLY)
    assert errors == []
    found = fmt.read(table).where("id >= 0")
    assert found.count() == KEYS
    assert found.select("id").distinct().count() == KEYS


def test_the_same_batch_by_two_drivers_is_applied_once(fmt, table, mark):
    """Of two runs that merge one batch at once, the loser finds the winner's mark when it does it again."""
    fmt.create(table, TableSpec(SCHEMA))
    fmt.append(fmt.spark.range(KEYS).selectExpr("id", "'x' AS who", "0L AS n"), table, None)
    barrier, errors = threading.Barrier(2), []

    def work() -> None:
        session = fmt.spark.newSession()
        mine = table_format(session, fmt.name)
        source = session.range(KEYS).selectExpr("id", "'a' AS who", "0L AS n")
        barrier.wait()
        try:
            retry_on_conflict(lambda: mine.merge(source, table, UPSERT, mark(0)))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [(row["n"], row["count"]) for row in fmt.read(table).groupBy("n").count().collect()] == [(1, KEYS)]
    assert fmt.last_mark(table, "crm.leads") == mark(0)
