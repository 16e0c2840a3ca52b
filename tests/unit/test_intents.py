"""Intents: what a batch reads is fixed before it reads, and found again after a crash."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.errors import StateError
from framework.readers.base import Inputs
from framework.state.intents import IntentLog
from framework.state.local_storage import LocalStorage
from framework.tables.base import BatchMark

JOB = "corebank.customers"


def files(*names: str) -> dict[str, Inputs]:
    return {"source": Inputs("files", tuple({"path": name, "size": 1, "modified_ms": 5} for name in names))}


def log(root: Path) -> IntentLog:
    return IntentLog(LocalStorage(), str(root), JOB)


def done(n: int, epoch: str = "0001") -> BatchMark:
    return BatchMark(JOB, epoch, n, "")


def test_an_intent_is_pending_until_the_target_says_that_it_contains_the_batch(tmp_path: Path) -> None:
    log(tmp_path).add(files("a.csv"), "c1")
    assert [intent.n for intent in log(tmp_path).pending(None)] == [1]
    assert log(tmp_path).pending(done(1)) == []


def test_a_pending_intent_keeps_the_inputs_it_was_begun_with(tmp_path: Path) -> None:
    begun = log(tmp_path).add(files("a.csv", "b.csv"), "c1")
    (found,) = log(tmp_path).pending(None)
    assert found == begun
    assert found.mark.intent == begun.mark.intent


def test_a_mark_of_another_epoch_is_no_proof(tmp_path: Path) -> None:
    log(tmp_path).add(files("a.csv"), "c1")
    assert len(log(tmp_path).pending(done(9, epoch="0000"))) == 1


def test_a_batch_that_changed_nothing_is_done_without_a_commit(tmp_path: Path) -> None:
    first = log(tmp_path)
    first.set_unchanged(first.add(files("a.csv"), "c1"))
    assert log(tmp_path).pending(None) == []


def test_several_unfinished_batches_come_back_in_order(tmp_path: Path) -> None:
    first = log(tmp_path)
    for name in ("a.csv", "b.csv", "c.csv"):
        first.add(files(name), "c1")
    assert [intent.n for intent in log(tmp_path).pending(done(1))] == [2, 3]


def test_a_file_is_seen_by_path_size_and_time(tmp_path: Path) -> None:
    log(tmp_path).add(files("a.csv"), "c1")
    seen = log(tmp_path).seen("source")
    assert seen.has({"path": "a.csv", "size": 1, "modified_ms": 5})
    assert not seen.has({"path": "a.csv", "size": 2, "modified_ms": 5})
    assert seen.last() == {"path": "a.csv", "size": 1, "modified_ms": 5}


def test_two_runs_cannot_begin_the_same_batch(tmp_path: Path) -> None:
    one, other = log(tmp_path), log(tmp_path)
    one.add(files("a.csv"), "c1")
    with pytest.raises(StateError, match="batch 1 of job corebank.customers was begun by another run"):
        other.add(files("b.csv"), "c1")


def test_a_new_epoch_has_seen_nothing_and_never_reuses_a_number(tmp_path: Path) -> None:
    first = log(tmp_path)
    first.add(files("a.csv"), "c1")
    first.start_epoch()
    assert first.epoch == "0002"
    assert first.seen("source").last() is None
    first.add(files("a.csv"), "c1")
    assert log(tmp_path).epoch == "0002"


def test_an_unreadable_intent_is_named(tmp_path: Path) -> None:
    path = tmp_path / "_sluice" / JOB / "0001" / "00000001.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    with pytest.raises(StateError, match=r"the intent .*00000001\.json can't be read"):
        log(tmp_path)
