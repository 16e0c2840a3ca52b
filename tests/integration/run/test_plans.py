"""A plan of jobs whose sources other jobs haven't made yet: what can be told is told, and nothing fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pyspark.sql import SparkSession

from framework.config import Project, load_project
from framework.run.api import plan_project, run_project
from framework.run.outcome import JobPlan


@pytest.fixture
def project(lake_root: Path, tmp_path: Path) -> Project:
    """orders -> (with an SQL transform) totals -> top; broken has a transform that can't work on any orders."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text("id,who,amount\n1,ann,5\n2,bob,7\n3,ann,1\n")
    (tmp_path / "conf/jobs").mkdir(parents=True)
    (tmp_path / "conf/lake.yaml").write_text(f"root: {lake_root}\nlayers: {{conformed: {{format: delta}}}}\n")
    columns = {"id": "int", "who": "string", "amount": "decimal(9,2)"}
    table = {"format": "table", "table": "standardized.plans.orders"}
    jobs: list[dict[str, Any]] = [
        {
            "job": "a.top",
            "read": {"totals": {"format": "table", "table": "conformed.plans.totals"}},
            "transform": {"sql": "SELECT * FROM totals WHERE total > 6"},
            "write": {"table": "enriched.plans.top", "mode": "overwrite"},
        },
        {
            "job": "b.totals",
            "read": {"orders": table},
            "transform": {"sql": "SELECT who, sum(amount) AS total FROM orders GROUP BY who"},
            "write": {"table": "conformed.plans.totals", "mode": "overwrite"},
        },
        {
            "job": "c.orders",
            "read": {
                "format": "csv",
                "path": str(tmp_path / "in"),
                "schema": columns,
                "options": {"header": True},
            },
            "changes": {"keys": ["id"], "sequence": ["id"]},
            "write": {"table": "standardized.plans.orders"},
        },
    ]
    for job in jobs:
        (tmp_path / f"conf/jobs/{job['job']}.yaml").write_text(yaml.safe_dump(job))
    return load_project(str(tmp_path / "conf"))


def test_a_plan_of_a_lake_where_nothing_ran_tells_the_columns_and_who_makes_what(
    project: Project, spark: SparkSession
) -> None:
    orders, totals, top = plan_project(project, [], spark=spark)
    assert [orders.job, totals.job, top.job] == ["c.orders", "b.totals", "a.top"], "in the order of a run"
    assert [plan.error for plan in (orders, totals, top)] == [None] * 3
    assert [plan.exit_code for plan in (orders, totals, top)] == [0] * 3
    assert orders.counts is not None and orders.counts.inserted == 3
    assert totals.counts is None, "what can't be known isn't given as 0"
    assert totals.notes == ["standardized.plans.orders isn't there yet: job c.orders makes it"]
    assert "`total`" in _ddl(totals) and "DECIMAL(19,2)" in _ddl(totals).upper()
    assert "`total`" in _ddl(top)
    assert "_sluice" not in _ddl(totals)

    (alone,) = plan_project(project, ["a.top"], spark=spark)
    assert alone.error is None
    assert alone.notes == [
        "what it would make can't be told before its sources are there",
        "conformed.plans.totals isn't there yet: job b.totals makes it",
    ]

    run = run_project(project, [], spark=spark)
    assert [job.error for job in run.jobs] == [None] * 3
    rows = {job.job: (job.inputs[0].rows, job.counts.read) for job in run.jobs}
    # a transform's result isn't what was read; Iceberg's versions know their rows, Delta's that replaced all do, too
    assert rows == {"c.orders": (3, 3), "b.totals": (3, 2), "a.top": (2, 1)}
    assert [plan.notes for plan in plan_project(project, [], spark=spark)] == [["nothing new to read"]] * 3
    Path(project.jobs["c.orders"].sources["source"].path or "").joinpath("b.csv").write_text(
        "id,who,amount\n4,eve,2\n"
    )
    orders, totals, top = plan_project(project, [], spark=spark)
    assert "a run would change what it reads first (c.orders); counted as it is now" in totals.notes


def test_an_error_in_a_transform_of_a_table_to_come_is_told(project: Project, spark: SparkSession) -> None:
    transform = project.jobs["b.totals"].transform
    assert transform is not None
    broken = transform.model_copy(update={"sql": "SELECT who, nothing FROM orders"})
    job = project.jobs["b.totals"].model_copy(update={"transform": broken, "job": "b.totals"})
    for each, table in ((project.jobs["c.orders"], "standardized.plans.orders2"),):
        project.jobs["c.orders"] = each.model_copy(
            update={"write": each.write.model_copy(update={"table": table})}
        )
    source = job.sources["orders"].model_copy(update={"table": "standardized.plans.orders2"})
    project.jobs["b.totals"] = job.model_copy(update={"read": {"orders": source}})
    plans = {plan.job: plan for plan in plan_project(project, ["c.orders", "b.totals"], spark=spark)}
    assert "nothing" in (plans["b.totals"].error or "")
    assert plans["b.totals"].exit_code == 2


def _ddl(plan: JobPlan) -> str:
    return "\n".join(plan.ddl)
