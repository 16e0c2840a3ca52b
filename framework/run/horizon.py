"""How far a table has come: a sequence that nothing which it shows or remembers is past.

A batch whose events are all past it needs no comparison: each key's winner applies, whatever the table has. Most
batches of a healthy feed are like that, and to find a batch's rows in a large table costs as much as to change them.

    table            remembered       events of a batch
    up to 70         up to 75         76, 80, 91          ahead: nothing can be older than what is known
                                      74, 80, 91          compared, because of 74

Commits say how far they reach (`framework.tables.marks`); where a table's newest doesn't, because somebody else made
it, or nobody reckoned then, the table is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import and_
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql.types import DataType

from framework.changes.columns import SEQ, VERDICT
from framework.changes.sequence import as_json, of_json
from framework.run.jobrun import JobRun
from framework.tables.base import BatchMark, TableRef

_AHEAD, _REACH = "ahead", "reach"


@dataclass(frozen=True)
class Horizon:
    """Where the target and what is remembered beside it end."""

    told: tuple[str, ...] = ()
    """Sequences as JSON: one of each table that has any."""
    seen: Mapping[str, int | None] = field(default_factory=dict)
    """The version of each table that was asked; None if it has none."""

    def figures(self, kind: DataType) -> list[Column]:
        """Whether a batch is ahead, and how far the tables reach with it; see `is_ahead` and `marked`."""
        seq = F.when(F.col(VERDICT) == "good", F.col(SEQ))
        known = [of_json(text, kind) for text in self.told]
        unplaced = F.count_if((F.col(VERDICT) == "good") & F.col(SEQ).isNull())
        past = reduce(and_, [F.min(seq) > each for each in known], unplaced == 0)
        # what can't be read is not passed over: NULL says that nobody knows
        readable = reduce(and_, [each.isNotNull() for each in known], F.lit(True))
        greatest = F.when(readable, F.greatest(F.max(seq), *known)) if known else F.max(seq)
        return [F.coalesce(past, F.lit(False)).alias(_AHEAD), _told(greatest).alias(_REACH)]

    def marked(self, mark: BatchMark, table: TableRef, figures: Mapping[str, Any]) -> BatchMark:
        """What the commit of a batch with such figures says."""
        return replace(mark, reach=figures[_REACH], reckoned_on=self.seen.get(table.name))


def is_ahead(figures: Mapping[str, Any]) -> bool:
    """Whether every good event of the batch is past the horizon that was asked."""
    return bool(figures[_AHEAD])


def horizon(run: JobRun) -> Horizon:
    """How far the target and what is remembered beside it have come."""
    tables = [run.target] if run.job.changes.ordered else [run.target, run.tombstones]
    seen = {table.name: _version(run, table) for table in tables}
    told = [_furthest(run, table) for table in tables if seen[table.name] is not None]
    return Horizon(tuple(text for text in told if text is not None), seen)


def _version(run: JobRun, table: TableRef) -> int | None:
    now = run.fmt.version(table) if run.fmt.exists(table) else None
    return now.number if now else None


def _furthest(run: JobRun, table: TableRef) -> str | None:
    told = run.fmt.reach(table)
    if told is not None:
        return told
    found = run.fmt.read(table).agg(_told(F.max(SEQ)).alias("text")).collect()[0].text
    return None if found is None else str(found)


def _told(sequence: Column) -> Column:
    """As JSON; NULL if there is none."""
    return F.when(sequence.isNotNull(), as_json(sequence))
