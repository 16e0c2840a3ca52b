"""Intents: what a batch will read, fixed in a small file before it reads it.

A batch that is found unfinished is done again from its intent, never with newer inputs. Whether it is finished is
told by the target's own commits (its mark) or, where a batch changed nothing and so made no commit, by a file
`<n>.unchanged` beside the intent.

    <root>/_sluice/<job>/<epoch>/<n>.json
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from framework.config.places import identity
from framework.errors import StateError
from framework.readers.base import Inputs
from framework.state.storage import Storage
from framework.tables.base import BatchMark

FIRST_EPOCH = "0001"


@dataclass(frozen=True)
class Repair:
    """Rejected rows to bring in again, and how to mend them."""

    where: str | None = None
    """SQL condition on the quarantine's columns; None: all rows."""
    fix: Mapping[str, str] = field(default_factory=dict)
    """Column -> SQL expression over the source's columns."""
    rekey: bool = False
    """Whether the fix may change keys and sequence."""


@dataclass(frozen=True)
class Intent:
    """Batch n of an epoch of a job: the inputs by source name."""

    job: str
    epoch: str
    n: int
    inputs: Mapping[str, Inputs]
    config: str = ""
    """Hash of the job's configuration when the batch was begun."""
    repair: Repair | None = None
    """Set where the batch brings rejected rows in again: of the inputs it takes those alone."""

    def text(self) -> str:
        """The file's content; equal inputs give equal texts."""
        told: dict[str, Any] = {
            "job": self.job,
            "epoch": self.epoch,
            "n": self.n,
            "config": self.config,
            "inputs": {
                name: {"reader": inputs.reader, "items": [dict(item) for item in inputs.items]}
                for name, inputs in self.inputs.items()
            },
        }
        if self.repair is not None:
            told["repair"] = {**asdict(self.repair), "fix": dict(self.repair.fix)}
        return json.dumps(told, sort_keys=True, ensure_ascii=False)

    @cached_property
    def mark(self) -> BatchMark:
        """What the target's commit says of this batch."""
        return BatchMark(self.job, self.epoch, self.n, hashlib.sha256(self.text().encode()).hexdigest()[:16])


def parse_intent(text: str, where: str) -> Intent:
    """The intent a file holds; `where` is named if it can't be read."""
    try:
        data = json.loads(text)
        inputs = {name: Inputs(each["reader"], tuple(each["items"])) for name, each in data["inputs"].items()}
        repair = Repair(**data["repair"]) if "repair" in data else None
        return Intent(data["job"], data["epoch"], data["n"], inputs, data["config"], repair)
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"the intent {where} can't be read",
            found=f"{type(error).__name__}: {error}",
            fix="Restore the file from a backup; without it the batch can't be done again with the same inputs.",
        ) from error


class SeenItems:
    """What a job has read of one source, from its intents."""

    def __init__(self, items: Iterable[Mapping[str, Any]]) -> None:
        self._items = list(items)
        self._keys = {_item_key(item) for item in self._items}

    def has(self, item: Mapping[str, Any]) -> bool:
        return _item_key(item) in self._keys

    def last(self) -> Mapping[str, Any] | None:
        return self._items[-1] if self._items else None


def _item_key(item: Mapping[str, Any]) -> str:
    """Equal for one item, however the place of a file was spelled when it was read."""
    whole = {**item, "path": identity(str(item["path"]))} if "path" in item else dict(item)
    return json.dumps(whole, sort_keys=True)


class IntentLog:
    """The intents of one job in the newest epoch."""

    def __init__(self, storage: Storage, root: str, job: str) -> None:
        self._storage = storage
        self._folder = f"{root.rstrip('/')}/_sluice/{job}"
        self._job = job
        self.epoch = self._newest_epoch()
        self._intents, self._unchanged = self._load()

    def pending(self, committed: BatchMark | None) -> list[Intent]:
        """Intents whose batch neither the target's commits nor a mark of `unchanged` show as done, oldest first."""
        done = committed.n if committed and committed.epoch == self.epoch else 0
        return [
            intent for n, intent in sorted(self._intents.items()) if n > done and n not in self._unchanged
        ]

    def seen(self, source: str) -> SeenItems:
        """What the intents so far read of a source."""
        return SeenItems(self._read(source))

    def files(self, source: str) -> list[Mapping[str, Any]]:
        """The files that the intents so far read of a source, each as it was when it was read last."""
        newest = {identity(str(item["path"])): item for item in self._read(source) if "path" in item}
        return list(newest.values())

    def _read(self, source: str) -> list[Mapping[str, Any]]:
        return [
            item
            for _, intent in sorted(self._intents.items())
            if source in intent.inputs and intent.repair is None
            for item in intent.inputs[source].items
        ]

    def batches(self) -> dict[str, int]:
        """The first batch that read each file, by the file's place."""
        found: dict[str, int] = {}
        for n, intent in sorted(self._intents.items()):
            for inputs in intent.inputs.values():
                for item in inputs.items:
                    found.setdefault(identity(str(item.get("path", ""))), n)
        return found

    def reader(self, source: str) -> str:
        """The reader that the newest intent read a source with; empty before the first."""
        named = (i.inputs[source].reader for _, i in sorted(self._intents.items()) if source in i.inputs)
        return next(reversed(list(named)), "")

    @property
    def begun(self) -> bool:
        """True if more than the first batch was begun, or the first one is known to be done."""
        return len(self._intents) > 1 or bool(self._unchanged)

    @property
    def last(self) -> Intent | None:
        """The newest intent."""
        return self._intents[max(self._intents)] if self._intents else None

    def add(self, inputs: Mapping[str, Inputs], config: str, repair: Repair | None = None) -> Intent:
        """Fix the next batch's inputs; refused if another run did so at the same moment."""
        n = max(self._intents, default=0) + 1
        intent = Intent(self._job, self.epoch, n, inputs, config, repair)
        if not self._storage.create(self._path(n, "json"), intent.text()):
            raise StateError(
                f"batch {n} of job {self._job} was begun by another run at this moment",
                fix="Let the other run finish, then run the job again; nothing was read or written.",
            )
        self._intents[n] = intent
        return intent

    def set_unchanged(self, intent: Intent) -> None:
        """Remember that a batch is done though it made no commit."""
        self._storage.write(self._path(intent.n, "unchanged"), "{}")
        self._unchanged.add(intent.n)

    def start_epoch(self, after: str | None = None) -> None:
        """Begin anew: all sources are read again from the start. The new epoch is none that was there before."""
        self.epoch = f"{max(int(self.epoch), int(after or 0)) + 1:04d}"
        self._intents, self._unchanged = {}, set()

    def _newest_epoch(self) -> str:
        found = self._storage.files(self._folder)
        epochs = {info.path[len(self._folder) :].strip("/").split("/")[0] for info in found}
        return max((each for each in epochs if each.isdigit()), default=FIRST_EPOCH)

    def _load(self) -> tuple[dict[int, Intent], set[int]]:
        paths: dict[int, str] = {}
        unchanged: set[int] = set()
        for info in self._storage.all_files(f"{self._folder}/{self.epoch}"):
            stem, _, kind = info.path.rpartition("/")[2].partition(".")
            if not stem.isdigit():
                continue
            if kind == "json":
                paths[int(stem)] = info.path
            elif kind == "unchanged":
                unchanged.add(int(stem))
        texts = self._storage.read_texts(list(paths.values()))
        found = zip(paths.items(), texts, strict=True)
        return {n: parse_intent(text, path) for (n, path), text in found}, unchanged

    def _path(self, n: int, kind: str) -> str:
        return f"{self._folder}/{self.epoch}/{n:08d}.{kind}"
