"""The example lakes: their transforms on a few rows, and both lakes from their files to the last table."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from framework.config import Project, load_project
from framework.run.api import run_project
from framework.run.outcome import RunOutcome
from jobs.flights.export import export
from jobs.flights.reconcile import expected
from jobs.greatfin import leads, person
from jobs.greatfin.check import differences
from jobs.greatfin.generate import generate
from jobs.view import LakeView

CONF = Path(__file__).parents[2] / "conf"


def _frame(spark: SparkSession, schema: str, *rows: tuple[Any, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), schema)


def _lead(number: str, email: str, hour: int, **values: Any) -> dict[str, Any]:
    plain = {
        "name": "Ada",
        "phone": "(212) 555-0100",
        "state": "NY",
        "channel": "Web",
        "interest": "card",
        "score": 10,
    }
    return {"lead_id": number, "email": email, "updated_at": datetime(2026, 3, 2, hour), **plain, **values}


LEAD = (
    "lead_id string, email string, updated_at timestamp, name string, phone string, state string, channel string,"
    " interest string, score int"
)


def _conformed(spark: SparkSession, *asked: dict[str, Any]) -> dict[str, Row]:
    frame = _frame(spark, LEAD, *[tuple(each.values()) for each in asked])
    scores = _frame(spark, "email string, credit_score int", ("ada@example.com", 700))
    customers = _frame(spark, "email string", ("Bob@example.com",))
    return {row["email"]: row for row in leads.build(frame, scores, customers).collect()}


def test_of_leads_with_one_address_the_newest_stays(spark: SparkSession) -> None:
    found = _conformed(
        spark,
        _lead("L1", " ADA@example.com ", 9),
        _lead("L2", "ada@example.com", 10),
        _lead("L3", "Ada@Example.com", 8),
    )
    assert list(found) == ["ada@example.com"]
    assert found["ada@example.com"]["lead_id"] == "L2"


def test_leads_are_spelled_one_way_and_joined_with_what_others_know(spark: SparkSession) -> None:
    found = _conformed(
        spark, _lead("L1", "ada@example.com", 9), _lead("L2", "bob@example.com", 9, state="??", phone=None)
    )
    ada, bob = found["ada@example.com"], found["bob@example.com"]
    assert (ada["phone"], ada["region"], ada["channel"]) == ("2125550100", "Northeast", "web")
    assert (ada["credit_score"], ada["is_customer"], ada["priority"]) == (700, False, 10 * 6 + 70 * 4)
    assert (bob["phone"], bob["region"]) == (None, "Unknown")
    assert (bob["credit_score"], bob["is_customer"], bob["priority"]) == (None, True, 10 * 6 + 50 * 4)


def test_customers_and_employees_become_people(spark: SparkSession) -> None:
    customers = _frame(
        spark,
        "customer_id bigint, first_name string, last_name string, email string, city string, segment string,"
        " opened_at timestamp",
        (7, "Grace", "O'Brien", "g@example.com", "Boston", "retail", datetime(2020, 5, 1, 12)),
    )
    employees = _frame(
        spark,
        "employee_id bigint, last_name string, first_name string, hire_date date, city string",
        (102, "Smith", "John", datetime(2016, 10, 9).date(), "Los Angeles"),
    )
    rows = person.build(customers, employees).orderBy("person_id").collect()
    assert [tuple(row)[:5] for row in rows] == [
        ("C-7", "customer", "Grace O'Brien", "g@example.com", "Boston"),
        ("E-102", "employee", "John Smith", None, "Los Angeles"),
    ]
    assert [str(row["since"]) for row in rows] == ["2020-05-01", "2016-10-09"]


def _run(spark: SparkSession, project: Project) -> RunOutcome:
    outcome = run_project(project, [], spark=spark)
    assert {job.job: job.error for job in outcome.jobs if job.error} == {}
    for job in outcome.jobs:
        assert job.counts.read == job.counts.accounted, job.job
    return outcome


def _versions(outcome: RunOutcome) -> list[str]:
    return [table.table for job in outcome.jobs for table in job.tables]


def _employees(view: LakeView) -> list[int]:
    return [key for (key,) in view.rows("standardized.hr.employees", ["employee_id"], order="employee_id")]


def test_two_days_of_the_bank_equal_the_truth_and_a_second_run_changes_nothing(
    spark: SparkSession, lake_root: Path
) -> None:
    root = Path(lake_root) / "greatfin"
    project = load_project(str(CONF), overrides=[f"lake.root={root}"])
    view = LakeView(spark, project.lake)

    truth = generate(root, scale=0.3, seed=5, day=1)
    _run(spark, project)
    assert differences(view, truth) == []
    assert _employees(view) == [101, 102, 103, 104]
    again = _run(spark, project)
    assert {job.status for job in again.jobs} == {"nothing_new"}
    assert _versions(again) == []

    truth = generate(root, scale=0.3, seed=5, day=2)
    second = _run(spark, project)
    assert differences(view, truth) == []
    assert _employees(view) == [102, 103, 104]
    counts = next(job.counts for job in second.jobs if job.job == "corebank.customers")
    assert counts.inserted and counts.updated and counts.deleted and counts.superseded and counts.quarantined
    again = _run(spark, project)
    assert _versions(again) == []
    assert differences(view, truth) == []


@pytest.mark.parametrize("form", ["iceberg", "delta"])
def test_the_hr_employee_sample_ends_as_102_103_104_in_both_formats(
    spark: SparkSession, lake_root: Path, form: str
) -> None:
    root = Path(lake_root) / f"hr_{form}"
    overrides = [f"lake.root={root}", f"write.table=standardized.hr_{form}.employees", f"write.format={form}"]
    project = load_project(str(CONF), overrides=overrides, selected=["hr.employees"])
    for day in (1, 2):
        generate(root, scale=0.1, day=day)
        outcome = run_project(project, ["hr.employees"], spark=spark)
        assert outcome.jobs[0].error is None
    from framework.tables import table_format, table_ref

    ref = table_ref(project.lake, f"standardized.hr_{form}.employees", form)
    rows = table_format(spark, form).read(ref).orderBy("employee_id").collect()
    assert [row["employee_id"] for row in rows] == [102, 103, 104]
    assert [str(row["hire_date"]) for row in rows] == ["2016-10-09", "2019-03-12", "2019-03-16"]


def test_a_month_of_flights_reconciles_to_the_last_row(spark: SparkSession, lake_root: Path) -> None:
    root = Path(lake_root) / "flights"
    truth = expected(export(root, months=[1]))
    assert (truth.flights, truth.without_tail_number) == (27_004, 155), "January, as the package has it"
    project = load_project(str(CONF / "flights"), overrides=[f"lake.root={root}"])
    _run(spark, project)
    view = LakeView(spark, project.lake)
    flights, delays, months = (
        view.table(name)
        for name in ("standardized.nyc.flights", "conformed.nyc.delays", "enriched.nyc.punctuality")
    )
    refused = view.quarantine("standardized.nyc.flights")
    assert flights is not None and refused is not None and delays is not None and months is not None
    assert (flights.count(), refused.count()) == (truth.kept, truth.without_tail_number)
    sums = delays.selectExpr(
        "count(*)",
        "count_if(model IS NULL)",
        "count_if(dest_name IS NULL)",
        "count_if(temp IS NULL)",
        "count_if(cancelled)",
    ).first()
    assert sums is not None
    assert sums[0] == truth.kept, "no join loses or adds a flight"
    assert (sums[1], sums[2], sums[4]) == (truth.unknown_plane, truth.unknown_destination, truth.cancelled)
    total = months.selectExpr("count(*)", "sum(flights)").first()
    assert total is not None and (total[0], total[1]) == (truth.groups, truth.kept)
