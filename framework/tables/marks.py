r"""What commits say about the batches a table contains.

Every commit of ours carries a small JSON text: the batch it made itself, and the last batch of every other
job, taken over from the commits before it, so that the expiry of old commits forgets nothing::

    {"own": "crm.leads", "base": 41, "line": "", "reach": "{\"w\":908}",
     "jobs": {"crm.leads": ["0001", 7, "9f2c..."]}}

`base` is the version the writer had seen when it took the others over. Commits that slipped in between are
not among them; so whoever reads the newest text goes on down to `base`, usually the version right below, and
knows all. `reach` is a sequence that no row is past (JSON), where the writer reckoned one: it holds of the table as
`base` was, and of what this commit adds.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from framework.tables.base import BatchMark

KEY = "sluice.marks"
"""Name of the Iceberg snapshot property; in Delta the text is the commit's user metadata."""


@dataclass(frozen=True)
class Commit:
    """One commit, as far as marks go: its number (in the format's own order) and its text, if it is ours."""

    number: int
    text: str | None
    parent: int | None = None
    """The number of the commit that it was made upon."""


@dataclass(frozen=True)
class Marks:
    """The last batch of each job that a table contains."""

    jobs: Mapping[str, BatchMark] = field(default_factory=dict)
    line: str = ""
    """Changes with every rollback: what was applied before it may have to be applied again."""
    reach: str | None = None
    """A sequence that no row is past (JSON); None if the newest commit doesn't tell it of the whole table."""

    def contains(self, mark: BatchMark | None) -> bool:
        """Whether the batch, or a later one of its epoch, is in the table already."""
        if mark is None:
            return False
        last = self.jobs.get(mark.job)
        return last is not None and last.epoch == mark.epoch and last.n >= mark.n

    def text(self, own: BatchMark | None, base: int | None, reach: str | None = None) -> str:
        """What a commit on top of these marks says; `reach` is that of a commit without a batch."""
        jobs = {**self.jobs, own.job: own} if own else dict(self.jobs)
        reach = own.reach if own else reach
        return json.dumps(
            {
                "own": own.job if own else None,
                "base": base,
                "line": self.line,
                **({} if reach is None else {"reach": reach}),
                "jobs": {job: [mark.epoch, mark.n, mark.intent] for job, mark in sorted(jobs.items())},
            },
            separators=(",", ":"),
            ensure_ascii=True,
        )

    def rolled_back(self, at: int) -> Marks:
        """The same marks after a rollback whose commit came upon version `at`."""
        return replace(self, line=str(at))


def collect(commits: Iterable[Commit]) -> Marks:
    """Marks from commits, newest first; reads no more of them than needed.

    >>> ours = Marks().text(BatchMark("a.b", "0001", 3, "x"), base=6)
    >>> collect([Commit(9, None), Commit(7, ours)]).jobs["a.b"].n
    3
    """
    own: dict[str, BatchMark] = {}
    carried: Marks | None = None
    base: int | None = None
    for n, commit in enumerate(commits):
        if carried is not None and (base is None or commit.number == base):
            break
        said = parse(commit.text)
        if said is None:
            continue
        marks, owner, its_base = said
        if owner is not None and owner in marks.jobs:
            own.setdefault(owner, marks.jobs[owner])
        if carried is None:
            # of rows that others wrote since, or meanwhile, the text knows nothing
            alone = n == 0 and commit.parent == its_base
            carried, base = marks if alone else replace(marks, reach=None), its_base
    if carried is None:
        return Marks()
    return replace(carried, jobs={**carried.jobs, **own})


def parse(text: str | None) -> tuple[Marks, str | None, int | None] | None:
    """Marks, own job and base of a commit's text; None if the text isn't one of ours."""
    if not text or not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
        jobs = {
            job: BatchMark(job, str(epoch), int(n), str(intent))
            for job, (epoch, n, intent) in value["jobs"].items()
        }
        reach = value.get("reach")
        marks = Marks(jobs, str(value.get("line", "")), None if reach is None else str(reach))
        return marks, value["own"], value["base"]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
