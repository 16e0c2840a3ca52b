"""What a compiled ruleset is, for whoever runs a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.run.outcome import RuleResult


@dataclass(frozen=True)
class RowRule:
    """A rule judged on each event by itself. `passes` is never NULL (the NULL verdict is already applied)."""

    id: str
    text: str
    action: str
    """warn | drop | quarantine | fail"""
    columns: tuple[str, ...]
    passes: Column


@dataclass(frozen=True)
class Gate:
    """Row rules compiled against a schema; judged in one pass as bits of `_sluice_mask` (at most 60 rules)."""

    rules: tuple[RowRule, ...]

    # implemented in framework/quality/gate.py; see its docstrings
    #   mask() -> Column                     bigint, bit k set where rule k fails
    #   failures() -> list[Column]           for observe: one count per rule, aliased rule_<k>
    #   bits(*actions) -> int                mask of the rules with these actions
    #   reasons(mask: Column) -> Column      array<struct<rule string, columns array<string>, found string>> of failed rules


Dataset = Mapping[str, "DataFrame"]
Results = Sequence["RuleResult"]
