"""What the lake must hold in the end, by the simplest program that could compute it: one loop over all records.

    records of a key, in order    ->  the newest decides; a delete leaves nothing; what is flawed was never there

The transforms' tables are computed from the rows of the tables they read, again in plain Python, so that a test
compares two programs that share no code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from jobs.greatfin import words
from jobs.greatfin.feed import Delivery

KEYS = {
    "corebank.customers": "customer_id",
    "corebank.accounts": "account_id",
    "hr.employees": "employee_id",
    "marketing.leads": "lead_id",
    "vendor.scores": "email",
}
TOP = 10
"""How many leads of each region the product shows."""

Row = dict[str, object]


@dataclass(frozen=True)
class Truth:
    """A table as it must be: its rows, what was read for it so far, and what of that was rejected."""

    table: str
    rows: list[Row]
    read: int = 0
    quarantined: int = 0


def truths(deliveries: Sequence[Delivery]) -> dict[str, Truth]:
    """Every table of the lake, by its name, after these deliveries."""
    found = {f"standardized.{table}": replayed(table, deliveries) for table in KEYS}
    customers, employees, accounts, leads, scores = (
        found[f"standardized.{name}"].rows
        for name in (
            "corebank.customers",
            "hr.employees",
            "corebank.accounts",
            "marketing.leads",
            "vendor.scores",
        )
    )
    made = {
        "conformed.party.person": people(customers, employees),
        "conformed.party.accounts": held(accounts, customers),
        "conformed.marketing.leads": conformed_leads(leads, scores, customers),
    }
    made["enriched.marketing.top_leads_by_region"] = top_leads(made["conformed.marketing.leads"])
    return {**found, **{name: Truth(name, rows, len(rows)) for name, rows in made.items()}}


def replayed(table: str, deliveries: Iterable[Delivery]) -> Truth:
    """A table of the standardized layer: the newest good record of every key."""
    key = KEYS[table]
    newest: dict[object, tuple[tuple[str, str, int], str, Row]] = {}
    read = quarantined = 0
    for delivery in (each for each in deliveries if each.table == table):
        for number, record in enumerate(delivery.records, start=1):
            read += 1
            if record.flaw is not None:
                quarantined += 1
                continue
            order = (record.order, delivery.name, number)
            if record.values[key] not in newest or order > newest[record.values[key]][0]:
                newest[record.values[key]] = (order, record.op, dict(record.values))
    columns = list(dict.fromkeys(name for each in deliveries if each.table == table for name in each.columns))
    rows = [
        {name: typed(name, row.get(name)) for name in columns} for _, op, row in newest.values() if op != "D"
    ]
    return Truth(f"standardized.{table}", rows, read, quarantined)


def typed(column: str, value: object) -> object:
    """A value of a source as its column's type has it, in the spelling that `canonical` gives."""
    if value is None or isinstance(value, Mapping):
        return value
    if column == "hire_date":
        return datetime.strptime(str(value), "%d-%b-%y").date().isoformat()
    if column == "employee_id":
        return int(str(value))
    if column == "updated_at":
        return str(value).replace("T", " ").removesuffix("Z")
    if column == "opened_at":
        return f"{value}.000000"
    return value


def canonical(value: object) -> object:
    """A value that Spark returned, as the truth spells it.

    >>> canonical(Decimal("1.50")), canonical(date(2026, 3, 2)), canonical(7)
    ('1.50', '2026-03-02', 7)
    """
    if isinstance(value, datetime):
        moment = value.astimezone(UTC) if value.tzinfo else value
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def people(customers: Sequence[Row], employees: Sequence[Row]) -> list[Row]:
    """conformed.party.person: customers and employees as people."""
    return [
        *(
            _one(f"C-{row['customer_id']}", "customer", row, row["email"], row["segment"])
            for row in customers
        ),
        *(_one(f"E-{row['employee_id']}", "employee", row, None, None) for row in employees),
    ]


def _one(person_id: str, role: str, row: Row, email: object, segment: object) -> Row:
    since = row["opened_at"] if role == "customer" else row["hire_date"]
    return {
        "person_id": person_id,
        "role": role,
        "full_name": f"{row['first_name']} {row['last_name']}",
        "email": email,
        "city": row["city"],
        "segment": segment,
        "since": str(since)[:10],
    }


def held(accounts: Sequence[Row], customers: Sequence[Row]) -> list[Row]:
    """conformed.party.accounts: accounts with the people who hold them."""
    segments = {row["customer_id"]: row["segment"] for row in customers}
    return [
        {
            "account_id": row["account_id"],
            "person_id": f"C-{row['customer_id']}",
            "segment": segments.get(row["customer_id"]),
            "kind": row["kind"],
            "currency": row["currency"],
            "balance": row["balance"],
            "holder_known": row["customer_id"] in segments,
        }
        for row in accounts
    ]


def conformed_leads(leads: Sequence[Row], scores: Sequence[Row], customers: Sequence[Row]) -> list[Row]:
    """conformed.marketing.leads: one per address, the newest, spelled one way, with score and customer beside it."""
    credit = {row["email"]: row for row in scores}
    known = {str(row["email"]).strip().lower() for row in customers}
    newest: dict[str, Row] = {}
    for row in leads:
        address = str(row["email"]).strip().lower()
        now = newest.get(address)
        if now is None or (str(row["updated_at"]), str(row["lead_id"])) > (
            str(now["updated_at"]),
            str(now["lead_id"]),
        ):
            newest[address] = row
    return [
        _conformed(address, row, credit.get(address), address in known) for address, row in newest.items()
    ]


def _conformed(address: str, row: Row, score: Row | None, is_customer: bool) -> Row:
    credit = int(str(score["credit_score"])) if score else None
    region = next((name for name, states in words.REGIONS.items() if row["state"] in states), "Unknown")
    return {
        "lead_id": row["lead_id"],
        "name": row["name"],
        "email": address,
        "phone": re.sub(r"\D", "", str(row["phone"]))[-10:] if row["phone"] else None,
        "region": region,
        "channel": str(row["channel"]).lower(),
        "interest": row["interest"],
        "credit_score": credit,
        "is_customer": is_customer,
        "priority": int(str(row["score"])) * 6 + (credit or 500) // 10 * 4,
        "updated_at": row["updated_at"],
    }


def top_leads(leads: Sequence[Row]) -> list[Row]:
    """enriched.marketing.top_leads_by_region: the best ones to call, customers left out."""
    found: list[Row] = []
    for region in sorted({str(row["region"]) for row in leads}):
        mine = [row for row in leads if row["region"] == region and not row["is_customer"]]
        mine.sort(key=lambda row: (-int(str(row["priority"])), str(row["lead_id"])))
        for rank, row in enumerate(mine[:TOP], start=1):
            names = ("lead_id", "name", "email", "interest", "credit_score", "priority")
            found.append({"region": region, "rank": rank, **{name: row[name] for name in names}})
    return found
