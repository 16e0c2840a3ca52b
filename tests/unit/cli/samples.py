"""Runs and plans made by hand, as the runner would make them."""

from __future__ import annotations

from datetime import UTC, datetime

from framework.run.outcome import (
    Counts,
    Drift,
    InputRange,
    JobOutcome,
    JobPlan,
    RuleResult,
    RunOutcome,
    Stage,
    TableChange,
)

STARTED = datetime(2026, 11, 21, 5, 30, 12, 345000, tzinfo=UTC)


def customers() -> JobOutcome:
    """A job that merged changes."""
    return JobOutcome(
        "corebank.customers",
        "standardized.corebank.customers",
        "standardized",
        "applied",
        batch=2,
        epoch="0001",
        started=STARTED,
        seconds=12.34,
        counts=Counts(1204, 900, 250, 14, 2, 0, 20, 5, 11, 2, 0),
        rules=[
            RuleResult('IsComplete "customer_id"', "row", "quarantine", False, failed_rows=11),
            RuleResult('ColumnValues "income" >= 0', "row", "warn", True, failed_rows=0),
            RuleResult('Uniqueness "ssn" > 0.99', "dataset", "warn", False, measured="0.9815"),
        ],
        stages=[Stage("land", 0.8), Stage("discover", 0.1), Stage("read", 4.2), Stage("merge", 6.9)],
        inputs=[
            InputRange(
                "source",
                "dms",
                [
                    {"path": f"raw/corebank/customers/2026/11/2{n}/x.csv", "size": 4096 * n, "modified_ms": 1}
                    for n in (0, 1)
                ],
                rows=1204,
            )
        ],
        tables=[
            TableChange("standardized.corebank.customers", "iceberg", "target", 41, 42, {"rows_added": 1150}),
            TableChange(
                "standardized.corebank.customers__quarantine",
                "iceberg",
                "quarantine",
                None,
                43,
                {"rows_added": 11},
            ),
        ],
        landed=2,
        reject_reasons={'IsComplete "customer_id"': 8, "income: 'n/a' is no decimal(12,2)": 3},
        config_hash="0123456789abcdef",
    )


def simple(job: str, target: str, status: str = "applied", **more: object) -> JobOutcome:
    """A job without much to tell."""
    return JobOutcome(job, target, target.split(".")[0], status, started=STARTED, **more)  # type: ignore[arg-type]


def bank_run() -> RunOutcome:
    """A run through three layers, with a failure and what it skipped."""
    return RunOutcome(
        run_id="20261121-053012-a1b2c3",
        environment="local",
        started=STARTED,
        seconds=42.1,
        runtime="local",
        spark_version="3.5.7",
        version="0.1.0",
        jobs=[
            customers(),
            simple(
                "crm.leads",
                "standardized.crm.leads",
                counts=Counts(read=5000, inserted=4988, dropped=12),
                seconds=3.2,
                stages=[Stage("read", 1.1), Stage("write", 2.0)],
                inputs=[
                    InputRange(
                        "source",
                        "json",
                        [{"path": "raw/crm/leads.json", "size": 90210, "modified_ms": 2}],
                        rows=5000,
                    )
                ],
                tables=[
                    TableChange("standardized.crm.leads", "iceberg", "target", None, 7, {"rows_added": 4988})
                ],
            ),
            simple("hr.employees", "standardized.hr.employees", "nothing_new", seconds=0.4),
            simple(
                "vendor.rates",
                "standardized.vendor.rates",
                "failed",
                seconds=1.5,
                error="job vendor.rates can't read raw/vendor: got no file, expected at least one. Set `read.path`.",
                error_class="ReadError",
                exit_code=5,
            ),
            simple(
                "person",
                "conformed.core.person",
                counts=Counts(read=6188, inserted=6188),
                seconds=4.4,
                stages=[Stage("read", 0.4), Stage("write", 4.0)],
                inputs=[
                    InputRange(
                        "customers", "table", [{"table": "standardized.corebank.customers", "version": 42}]
                    )
                ],
                tables=[TableChange("conformed.core.person", "delta", "target", 0, 1, {"rows_added": 6188})],
            ),
            simple(
                "marketing.top_leads",
                "enriched.marketing.top_leads",
                "skipped",
                notes=["not run, because vendor.rates failed or was skipped"],
            ),
        ],
        edges=[
            ("corebank.customers", "person"),
            ("hr.employees", "person"),
            ("crm.leads", "marketing.top_leads"),
            ("vendor.rates", "marketing.top_leads"),
            ("person", "marketing.top_leads"),
        ],
    )


def customers_plan() -> JobPlan:
    """A plan that adds a column and would reject rows."""
    return JobPlan(
        "corebank.customers",
        "standardized.corebank.customers",
        "iceberg",
        True,
        ddl=["ALTER TABLE `lake`.`standardized_corebank`.`customers` ADD COLUMNS (`segment` STRING)"],
        drift=[Drift("segment", "-", "string", "new column, is added")],
        inputs=customers().inputs,
        counts=Counts(read=20, inserted=5, updated=10, deleted=2, quarantined=3),
        reject_reasons={'IsComplete "customer_id"': 3},
        rules=[RuleResult('IsComplete "customer_id"', "row", "quarantine", False, failed_rows=3)],
        notes=["batch 2 is unfinished and would be done again first"],
    )
