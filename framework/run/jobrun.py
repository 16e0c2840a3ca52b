"""Everything the steps of one job share."""

from __future__ import annotations

from dataclasses import dataclass

from framework.config.job import Job
from framework.context import RunContext
from framework.errors import QualityError
from framework.quality import EMPTY, Ruleset, parse_ruleset
from framework.run.outcome import Counts, JobOutcome, Role, TableChange
from framework.run.stopwatch import Stopwatch
from framework.tables import side_table, table_format, table_ref
from framework.tables.base import TableFormat, TableRef


@dataclass(frozen=True)
class JobRun:
    """A job, its tables, and where its run writes down what it does."""

    ctx: RunContext
    job: Job
    config_hash: str
    fmt: TableFormat
    target: TableRef
    quarantine: TableRef
    tombstones: TableRef
    ruleset: Ruleset
    watch: Stopwatch
    outcome: JobOutcome

    def changed(self, table: TableRef, role: Role, before: int | None) -> TableChange | None:
        """Note that a table has a new version, if it has."""
        after = self.fmt.version(table)
        if after is None or after.number == before:
            return None
        change = TableChange(table.name, table.format, role, before, after.number, dict(after.metrics))
        self.outcome.tables.append(change)
        return change

    def refuse_excess(self, counts: Counts) -> None:
        """Stop before anything is written if more rows were rejected than the job allows.

        Raises:
            QualityError: `quality.max_rejects` or `quality.max_reject_ratio` is exceeded.
        """
        limit, ratio = self.job.quality.max_rejects, self.job.quality.max_reject_ratio
        reasons = "; ".join(
            f"{count} x {reason}" for reason, count in list(self.outcome.reject_reasons.items())[:3]
        )
        if limit is not None and counts.quarantined > limit:
            raise QualityError(
                f"job {self.job.job}: too many rows were rejected ({reasons})",
                found=f"{counts.quarantined} of {counts.read}",
                expected=f"at most {limit}",
                fix="Mend the source, or raise quality.max_rejects; nothing was written.",
            )
        if ratio is not None and counts.read and counts.quarantined / counts.read > ratio:
            raise QualityError(
                f"job {self.job.job}: too many rows were rejected ({reasons})",
                found=f"{counts.quarantined} of {counts.read} ({counts.quarantined / counts.read:.1%})",
                expected=f"at most {ratio:.1%}",
                fix="Mend the source, or raise quality.max_reject_ratio; nothing was written.",
            )


def open_job(ctx: RunContext, job: Job, config_hash: str) -> JobRun:
    """The run of a job, before it has done anything."""
    target = table_ref(ctx.lake, job.write.table, job.write.format)
    return JobRun(
        ctx=ctx,
        job=job,
        config_hash=config_hash,
        fmt=table_format(ctx.spark, target.format),
        target=target,
        quarantine=side_table(target, "quarantine"),
        tombstones=side_table(target, "tombstones"),
        ruleset=parse_ruleset(job.quality.rules) if job.quality.rules else EMPTY,
        watch=Stopwatch(job.job, ctx.listener, ctx.stop),
        outcome=JobOutcome(
            job.job, target.name, target.name.split(".")[0], "nothing_new", config_hash=config_hash
        ),
    )
