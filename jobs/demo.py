"""Two days of a small bank, from files to a product: what `make demo` shows.

python -m jobs.demo                      # a fresh lake in .lake/demo
python -m jobs.demo --root /tmp/bank --scale 10
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from framework.run.outcome import RunOutcome
from framework.words import duration
from jobs.greatfin.check import differences
from jobs.greatfin.feed import Delivery
from jobs.greatfin.generate import deliveries, generate
from jobs.greatfin.truth import Truth
from jobs.stage import Stage, arguments_of, staged

CUSTOMERS = "standardized.corebank.customers"
EMPLOYEES = "standardized.hr.employees"
SHOWN = ["customer_id", "first_name", "last_name", "city", "segment", "income"]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = arguments_of("jobs.demo", "Two days of a small bank through the lake.", "conf")
    parser.add_argument("--scale", type=float, default=1, help="1 is some 5,000 records")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args(arguments)
    begun = time.monotonic()
    title = (
        "[bold]GreatFin, a small bank[/]: two days of its files, through raw, standardized (Iceberg), conformed (Delta)"
        " and enriched (Iceberg)."
    )
    with staged(title, args, lambda root: None) as stage:
        play(stage, Path(stage.project.lake.root), args.scale, args.seed)
    close(stage, args.root, time.monotonic() - begun)


def play(stage: Stage, root: Path, scale: float, seed: int) -> None:
    """Both days."""
    files = deliveries(scale, seed)
    stage.head("Day 1: full loads arrive, and the first changes")
    generate(root, scale=scale, seed=seed, day=1)
    arrived(stage, files, 1)
    stage.run()
    refused(stage)
    before = picture(stage, files)
    stage.head("Day 2: only changes arrive, some of them late, some for the second time")
    truth = generate(root, scale=scale, seed=seed, day=2)
    arrived(stage, files, 2)
    outcome = stage.run()
    changed(stage, outcome)
    contrast(stage, before, picture(stage, files))
    product(stage)
    proof(stage, truth)


def arrived(stage: Stage, files: Sequence[Delivery], day: int) -> None:
    """What the sources delivered."""
    today: dict[str, list[Delivery]] = {}
    for delivery in (each for each in files if each.day == day):
        today.setdefault(delivery.path.rpartition("/")[0], []).append(delivery)
    rows = []
    for folder, group in today.items():
        flaws = [record.flaw for delivery in group for record in delivery.records if record.flaw]
        examples = ", ".join(sorted(set(flaws))[:3])
        rows.append((folder, len(group), sum(len(each.records) for each in group), len(flaws), examples))
    stage.show("Arrived in inbox/", ("source", "files", "records", "bad", "for example"), rows)


def refused(stage: Stage) -> None:
    """A few rows of a quarantine, with the reason and the place each came from."""
    quarantine = stage.view.quarantine(CUSTOMERS)
    if quarantine is None:
        return
    rows = (
        quarantine.selectExpr(
            "reasons[0].rule AS rule",
            "element_at(split(source, '/'), -1) AS file",
            "position",
            "substr(record, 1, 40) || '...' AS record",
        )
        .dropDuplicates(["rule"])
        .orderBy("rule")
        .limit(4)
        .collect()
    )
    stage.say(
        "\nRows that broke a rule or can't be read are kept beside their table, with reason, file and row:"
    )
    stage.show(f"{CUSTOMERS}__quarantine", ("reason", "file", "row", "record"), [tuple(row) for row in rows])


def picture(stage: Stage, files: Sequence[Delivery]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that day 2 changes: to be taken before and after."""
    ids = ", ".join(str(number) for number in cast_of(files).values())
    return {
        "employees": stage.view.rows(EMPLOYEES, ["employee_id", "city"], order="employee_id"),
        "customers": stage.view.rows(CUSTOMERS, SHOWN, where=f"customer_id IN ({ids})", order="customer_id"),
    }


def cast_of(files: Sequence[Delivery]) -> dict[str, object]:
    """Customers worth watching: one that day 2 updates, one it deletes, one that a late update could bring back."""
    mine = [each for each in files if each.table == "corebank.customers"]
    sound = [(each.day, record) for each in mine for record in each.records if record.flaw is None]
    late = {r.values["customer_id"] for day, r in sound if day == 2 and r.order < "2026-03-03"}
    dead = next(
        r.values["customer_id"]
        for day, r in sound
        if day == 1 and r.op == "D" and r.values["customer_id"] in late
    )
    loaded = {
        r.values["customer_id"] for each in mine if each.is_load for r in each.records if r.flaw is None
    }
    news = [
        r for day, r in sound if day == 2 and r.order >= "2026-03-03" and r.values["customer_id"] in loaded
    ]
    updated = next(r.values["customer_id"] for r in news if r.op == "U")
    deleted = next(r.values["customer_id"] for r in news if r.op == "D")
    return {"updated": updated, "deleted": deleted, "late": dead}


def changed(stage: Stage, outcome: RunOutcome) -> None:
    """What became of the second day's events, and the column that came with them."""
    stage.say(
        "\nEvery event is accounted for: read is the sum of the rest; superseded ones came late, or twice."
    )
    drifted = {"corebank.customers": "marketing_consent", "vendor.scores": "model_version"}
    ran = {job.job for job in outcome.jobs}
    columns = ", ".join(f"[bold]{column}[/] in {job}" for job, column in drifted.items() if job in ran)
    stage.say(f"Two sources had a new column, and their tables have it now: {columns}.")


def contrast(
    stage: Stage, before: dict[str, list[tuple[Any, ...]]], after: dict[str, list[tuple[Any, ...]]]
) -> None:
    """Rows as they were after day 1 and as they are now."""
    old = {row[0]: row[1:] for row in before["customers"]}
    new = {row[0]: row[1:] for row in after["customers"]}
    rows: list[tuple[Any, ...]] = []
    for key in sorted({*old, *new}):
        rows.append((key, "day 1", *(old.get(key) or ("[dim]not there[/]", "", "", "", ""))))
        rows.append(("", "day 2", *(new.get(key) or ("[red]deleted[/]", "", "", "", ""))))
    stage.show("Two customers, before and after", ("customer_id", "", *SHOWN[1:]), rows)
    staff = [", ".join(str(row[0]) for row in each["employees"]) for each in (before, after)]
    stage.say(
        f"hr.employees: {staff[0]} after day 1, {staff[1]} now. 101 was changed four times; the last one deletes it."
    )
    stage.say(
        "A customer deleted on day 1 got a late update on day 2: older than the delete, so it stays deleted."
    )


def product(stage: Stage) -> None:
    """The enriched table: whom to call first."""
    rows = stage.view.rows(
        "enriched.marketing.top_leads_by_region",
        ["region", "rank", "name", "interest", "credit_score", "priority"],
        where="rank <= 3",
        order="region, rank",
    )
    stage.console.print()
    stage.show(
        "enriched.marketing.top_leads_by_region, the first three of each",
        ("region", "rank", "name", "interest", "credit_score", "priority"),
        rows,
    )


def proof(stage: Stage, truth: dict[str, Truth]) -> None:
    """Compare every table with what a simple program makes of the same files."""
    wrong = differences(stage.view, truth)
    for line in wrong:
        stage.say(f"[red]{line}[/]")
    if wrong:
        raise SystemExit(1)
    count = sum(len(each.rows) for each in truth.values())
    refused = sum(each.quarantined for each in truth.values())
    stage.say(
        f"[green]✓[/] All {len(truth)} tables ({count:,} rows, {refused} more in quarantine) equal, row by row,"
        " what one loop in plain Python makes of the same files."
    )


def close(stage: Stage, root: str | None, took: float) -> None:
    """Where things are, and what to try next."""
    stage.console.print(
        f"\n[bold]The report of day 2[/], one file for your browser: [cyan]{stage.report}[/]", soft_wrap=True
    )
    extra = f" --set lake.root={root}" if root else ""
    stage.head(f"Done in {duration(took)}. Yours to try, after `. .venv/*/bin/activate`")
    for command, what in (
        ("sluice run --all", "nothing new: a file is read once"),
        (f"sluice show {CUSTOMERS}", "a table"),
        (f"sluice show quarantine {CUSTOMERS}", "what was refused, and why"),
        ("sluice plan corebank.customers", "what a run would do; writes nothing"),
        ("sluice history", "every run, from the ledger"),
        ("make flights", "the same with 336,776 real flights"),
    ):
        stage.console.print(
            f"  [bold cyan]{command}{extra if command.startswith('sluice') else ''}[/]  [dim]{what}[/]"
        )


if __name__ == "__main__":
    main()
