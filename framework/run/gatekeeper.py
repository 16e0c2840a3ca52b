"""What the gate found, as results and refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from framework.changes.columns import PREFIX, REASONS, VERDICT
from framework.errors import QualityError
from framework.quality.dataset.judge import judge_dataset
from framework.quality.gate import Gate, compile_gate
from framework.readers import find_reader
from framework.run.jobrun import JobRun
from framework.run.judge import PUT_TOGETHER
from framework.run.outcome import RuleResult
from framework.sql import quote
from framework.tables import table_format, table_ref

_MOST_REASONS = 20
_SCOPES: tuple[Literal["batch", "table"], ...] = ("batch", "table")


def gate_of(run: JobRun, schema: StructType) -> Gate:
    """The job's row rules for rows of this schema; sets what they need on the job's own session."""
    gate = compile_gate(run.ruleset, schema, run.job.quality)
    for name, value in gate.settings.items():
        run.ctx.spark.conf.set(name, value)
    return gate


def check_row_rules(run: JobRun, gate: Gate, figures: dict[str, Any]) -> None:
    """Write down how each row rule fared; refuse the batch if one with action `fail` did.

    Raises:
        QualityError: before anything is written.
    """
    failed = []
    for k, rule in enumerate(gate.rules):
        count = int(figures[f"rule_{k}"] or 0)
        # rows of the table that are put together from several events can't be taken out any more
        together = int(figures.get(f"{PUT_TOGETHER}{k}") or 0)
        run.outcome.rules.append(
            RuleResult(rule.text, "row", rule.action, not count + together, count + together)
        )
        if together and rule.action != "fail":
            run.outcome.notes.append(f"{together} rows, put together from several events, break {rule.text}")
        if count + together and rule.action == "fail":
            failed.append(f"{rule.text} ({count + together} rows)")
    if failed:
        raise QualityError(
            f"job {run.job.job}: rows break rules whose action is fail",
            found="; ".join(failed),
            fix="Mend the source, or give the rule the action quarantine; nothing was written.",
        )


def check_dataset_rules(run: JobRun, batch: DataFrame, table: Callable[[], DataFrame]) -> None:
    """Judge the rules about the batch, or about the table as the batch would leave it; refuse the batch if one
    fails whose action is `fail`.

    Raises:
        QualityError: before anything is written.
    """
    scopes = {entry.on for entry in run.ruleset.dataset_rules}
    if not scopes:
        return
    references = _references(run)
    results: list[RuleResult] = []
    for scope in (each for each in _SCOPES if each in scopes):
        rows = batch if scope == "batch" else table()
        data = rows.select(*[F.col(quote(name)) for name in rows.columns if not name.startswith(PREFIX)])
        results += judge_dataset(run.ctx, data, run.ruleset, run.job.quality, references, on=scope)
    run.outcome.rules.extend(results)
    failed = [
        f"{result.rule} ({result.reason or result.measured})"
        for result in results
        if not result.passed and result.action == "fail"
    ]
    if failed:
        raise QualityError(
            f"job {run.job.job}: the batch breaks rules about it as a whole",
            found="; ".join(failed),
            fix="Mend the source, or set quality.dataset_failure to warn; nothing was written.",
        )


def count_reasons(rows: DataFrame) -> dict[str, int]:
    """Why rows were rejected, most frequent first."""
    reason = F.explode(REASONS).alias("reason")
    named = (
        rows.filter(F.col(VERDICT) == "rejected")
        .select(reason)
        .select(
            F.when(
                F.col("reason.rule").isin("readable", "operation", "key", "sequence", "valid_time"),
                F.regexp_replace("reason.found", "'[^']*'", "'...'"),
            )
            .otherwise(F.col("reason.rule"))
            .alias("reason")
        )
    )
    counted = named.groupBy("reason").count().orderBy(F.desc("count"), "reason").limit(_MOST_REASONS)
    return {row["reason"]: row["count"] for row in counted.collect()}


def _references(run: JobRun) -> dict[str, DataFrame]:
    """The tables that rules name: a source of the job by its name, or a table of the lake."""
    found = {}
    for alias in run.ruleset.reference_aliases():
        source = run.job.sources.get(alias)
        name = source.table if source is not None and source.table else alias
        if source is not None and find_reader(source.format).envelope != "rows":
            continue
        if name.count(".") == 2:
            ref = table_ref(run.ctx.lake, name)
            fmt = table_format(run.ctx.spark, ref.format)
            if fmt.exists(ref):
                found[alias] = fmt.read(ref)
    return found
