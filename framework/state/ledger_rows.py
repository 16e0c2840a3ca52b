"""Runs as rows of the ledger's tables: plain tuples, no Spark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

from framework.run.outcome import Counts, JobOutcome, RunOutcome

DATABASE = "sluice"
COUNTS = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True)
class LedgerTable:
    """One table of the ledger: its columns, and the ones that identify a row."""

    name: str
    columns: tuple[tuple[str, str, str], ...]
    """(name, Spark SQL type, comment)"""
    keys: tuple[str, ...]
    comment: str


def _table(name: str, comment: str, keys: str, columns: str) -> LedgerTable:
    """A table from lines of `name type: comment`."""
    parsed = []
    for line in columns.strip().splitlines():
        head, _, text = line.strip().partition(": ")
        column, _, kind = head.rstrip(":").partition(" ")
        parsed.append((column, kind, text))
    return LedgerTable(name, tuple(parsed), tuple(keys.split()), comment)


RUNS = _table(
    "runs",
    "One row for each run",
    "run_id",
    """
    run_id string: id of the run
    started timestamp: when it began
    seconds double: how long it took
    finished boolean: false: it was interrupted or killed
    environment string: environment of the configuration
    runtime string: local, spark-submit, emr, emr-serverless or glue
    spark_version string:
    version string: version of Sluice
    exit_code int: 0, or the code of the first failed job
    """,
)
JOBS = _table(
    "jobs",
    "One row for each job of a run, with the counts of its events",
    "run_id job",
    "run_id string:\njob string:\ntarget string: table it writes\nlayer string:\n"
    "status string: applied, unchanged, nothing_new, failed or skipped\n"
    "batch bigint: number of the batch in its epoch\nepoch string:\nstarted timestamp:\nseconds double:\n"
    + "".join(f"{name} bigint: events {name}\n" for name in COUNTS)
    + "landed bigint: files copied into the raw layer\nnotes array<string>:\nerror string:\n"
    "error_class string:\nexit_code int:\nconfig_hash string: of the resolved configuration\n",
)
INPUTS = _table(
    "inputs",
    "One row for each source that a job read",
    "run_id job n",
    """
    run_id string:
    job string:
    n int: number of the source in the job
    source string: name of the source in the job
    reader string: format of the source
    item_count bigint: files, ranges or versions
    bytes bigint: size of the files
    rows bigint: rows read, where that is known
    items array<string>: each file, range or version as JSON
    """,
)
OUTPUTS = _table(
    "outputs",
    "One row for each table that a job wrote",
    "run_id job table_name",
    """
    run_id string:
    job string:
    table_name string:
    format string: iceberg or delta
    role string: target, quarantine or tombstones
    version_before bigint: Delta's version or Iceberg's snapshot before the job
    version_after bigint: and after it
    metrics map<string,bigint>: rows and files that the commit added and removed
    """,
)
RULES = _table(
    "rules",
    "One row for each rule that a job judged",
    "run_id job n",
    """
    run_id string:
    job string:
    n int: number of the rule in the job
    rule string: as DQDL
    scope string: row or dataset
    action string: warn, drop, quarantine or fail
    passed boolean:
    failed_rows bigint:
    measured string: what a dataset rule measured
    reason string:
    """,
)
METRICS = _table(
    "metrics",
    "Numbers of a job by kind: seconds of its stages, rejected rows by reason",
    "run_id job kind name",
    """
    run_id string:
    job string:
    kind string: stage_seconds or rejected_rows
    name string: stage or reason
    value double:
    """,
)
TABLES = (RUNS, JOBS, INPUTS, OUTPUTS, RULES, METRICS)


def rows_of(run: RunOutcome) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of a run, by table, in the order of the tables' columns."""
    return {
        "runs": [_run_row(run)],
        "jobs": [_job_row(run.run_id, job) for job in run.jobs],
        "inputs": [row for job in run.jobs for row in _inputs(run.run_id, job)],
        "outputs": [row for job in run.jobs for row in _outputs(run.run_id, job)],
        "rules": [row for job in run.jobs for row in _rules(run.run_id, job)],
        "metrics": [row for job in run.jobs for row in _metrics(run.run_id, job)],
    }


def _run_row(run: RunOutcome) -> tuple[Any, ...]:
    return (
        run.run_id,
        run.started,
        float(run.seconds),
        run.finished,
        run.environment,
        run.runtime,
        run.spark_version,
        run.version,
        run.exit_code,
    )


def _job_row(run_id: str, job: JobOutcome) -> tuple[Any, ...]:
    counts = asdict(job.counts)
    return (
        *(
            run_id,
            job.job,
            job.target,
            job.layer,
            job.status,
            job.batch,
            job.epoch,
            job.started,
            float(job.seconds),
        ),
        *(counts[name] for name in COUNTS),
        *(job.landed, list(job.notes), job.error, job.error_class, job.exit_code, job.config_hash),
    )


def _inputs(run_id: str, job: JobOutcome) -> Iterator[tuple[Any, ...]]:
    for n, each in enumerate(job.inputs):
        size = sum(int(item.get("size") or 0) for item in each.items)
        items = [json.dumps(item, sort_keys=True, ensure_ascii=False, default=str) for item in each.items]
        yield (run_id, job.job, n, each.source, each.reader, len(items), size, each.rows, items)


def _outputs(run_id: str, job: JobOutcome) -> Iterator[tuple[Any, ...]]:
    # a table that several batches of one run wrote is one row: from the first version to the last
    merged: dict[str, list[Any]] = {}
    for each in job.tables:
        row = merged.setdefault(each.table, [each.format, each.role, each.version_before, None, {}])
        row[3] = each.version_after
        row[4] = {name: row[4].get(name, 0) + each.metrics.get(name, 0) for name in {*row[4], *each.metrics}}
    for table, row in merged.items():
        yield (run_id, job.job, table, *row)


def _rules(run_id: str, job: JobOutcome) -> Iterator[tuple[Any, ...]]:
    for n, each in enumerate(job.rules):
        facts = (
            each.rule,
            each.scope,
            each.action,
            each.passed,
            each.failed_rows,
            each.measured,
            each.reason,
        )
        yield (run_id, job.job, n, *facts)


def _metrics(run_id: str, job: JobOutcome) -> Iterator[tuple[Any, ...]]:
    seconds: dict[str, float] = {}
    for stage in job.stages:
        seconds[stage.name] = seconds.get(stage.name, 0.0) + stage.seconds
    for name, value in seconds.items():
        yield (run_id, job.job, "stage_seconds", name, float(value))
    for reason, rows in job.reject_reasons.items():
        yield (run_id, job.job, "rejected_rows", reason, float(rows))
