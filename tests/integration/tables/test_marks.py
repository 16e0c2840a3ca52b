"""Commits say what they contain: looked up in the table itself, whatever else happened to it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from pyspark.sql import types as T

from framework.tables import BatchMark, ColumnChange, MergeClauses, TableSpec

SCHEMA = T.StructType().add("id", "long").add("name", "string")
UPSERT = MergeClauses(
    on="t.`id` = s.`id`",
    update_set={"name": "s.`name`"},
    insert_values={"id": "s.`id`", "name": "s.`name`"},
)


def rows(fmt, *values):
    return fmt.spark.createDataFrame(list(values), SCHEMA).coalesce(1)


def ids(fmt, table):
    return sorted(row.id for row in fmt.read(table).collect())


@pytest.fixture
def made(fmt, table):
    fmt.create(table, TableSpec(SCHEMA, properties={"sluice.job": "crm.leads"}))
    return table


def test_every_kind_of_write_carries_its_batch(fmt, made, mark):
    writes = [
        lambda df, m: fmt.append(df, made, m),
        lambda df, m: fmt.merge(df, made, UPSERT, m),
        lambda df, m: fmt.overwrite(df, made, m),
        lambda df, m: fmt.overwrite(df, made, m, partitions_only=True),
        lambda df, m: fmt.replace_where(df, made, "id = 1", m),
    ]
    for n, write in enumerate(writes):
        write(rows(fmt, (1, "a")), mark(n))
        assert fmt.last_mark(made, "crm.leads") == mark(n)
    assert fmt.last_mark(made, "another.job") is None


def test_a_batch_that_is_there_is_not_written_again(fmt, made, mark):
    fmt.append(rows(fmt, (1, "a")), made, mark(3))
    version = fmt.version(made)
    for again in (3, 2):
        fmt.append(rows(fmt, (2, "again")), made, mark(again))
        fmt.merge(rows(fmt, (2, "again")), made, UPSERT, mark(again))
        fmt.overwrite(rows(fmt, (2, "again")), made, mark(again))
        fmt.replace_where(rows(fmt, (2, "again")), made, "id = 2", mark(again))
    assert fmt.version(made) == version
    assert ids(fmt, made) == [1]


def test_a_new_epoch_begins_at_zero_and_is_written(fmt, made, mark):
    fmt.append(rows(fmt, (1, "a")), made, mark(3))
    anew = BatchMark("crm.leads", "0002", 0, "h")
    fmt.append(rows(fmt, (2, "b")), made, anew)
    assert fmt.last_mark(made, "crm.leads") == anew
    assert ids(fmt, made) == [1, 2]


def test_how_far_a_table_reaches_is_told_while_nobody_wrote_what_it_was_not_reckoned_with(fmt, made, mark):
    fmt.append(rows(fmt, (1, "a")), made, replace(mark(0), reach="7"))
    assert fmt.reach(made) == "7"
    fmt.set_properties(made, {"a": "b"})
    fmt.evolve(made, [ColumnChange("add", "x", T.LongType())])
    assert fmt.reach(made) == "7"
    seen = fmt.version(made).number
    fmt.merge(rows(fmt, (2, "b")), made, UPSERT, replace(mark(1), reach="9", reckoned_on=seen))
    assert fmt.reach(made) == "9"
    fmt.maintain(made, all_files=True)
    assert fmt.reach(made) == "9"
    fmt.merge(rows(fmt, (3, "c")), made, UPSERT, replace(mark(2), reach="12", reckoned_on=seen))
    assert fmt.reach(made) is None, "another commit came between"
    seen = fmt.version(made).number
    fmt.append(rows(fmt, (4, "d")), made, replace(mark(3), reach="20", reckoned_on=seen))
    assert fmt.reach(made) == "20"
    fmt.append(rows(fmt, (5, "e")), made, None)
    assert fmt.reach(made) is None


def test_marks_of_other_jobs_are_carried_forward(fmt, made, mark):
    other = BatchMark("erp.orders", "0007", 12, "o")
    fmt.append(rows(fmt, (1, "a")), made, other)
    fmt.append(rows(fmt, (2, "b")), made, mark(0))
    fmt.merge(rows(fmt, (3, "c")), made, UPSERT, None)
    fmt.evolve(made, [ColumnChange("add", "x", T.LongType())])
    assert fmt.last_mark(made, "erp.orders") == other
    assert fmt.last_mark(made, "crm.leads") == mark(0)


def test_marks_survive_compaction_and_expiry(fmt, made, mark):
    other = BatchMark("erp.orders", "0001", 4, "o")
    fmt.append(rows(fmt, (0, "z")), made, other)
    for n in range(3):
        fmt.append(rows(fmt, (n + 1, "a")), made, mark(n))
    fmt.maintain(made, all_files=True, expire=timedelta(0))
    assert fmt.last_mark(made, "crm.leads") == mark(2)
    assert fmt.last_mark(made, "erp.orders") == other
    fmt.append(rows(fmt, (99, "again")), made, mark(2))
    assert ids(fmt, made) == [0, 1, 2, 3]


def test_marks_survive_commits_that_are_not_ours(fmt, made, mark):
    fmt.append(rows(fmt, (1, "a"), (2, "b")), made, mark(0))
    fmt.spark.sql(f"DELETE FROM {made.identifier} WHERE id = 2")
    fmt.spark.sql(f"INSERT INTO {made.identifier} VALUES (3, 'foreign')")
    assert fmt.last_mark(made, "crm.leads") == mark(0)
    fmt.append(rows(fmt, (9, "again")), made, mark(0))
    assert ids(fmt, made) == [1, 3]
    fmt.append(rows(fmt, (4, "next")), made, mark(1))
    assert fmt.last_mark(made, "crm.leads") == mark(1)


def test_after_a_rollback_the_batches_undone_are_written_again(fmt, made, mark):
    fmt.append(rows(fmt, (1, "a")), made, mark(0))
    first = fmt.version(made).number
    fmt.append(rows(fmt, (2, "b")), made, mark(1))
    fmt.rollback(made, first)
    assert fmt.last_mark(made, "crm.leads") == mark(0)
    fmt.append(rows(fmt, (2, "b")), made, mark(1))
    assert ids(fmt, made) == [1, 2]
    fmt.append(rows(fmt, (2, "b")), made, mark(1))
    assert ids(fmt, made) == [1, 2]
    fmt.merge(rows(fmt, (3, "c")), made, UPSERT, mark(2))
    assert fmt.last_mark(made, "crm.leads") == mark(2)


def test_after_somebody_else_s_restore_the_batches_undone_are_written_again(fmt, made, mark):
    if fmt.name != "delta":
        pytest.skip("an Iceberg rollback is one and the same, whoever does it")
    fmt.append(rows(fmt, (1, "a")), made, mark(0))
    first = fmt.version(made).number
    fmt.append(rows(fmt, (2, "b")), made, mark(1))
    fmt.spark.sql(f"RESTORE TABLE {made.identifier} TO VERSION AS OF {first}")
    assert fmt.last_mark(made, "crm.leads") == mark(0)
    fmt.append(rows(fmt, (2, "b")), made, mark(1))
    assert ids(fmt, made) == [1, 2]
    fmt.merge(rows(fmt, (3, "c")), made, UPSERT, mark(2))
    assert ids(fmt, made) == [1, 2, 3]


def test_two_jobs_at_once_lose_no_mark(fmt, made, mark):
    """Each takes over the other's last batch as it was before; what slipped in between is found by walking to
    it.
    """
    from framework.tables import table_format

    def work(job: str) -> None:
        mine = table_format(fmt.spark.newSession(), fmt.name)
        for n in range(3):
            mine.append(
                mine.spark.createDataFrame([(n, job)], SCHEMA).coalesce(1), made, BatchMark(job, "1", n, "h")
            )

    threads = [threading.Thread(target=work, args=(job,)) for job in ("a.a", "b.b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [fmt.last_mark(made, job).n for job in ("a.a", "b.b")] == [2, 2]
    assert ids(fmt, made) == [0, 0, 1, 1, 2, 2]


def test_delta_finds_the_batch_in_its_transactions_when_the_log_has_forgotten_ours(fmt, made, mark, folder):
    if fmt.name != "delta":
        pytest.skip("Delta cleans its log up by age")
    import pathlib

    fmt.append(rows(fmt, (1, "a")), made, mark(5))
    fmt.spark.sql(f"INSERT INTO {made.identifier} VALUES (3, 'foreign')")
    log = fmt.spark._jvm.org.apache.spark.sql.delta.DeltaLog.forTable(fmt.spark._jsparkSession, made.location)
    log.checkpoint()
    for number in (0, 1):
        pathlib.Path(made.location, "_delta_log", f"{number:020d}.json").unlink()
    found = fmt.last_mark(made, "crm.leads")
    assert (found.epoch, found.n) == ("0001", 5)
