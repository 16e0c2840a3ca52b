"""Rules: DQDL, gates, dataset checks, profiling.

Reading and checking rules needs no Spark; judging rows and datasets imports it when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from framework.quality.checks import check_ruleset
from framework.quality.ruleset import EMPTY, RuleEntry, Ruleset, parse_ruleset

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from framework.config.job import Quality
    from framework.context import RunContext
    from framework.quality.gate import Gate
    from framework.run.outcome import RuleResult

__all__ = ["EMPTY", "RuleEntry", "Ruleset", "check_ruleset", "compile_gate", "judge_dataset", "parse_ruleset"]


def compile_gate(
    ruleset: Ruleset, schema: StructType, quality: Quality, *, now: datetime | None = None
) -> Gate:
    """The row rules as columns over frames of this schema; see `framework.quality.gate`."""
    from framework.quality.gate import compile_gate as compile_rules

    return compile_rules(ruleset, schema, quality, now=now)


def judge_dataset(
    ctx: RunContext,
    df: DataFrame,
    ruleset: Ruleset,
    quality: Quality,
    references: Mapping[str, DataFrame],
    *,
    on: Literal["batch", "table"] | None = None,
) -> list[RuleResult]:
    """The outcome of every dataset rule on `df`; see `framework.quality.dataset`."""
    from framework.quality.dataset.judge import judge_dataset as judge

    return judge(ctx, df, ruleset, quality, references, on=on)
