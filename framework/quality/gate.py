"""The gate: row rules compiled to columns and judged in one pass over the rows.

Each rule is one bit of a mask: bit k is set where rule k fails. A mask of 0 is a good row. Reasons are built
from the mask only where it isn't 0, so that good rows cost one expression per rule and nothing else::

    gate = compile_gate(ruleset, df.schema, job.quality)
    judged = df.withColumn("_sluice_mask", gate.mask())
    good = judged.where((F.col("_sluice_mask").bitwiseAND(gate.bits("quarantine", "drop"))) == 0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING

from framework.changes.columns import MASK
from framework.errors import ConfigError
from framework.quality.checks import MAX_ROW_RULES
from framework.quality.columns import Columns, shown
from framework.quality.nodes import Composite, Leaf, Rule
from framework.quality.rows import compile_leaf
from framework.quality.rows.common import RowContext
from framework.quality.ruleset import RuleEntry, Ruleset
from framework.run.outcome import RuleResult

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql.types import StructType

    from framework.config.job import Quality

REASONS_TYPE = "array<struct<rule:string,columns:array<string>,found:string>>"
HUGE_METHOD_RULES = 25
"""From so many rules on, generated code of the usual size is too large for Java's compiler to optimise."""


@dataclass(frozen=True)
class RowRule:
    """A rule judged on each row by itself. `passes` is never NULL: the verdict on NULL is already in it."""

    id: str
    text: str
    action: str
    """warn | drop | quarantine | fail"""
    columns: tuple[str, ...]
    passes: Column
    found: Column
    """The values of the columns as text."""


@dataclass(frozen=True)
class Gate:
    """Row rules compiled against a schema."""

    rules: tuple[RowRule, ...]

    def __bool__(self) -> bool:
        return bool(self.rules)

    def mask(self, absent: Column | None = None) -> Column:
        """A bigint, bit k set where rule k fails; never NULL.

        `absent` is an array of the columns that an event doesn't carry, or NULL: a rule that needs one of them can't be
        judged on the event.
        """
        from pyspark.sql import functions as F

        passed = [rule.passes | _lacks(absent, rule.columns) for rule in self.rules]
        bits = [F.when(good, F.lit(0)).otherwise(F.lit(1 << k)) for k, good in enumerate(passed)]
        return reduce(lambda left, right: left.bitwiseOR(right), bits, F.lit(0)).cast("bigint")

    def failures(self, mask: Column | None = None) -> list[Column]:
        """For `observe` or `agg`: how many rows fail each rule, as `rule_<k>`; read from `_sluice_mask`."""
        from pyspark.sql import functions as F

        mask = F.col(MASK) if mask is None else mask
        return [F.count_if(_bit(mask, k)).alias(f"rule_{k}") for k in range(len(self.rules))]

    def bits(self, *actions: str) -> int:
        """The mask of the rules that have one of these actions.

        >>> Gate(()).bits("fail")
        0
        """
        return sum(1 << k for k, rule in enumerate(self.rules) if rule.action in actions)

    def reasons(self, mask: Column) -> Column:
        """Which rules a row fails, on which columns, and what was found there; NULL where the mask is 0."""
        from pyspark.sql import functions as F

        if not self.rules:
            return F.lit(None).cast(REASONS_TYPE)
        found = [F.when(_bit(mask, k), _reason(rule)) for k, rule in enumerate(self.rules)]
        return F.when(mask != 0, F.array_compact(F.array(*found))).cast(REASONS_TYPE)

    def results(self, failures: Mapping[str, int] | Sequence[int]) -> list[RuleResult]:
        """The outcomes of the rules from their counts of failed rows: what `failures` gave."""
        counts = [
            failures[f"rule_{k}"] if isinstance(failures, Mapping) else failures[k]
            for k in range(len(self.rules))
        ]
        return [
            RuleResult(rule=rule.text, scope="row", action=rule.action, passed=not count, failed_rows=count)
            for rule, count in zip(self.rules, counts, strict=True)
        ]

    @property
    def settings(self) -> dict[str, str]:
        """Spark settings that this gate runs faster with, to be set on the batch's own session."""
        return {"spark.sql.codegen.hugeMethodLimit": "8000"} if len(self.rules) > HUGE_METHOD_RULES else {}


def compile_gate(
    ruleset: Ruleset, schema: StructType, quality: Quality, *, now: datetime | None = None
) -> Gate:
    """Compile the row rules against a frame's schema.

    `now` is what `now()` means in a rule; by default the time of each query. A rule on a column that the
    schema lacks, or one that its type can't satisfy, is a ConfigError.
    """
    rules = ruleset.row_rules
    if len(rules) > MAX_ROW_RULES:
        raise ConfigError(
            "the ruleset has too many row rules", found=len(rules), expected=f"at most {MAX_ROW_RULES}"
        )
    context = RowContext(Columns(schema), strict=quality.compat == "strict", now=now)
    return Gate(tuple(_compile(entry, context, quality.on_failure) for entry in rules))


def _compile(entry: RuleEntry, context: RowContext, on_failure: str) -> RowRule:
    from pyspark.sql import functions as F

    named = {name: leaf.kind for leaf in entry.rule.leaves for name in leaf.names}
    found = [context.columns.find(name, kind) for name, kind in named.items()]
    return RowRule(
        id=entry.id,
        text=entry.text,
        action=entry.action or on_failure,
        columns=tuple(column.name for column in found),
        passes=passes(entry.rule, context),
        found=F.concat_ws(", ", *(F.concat(F.lit(f"{column.name} = "), shown(column)) for column in found)),
    )


def passes(rule: Rule, context: RowContext) -> Column:
    """Whether a row passes a row rule: a boolean column that is never NULL."""
    if isinstance(rule, Leaf):
        return compile_leaf(rule, context)
    assert isinstance(rule, Composite)
    parts = [passes(part, context) for part in rule.rules]
    return reduce(lambda left, right: left & right if rule.op == "and" else left | right, parts)


def _lacks(absent: Column | None, columns: Sequence[str]) -> Column:
    """Whether an event lacks one of the columns; never NULL."""
    from pyspark.sql import functions as F

    if absent is None or not columns:
        return F.lit(False)
    needed = F.array(*[F.lit(name) for name in columns])
    return F.coalesce(F.arrays_overlap(absent, needed), F.lit(False))


def _bit(mask: Column, k: int) -> Column:
    return mask.bitwiseAND(1 << k) != 0


def _reason(rule: RowRule) -> Column:
    from pyspark.sql import functions as F

    columns = F.array(*(F.lit(name) for name in rule.columns))
    return F.struct(F.lit(rule.text).alias("rule"), columns.alias("columns"), rule.found.alias("found"))
