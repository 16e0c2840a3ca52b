"""What `sluice plan` prints of a job: the schema's difference, the DDL, and what would become of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from framework.cli.output import number
from framework.cli.summary import became, rejects_table, rules_table, simple_table
from framework.cli.words import plural
from framework.redact import redact
from framework.words import file_size

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from framework.run.outcome import Drift, InputRange, JobPlan


def plan_parts(plan: JobPlan) -> Iterator[RenderableType]:
    """The parts of one job's plan, for the console to print one after another."""
    from rich.padding import Padding
    from rich.text import Text

    state = ("exists", "dim") if plan.exists else ("will be created", "green")
    yield Text.assemble((plan.job, "bold"), f"  {plan.target}  ", (f"{plan.format}, ", "dim"), state)
    for part in _body(plan):
        yield Padding(part, (0, 0, 0, 2))
    yield Text("")


def _body(plan: JobPlan) -> Iterator[RenderableType]:
    from rich.text import Text

    if plan.error:
        yield Text.assemble(("Error  ", "bold red"), redact(plan.error))
    if plan.inputs:
        yield Text("reads    " + "; ".join(_input(each) for each in plan.inputs))
    if plan.counts is not None:
        yield Text(
            f"rows     {number(plan.counts.read)} read: {became(plan.counts) or 'nothing would change'}"
        )
    for note in plan.notes:
        yield Text(f"note     {redact(note)}", "dim")
    if plan.drift:
        yield drift_table(plan.drift)
    if plan.ddl:
        yield from _ddl(plan)
    if plan.reject_reasons:
        yield rejects_table([(plan.job, plan.reject_reasons)])
    failing = [(plan.job, rule) for rule in plan.rules if not rule.passed]
    if failing:
        yield rules_table(failing)


def drift_table(drift: list[Drift]) -> Table:
    """Columns whose declaration and arrival differ."""
    from rich.markup import escape

    table = simple_table("Schema difference")
    for name in ("column", "declared", "found", "reason"):
        table.add_column(name, overflow="fold")
    for each in drift:
        table.add_row(*(escape(text) for text in (each.column, each.declared, each.found, each.reason)))
    return table


def _ddl(plan: JobPlan) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    yield Text("DDL", "bold")
    for statement in plan.ddl:
        yield Padding(Text(statement.strip(), "cyan"), (0, 0, 0, 2))


def _input(each: InputRange) -> str:
    items = each.items
    size = sum(int(item.get("size") or 0) for item in items)
    if items and "path" in items[0]:
        return f"{each.source}: {plural(len(items), 'file')} ({each.reader}, {file_size(size)})"
    if items and "table" in items[0] and items[-1].get("version") is None:
        return f"{each.source}: {items[-1]['table']}, not there yet"
    if items and "table" in items[0]:
        return f"{each.source}: {items[-1]['table']} at version {items[-1].get('version')}"
    return f"{each.source}: {plural(len(items), 'range')} ({each.reader})"
