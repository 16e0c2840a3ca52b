"""A keyed batch's events, fitted to the table and judged: decode -> gate."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from framework.changes.presence import null_as_absent, with_more_absent
from framework.quality.gate import Gate
from framework.run.conform import conform, event_fields
from framework.run.gatekeeper import gate_of
from framework.run.jobrun import JobRun
from framework.run.judge import judge
from framework.run.shape import Shape, shape_of
from framework.run.validity import with_times


def judged_events(run: JobRun, events: DataFrame) -> tuple[Shape, Gate, DataFrame]:
    """Events fitted to the table and judged; the shape that they give it, and the gate that judged them."""
    events = with_times(events, run.job)
    shape = shape_of(run, events)
    fitted = conform(events, shape.schema, keep_extra=run.job.write.evolution == "flag")
    if run.job.changes.null_means == "absent":
        fitted = null_as_absent(fitted, run.job.changes.keys)
    if not run.job.changes.snapshot:
        fitted = _with_columns_of_rules(run, shape, fitted)
    gate = gate_of(run, fitted.schema)
    # what the others told, and one of several has replaced, isn't known any more: docs/changes.md has the whole reason
    truncates = run.job.mode == "merge" and len(run.job.sources) == 1
    judged = judge(fitted, gate, run.job.changes.keys, sequenced=True, truncates=truncates)
    return shape, gate, judged


def _with_columns_of_rules(run: JobRun, shape: Shape, events: DataFrame) -> DataFrame:
    """Events that lack a column which a rule names and the table has, as ones that don't carry it."""
    leaves = [leaf for entry in run.ruleset.row_rules for leaf in entry.rule.leaves]
    named = {name.lower() for leaf in leaves for name in leaf.names} - {
        name.lower() for name in events.columns
    }
    lacking = [field for field in event_fields(shape.schema) if field.name.lower() in named]
    if not lacking:
        return events
    nulls = {field.name: F.lit(None).cast(field.dataType) for field in lacking}
    return with_more_absent(events.withColumns(nulls), list(nulls))
