"""What the report shows, as plain values: the template only lays them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from framework.redact import redact
from framework.report.flow import Flow, flow_of
from framework.run.outcome import Counts, JobOutcome, RunOutcome
from framework.words import duration

COUNTS = tuple(each.name for each in fields(Counts) if each.name != "read")
ITEMS_SHOWN = 200
"""So many files of a source are listed."""
HUES = 8


@dataclass(frozen=True)
class Part:
    """A piece of a bar, in percent of its whole."""

    name: str
    label: str
    start: float
    width: float
    hue: str


@dataclass(frozen=True)
class JobView:
    """One job as the report shows it."""

    outcome: JobOutcome
    status: str
    error: str
    parts: list[Part]
    """What became of the rows read."""
    time: list[Part]
    """Its stages on the run's time."""


@dataclass(frozen=True)
class Tile:
    """A number at the top."""

    name: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class View:
    """The whole report."""

    run: RunOutcome
    lake: str
    status: str
    started: str
    seconds: str
    tiles: list[Tile]
    flow: Flow
    layers: list[tuple[str, list[JobView]]]
    jobs: list[JobView]
    failed: list[JobView]
    rules: list[dict[str, Any]]
    rejects: list[dict[str, Any]]
    stages: list[tuple[str, str, str]]
    """(stage, hue, seconds in all jobs)"""
    ticks: list[tuple[float, str]]
    counts: list[str]
    """Kinds of counts that are not 0 everywhere."""
    total: Counts


def view_of(run: RunOutcome, lake: str, layers: Sequence[str]) -> View:
    """All values of the report."""
    span = max([run.seconds, *(_offset(run, job) + job.seconds for job in run.jobs), 0.001])
    hues = _stage_hues(run.jobs)
    jobs = [_job_view(run, job, span, hues) for job in run.jobs]
    total = Counts()
    for job in run.jobs:
        total.add(job.counts)
    return View(
        run=run,
        lake=lake,
        status=run.ending,
        started=f"{run.started:%Y-%m-%d %H:%M:%S} UTC",
        seconds=duration(run.seconds),
        tiles=_tiles(run, total),
        flow=flow_of(run, layers),
        layers=_by_layer(jobs, layers),
        jobs=jobs,
        failed=[job for job in jobs if job.outcome.status == "failed"],
        rules=[rule for job in run.jobs for rule in _rules(job)],
        rejects=_rejects(run.jobs),
        stages=[(name, hue, duration(_stage_total(run.jobs, name))) for name, hue in hues.items()],
        ticks=_ticks(span),
        counts=[name for name in COUNTS if getattr(total, name)],
        total=total,
    )


def _tiles(run: RunOutcome, total: Counts) -> list[Tile]:
    rejected = total.quarantined + total.dropped
    share = f"{rejected / total.read:.2%} of what was read" if total.read and rejected else "nothing"
    rules = [rule for job in run.jobs for rule in job.rules]
    passed = sum(rule.passed for rule in rules)
    bad = sum(job.status in ("failed", "skipped") for job in run.jobs)
    return [
        Tile("rows read", f"{total.read:,}", f"{total.accounted:,} accounted for"),
        Tile("applied", f"{total.applied:,}", "to the tables"),
        Tile("rejected", f"{rejected:,}", share, "warn" if rejected else ""),
        Tile("rules passed", f"{passed:,} of {len(rules):,}", "", "warn" if passed < len(rules) else ""),
        Tile("jobs", f"{len(run.jobs) - bad:,} of {len(run.jobs):,}", "ended well", "bad" if bad else ""),
        Tile("time", duration(run.seconds), f"{duration(sum(job.seconds for job in run.jobs))} of work"),
    ]


def _job_view(run: RunOutcome, job: JobOutcome, span: float, hues: dict[str, str]) -> JobView:
    return JobView(
        job,
        job.status.replace("_", " "),
        redact(job.error or ""),
        _parts(job.counts),
        _time(run, job, span, hues),
    )


def _parts(counts: Counts) -> list[Part]:
    parts, at = [], 0.0
    whole = max(counts.read, counts.accounted)
    for name in COUNTS:
        if count := getattr(counts, name):
            width = 100 * count / whole
            parts.append(Part(name, f"{count:,} {name}", at, width, name))
            at += width
    return parts


def _time(run: RunOutcome, job: JobOutcome, span: float, hues: dict[str, str]) -> list[Part]:
    """The job's stages one after another from its start, and what no stage covers."""
    at, parts = 100 * _offset(run, job) / span, []
    known = sum(stage.seconds for stage in job.stages)
    pieces = [(stage.name, stage.seconds, hues[stage.name]) for stage in job.stages]
    # nested stages sum up to more than the job took: then their shares count
    scale = job.seconds / known if job.seconds and known > job.seconds else 1.0
    if job.seconds > known:
        pieces.append(("other", job.seconds - known, "rest"))
    for name, seconds, hue in pieces:
        width = 100 * seconds * scale / span
        parts.append(Part(name, f"{name}: {duration(seconds)}", at, width, hue))
        at += width
    return parts


def _offset(run: RunOutcome, job: JobOutcome) -> float:
    return max(0.0, (job.started - run.started).total_seconds()) if job.started else 0.0


def _stage_hues(jobs: Sequence[JobOutcome]) -> dict[str, str]:
    names = dict.fromkeys(stage.name for job in jobs for stage in job.stages)
    return {name: f"h{n % HUES}" for n, name in enumerate(names)}


def _stage_total(jobs: Sequence[JobOutcome], name: str) -> float:
    return sum(stage.seconds for job in jobs for stage in job.stages if stage.name == name)


def _by_layer(jobs: Sequence[JobView], layers: Sequence[str]) -> list[tuple[str, list[JobView]]]:
    order = {layer: n for n, layer in enumerate(layers)}
    found = sorted(
        {job.outcome.layer for job in jobs}, key=lambda layer: (order.get(layer, len(order)), layer)
    )
    return [(layer, [job for job in jobs if job.outcome.layer == layer]) for layer in found]


def _rules(job: JobOutcome) -> list[dict[str, Any]]:
    rules = []
    for rule in job.rules:
        read = job.counts.read
        failed = rule.failed_rows or 0
        share = min(100.0, 100 * failed / read) if read else 0.0
        if rule.scope == "dataset":
            share = 0.0 if rule.passed else 100.0
        found = (
            f"{failed:,} of {read:,} rows"
            if rule.scope == "row"
            else redact(rule.measured or rule.reason or "")
        )
        # a few bad rows among millions are still to be seen
        width = max(share, 1.5) if not rule.passed else 0.0
        rules.append({"job": job.job, "rule": rule, "failed_width": width, "found": found})
    return rules


def _rejects(jobs: Sequence[JobOutcome]) -> list[dict[str, Any]]:
    rows = [(job.job, redact(reason), count) for job in jobs for reason, count in job.reject_reasons.items()]
    most = max((count for _, _, count in rows), default=1)
    rows.sort(key=lambda row: -row[2])
    return [
        {"job": job, "reason": reason, "count": count, "width": 100 * count / most}
        for job, reason, count in rows
    ]


def _ticks(span: float) -> list[tuple[float, str]]:
    """Round times along an axis, four to eight of them.

    >>> _ticks(10.0)[:3]
    [(0.0, '0'), (20.0, '2 s'), (40.0, '4 s')]
    """
    steps = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200, 86400)
    step = next((each for each in steps if span / each <= 6), span / 6)
    ticks, n = [], 0
    while n * step <= span:
        value = n * step
        label = "0" if n == 0 else f"{value:g} s" if value < 60 else duration(value).replace(" 0 s", "")
        ticks.append((round(100 * value / span, 3), label))
        n += 1
    return ticks
