"""A clean delivery of one snapshot, compared with the table while it is read.

Whether a delivery is clean is known when it has been read. It nearly always is, so it is compared at once, and looked
at row by row first only where that shows that it wasn't: rows that are refused or dropped, several snapshots, one that
the table contains already, keys that come twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.changes.columns import OUTCOME, SEQ
from framework.changes.sequence import as_json
from framework.changes.snapshot import differences
from framework.materialized import materialized
from framework.quality.gate import Gate
from framework.run.jobrun import JobRun
from framework.run.judge import tallies
from framework.run.measure import Measured
from framework.run.retention import retention_figures
from framework.sql import quote

OUTCOMES = ("insert", "update", "duplicate", "delete")
_BEFORE, _FIRST, _LAST, _UNPLACED = "rows_before", "first_sequence", "last_sequence", "unplaced"


@dataclass(frozen=True)
class Differences:
    """What one snapshot changes: rows with outcome insert, update and delete, materialised."""

    rows: DataFrame
    figures: dict[str, Any]
    sequence: str
    """The snapshot's, as JSON."""

    @property
    def outcomes(self) -> dict[str, int]:
        """How many rows have which outcome."""
        return {name: self.figures[name] for name in OUTCOMES}


def differences_at_once(
    run: JobRun, gate: Gate, judged: DataFrame, table: DataFrame, compared: list[str]
) -> Differences | None:
    """What the delivery changes in the `compared` columns of the table; None if it has to be looked at first."""
    if run.fmt.exists(run.quarantine):  # rows were refused before
        return None
    keys = run.job.changes.keys
    before = Measured(table, [F.count(F.lit(1)).alias(_BEFORE)])
    sequences = [
        as_json(F.min(SEQ)).alias(_FIRST),
        as_json(F.max(SEQ)).alias(_LAST),
        F.count_if(F.col(SEQ).isNull()).alias(_UNPLACED),
    ]
    delivered = Measured(judged, [*tallies(gate), *retention_figures(judged, None), *sequences])
    counted = Measured(
        differences(before.df, _written(delivered.df, table), keys, compared),
        [F.count_if(F.col(OUTCOME) == name).alias(name) for name in OUTCOMES],
    )
    # rows that stay as they are have been counted, and are of no further use
    rows = materialized(counted.df.filter(F.col(OUTCOME) != "duplicate"))
    figures = {**delivered.figures(), **counted.figures(), **before.figures()}
    if not _is_clean(figures) or _has_repeats(rows, figures, keys):
        return None
    return Differences(rows, figures, figures[_FIRST])


def _written(delivered: DataFrame, table: DataFrame) -> DataFrame:
    """The columns that go into the table; nobody asks a good row for the others."""
    names = set(table.columns)
    return delivered.select(*[F.col(quote(name)) for name in delivered.columns if name in names])


def _is_clean(figures: dict[str, Any]) -> bool:
    """Whether all rows are good, and of one snapshot."""
    bad = ("control", "dropped", "rejected", _UNPLACED)
    return (
        bool(figures["read"]) and not any(figures[name] for name in bad) and figures[_FIRST] == figures[_LAST]
    )


def _has_repeats(rows: DataFrame, figures: dict[str, Any], keys: list[str]) -> bool:
    """Whether a key was delivered twice. A table has each of its keys once, so more rows than that would be met."""
    if figures["update"] + figures["duplicate"] != figures[_BEFORE] - figures["delete"]:
        return True
    if not figures["insert"]:
        return False
    new = rows.filter(F.col(OUTCOME) == "insert").groupBy(*[F.col(quote(key)) for key in keys]).count()
    return not new.filter("count > 1").isEmpty()
