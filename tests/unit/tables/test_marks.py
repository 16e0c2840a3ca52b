"""Which batches a table contains, from what its commits say."""

from __future__ import annotations

import pytest

from framework.tables.base import BatchMark
from framework.tables.marks import Commit, Marks, collect, parse


def mark(job: str, n: int) -> BatchMark:
    return BatchMark(job, "0001", n, f"{job}{n}")


def test_a_text_says_what_went_in():
    marks = Marks({"b": mark("b", 4)}, "17")
    found, own, base = parse(marks.text(mark("a", 1), 9))
    assert found == Marks({"a": mark("a", 1), "b": mark("b", 4)}, "17")
    assert (own, base) == ("a", 9)


def test_texts_of_others_are_nothing():
    for text in (None, "", "nightly load", "{", "[]", '{"jobs": 3}', '{"jobs": {"a": [1]}}'):
        assert parse(text) is None


def test_the_newest_commit_of_ours_tells_all_when_nothing_slipped_in():
    newest = Marks({"a": mark("a", 7)}).text(mark("b", 2), base=41)

    def commits():
        yield Commit(43, "somebody's OPTIMIZE")
        yield Commit(42, newest)
        yield Commit(41, None)
        raise AssertionError("read too far")

    assert collect(commits()).jobs == {"a": mark("a", 7), "b": mark("b", 2)}


def test_a_commit_that_slipped_in_is_found_by_walking_to_the_base():
    b = Marks({"a": mark("a", 1)}).text(mark("b", 0), base=40)  # b had not seen a's batch 2
    a = Marks({"a": mark("a", 1)}).text(mark("a", 2), base=40)
    found = collect([Commit(42, b), Commit(41, a), Commit(40, Marks().text(mark("a", 1), 39))])
    assert found.jobs == {"a": mark("a", 2), "b": mark("b", 0)}


def test_a_table_without_commits_of_ours_contains_nothing():
    assert collect([]) == Marks()
    assert collect([Commit(1, None), Commit(0, "x")]) == Marks()


def test_a_batch_is_contained_if_it_or_a_later_one_of_its_epoch_is():
    marks = Marks({"a": mark("a", 3)})
    assert [marks.contains(mark("a", n)) for n in (2, 3, 4)] == [True, True, False]
    assert not marks.contains(BatchMark("a", "0002", 0, ""))
    assert not marks.contains(mark("b", 0))
    assert not marks.contains(None)


def test_a_rollback_begins_a_new_line():
    assert parse(Marks().rolled_back(12).text(None, 12))[0].line == "12"


def reckoned(base: int | None, **told: str) -> str:
    return Marks().text(BatchMark("a", "0001", 1, "", **told), base)


@pytest.mark.parametrize(
    ("commits", "reach"),
    [
        ([Commit(0, reckoned(None, reach="7"))], "7"),
        ([Commit(9, reckoned(4, reach="7"), 4), Commit(4, None)], "7"),
        ([Commit(9, reckoned(4), 4), Commit(4, None)], None),
        # what was below has expired
        ([Commit(9, reckoned(4, reach="7"), 4)], "7"),
        # somebody else came later, or slipped in
        ([Commit(11, "x", 9), Commit(9, reckoned(4, reach="7"), 4), Commit(4, None)], None),
        ([Commit(9, reckoned(4, reach="7"), 8), Commit(8, "x", 4), Commit(4, None)], None),
        ([Commit(9, reckoned(None, reach="7"), 8), Commit(8, None)], None),
        # upkeep takes it over
        ([Commit(9, Marks({"a": mark("a", 1)}).text(None, 4, "7"), 4), Commit(4, None)], "7"),
    ],
)
def test_how_far_a_table_has_come_is_told_where_nobody_else_wrote(
    commits: list[Commit], reach: str | None
) -> None:
    assert collect(commits).reach == reach
