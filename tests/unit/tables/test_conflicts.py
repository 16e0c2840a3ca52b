"""Lost races are told from other failures, and the whole action is done again."""

from __future__ import annotations

import pytest

from framework.errors import ConflictError
from framework.tables.conflicts import is_conflict, is_unknown, retry_on_conflict

CONFLICTS = [
    "io.delta.exceptions.ConcurrentAppendException: [DELTA_CONCURRENT_APPEND] ...",
    "org.apache.spark.sql.delta.ConcurrentDeleteReadException: This transaction ...",
    "io.delta.exceptions.MetadataChangedException: The metadata of the Delta table has been changed",
    "org.apache.iceberg.exceptions.ValidationException: Found conflicting files that can contain records",
    "org.apache.iceberg.exceptions.ValidationException: Found new conflicting delete files that can apply",
    "org.apache.iceberg.exceptions.ValidationException: Cannot commit, missing data files: [a]",
    "org.apache.iceberg.exceptions.CommitFailedException: Cannot commit t: stale",
    "org.apache.iceberg.exceptions.CommitStateUnknownException: timeout",
    "org.sqlite.SQLiteException: [SQLITE_BUSY] The database file is locked (database is locked)",
]
OTHERS = [
    "org.apache.iceberg.exceptions.ValidationException: Cannot delete file where some rows match",
    "org.apache.spark.SparkArithmeticException: overflow",
    "column ConcurrentAppendException doesn't exist",
    "java.io.FileNotFoundException: gone",
]


@pytest.mark.parametrize("text", CONFLICTS)
def test_a_lost_race_is_seen_wherever_in_the_causes_it_is(text):
    assert is_conflict(RuntimeError(text))
    outer = ValueError("writing failed")
    outer.__cause__ = RuntimeError(text)
    assert is_conflict(outer)


@pytest.mark.parametrize("text", OTHERS)
def test_other_failures_are_not_conflicts(text):
    assert not is_conflict(RuntimeError(text))


def test_classes_in_the_frames_of_a_stack_did_not_fail():
    class CapturedError(Exception):
        _stackTrace = (  # noqa: N815 - PySpark's name
            "java.lang.X: no\n\tat org.apache.iceberg.exceptions.CommitFailedException.<init>(X.java:1)"
        )

    assert not is_conflict(CapturedError("no"))


class JavaError(Exception):
    """A Java exception as py4j shows it."""

    def __init__(self, *chain):
        super().__init__("An error occurred while calling o1.save")
        self.java_exception = Throwable(chain)


class Throwable:
    def __init__(self, chain):
        self.chain = chain

    def toString(self):  # noqa: N802 - Java's name
        return self.chain[0]

    def getCause(self):  # noqa: N802 - Java's name
        return Throwable(self.chain[1:]) if len(self.chain) > 1 else None


def test_the_jvm_s_causes_are_looked_through():
    assert is_conflict(JavaError("org.apache.spark.SparkException: Writing job failed", CONFLICTS[0]))
    assert is_unknown(JavaError("org.apache.spark.SparkException: x", CONFLICTS[7]))
    assert not is_unknown(JavaError(CONFLICTS[0]))


def test_the_whole_action_is_done_again_with_growing_waits():
    waits, calls = [], []

    def action():
        calls.append(1)
        if len(calls) < 4:
            raise RuntimeError(CONFLICTS[0])
        return "done"

    assert (
        retry_on_conflict(
            action, attempts=5, first_wait=1, longest_wait=3, sleep=waits.append, chance=lambda: 0.5
        )
        == "done"
    )
    assert waits == [1.0, 2.0, 3.0]


def test_other_failures_are_raised_at_once():
    calls = []

    def action():
        calls.append(1)
        raise RuntimeError(OTHERS[0])

    with pytest.raises(RuntimeError, match="some rows match"):
        retry_on_conflict(action, sleep=lambda _: None)
    assert calls == [1]


def test_who_keeps_losing_says_so_with_the_cause():
    def action():
        raise RuntimeError(CONFLICTS[0])

    with pytest.raises(ConflictError, match="won 3 times in a row") as caught:
        retry_on_conflict(action, attempts=3, sleep=lambda _: None)
    assert "ConcurrentAppendException" in str(caught.value.__cause__)
