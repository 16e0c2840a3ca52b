"""scd1 as a MERGE: what the one statement says, in words that every table format understands."""

from __future__ import annotations

from collections.abc import Sequence

from framework.changes.columns import OUTCOME, SEQ
from framework.sql import quote
from framework.tables.base import MergeClauses


def merge_clauses(
    keys: Sequence[str], columns: Sequence[str], narrowed: Sequence[str] = (), *, keeps_deleted: bool = False
) -> MergeClauses:
    """Clauses for a source of reconciled rows with `_sluice_outcome` insert, update or delete.

    The guard on the sequence stays in the statement, so that it is right by itself whatever was committed since the
    batch was reconciled. A row without a sequence is older than everything. `narrowed`: conditions that hold for
    every pair of rows with one key. `keeps_deleted`: the row of a deleted key is written as it comes, with
    its mark.
    """
    same = [f"t.{quote(key)} = s.{quote(key)}" for key in keys]
    on = " AND ".join([*narrowed, *same])
    seq = quote(SEQ)
    not_older = f"(t.{seq} IS NULL OR s.{seq} >= t.{seq})"
    outcome = f"s.{quote(OUTCOME)}"
    written = [*columns, SEQ]
    values = {name: f"s.{quote(name)}" for name in written}
    updates = "'insert', 'update', 'delete'" if keeps_deleted else "'insert', 'update'"
    return MergeClauses(
        on=on,
        delete_when=None if keeps_deleted else f"{outcome} = 'delete' AND {not_older}",
        update_when=f"{outcome} IN ({updates}) AND {not_older}",
        insert_when=f"{outcome} IN ('insert', 'update')",
        update_set={name: value for name, value in values.items() if name not in keys},
        insert_values=values,
    )
