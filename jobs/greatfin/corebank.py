"""The core bank's tables as AWS DMS delivers them: a full load, then files of changes, with the dirt that comes along.

Day 1: the full load, and the changes of the first afternoon. Day 2: two files of changes, of which the second brings
late changes (older than what the first day brought), some of the first file's again, and records nobody can use. The
customers' files have a header and a column more on day 2; the accounts' have no header, and deletes carry only the key.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from jobs.greatfin import words
from jobs.greatfin.feed import DAYS, Delivery, Record, Row

CUSTOMERS = (
    "customer_id",
    "first_name",
    "last_name",
    "email",
    "phone",
    "ssn",
    "birth_date",
    "city",
    "state",
    "segment",
    "income",
    "opened_at",
)
NEW_COLUMN = "marketing_consent"
ACCOUNTS = ("account_id", "customer_id", "kind", "currency", "balance", "opened_on", "status")
STAMP = "commit_ts"

Change = Callable[[random.Random, Row], Row]
Flaw = Callable[[Record], Record]


def customers(size: int, rng: random.Random) -> list[Delivery]:
    """The customers' four files."""
    load = [Record(_customer(number, rng)) for number in range(1, size + 1)]
    flaws: list[Flaw] = [
        lambda r: r.broken("negative income", income="-1200.00"),
        lambda r: r.broken("income is no number", income="n/a"),
        lambda r: r.broken("no such date", birth_date="1979-02-31"),
        lambda r: r.broken("unknown segment", segment="VIP?"),
        lambda r: r.broken("ssn too short", ssn="123-45"),
        lambda r: r.broken("no at sign", email="nobody.example.com"),
        lambda r: r.broken("no key", customer_id=None),
    ]
    days = _days(load, "customer_id", lambda number: _customer(number, rng), _moved, rng)
    load, first, second, third = _dirty([load, *days], flaws, rng)
    third = [*third, _unknown_operation(third, rng)]
    wide = (*CUSTOMERS, NEW_COLUMN)
    second, third = _with_consent(second, rng), _with_consent(third, rng)
    return _files(
        "corebank.customers",
        "corebank/customers",
        [CUSTOMERS, CUSTOMERS, wide, wide],
        [load, first, second, third],
        header=True,
    )


def accounts(size: int, customers: int, rng: random.Random) -> list[Delivery]:
    """The accounts' four files; a few belong to customers that nobody knows."""
    load = [Record(_account(number, customers, rng)) for number in range(1, size + 1)]
    flaws: list[Flaw] = [
        lambda r: r.broken("unknown currency", currency="XXX"),
        lambda r: r.broken("balance is no number", balance="12.3.4"),
        lambda r: r.broken("unknown kind", kind="piggy bank"),
        lambda r: r.broken("no key", account_id=None),
    ]
    days = _days(load, "account_id", lambda number: _account(number, customers, rng), _booked, rng)
    load, first, second, third = _dirty([load, *(_keys_only(day) for day in days)], flaws, rng)
    cut = third[rng.randrange(len(third))]
    third.append(Record({}, "U", cut.order, "line is cut off", f"U,{cut.order},{900_000}"))
    return _files(
        "corebank.accounts", "corebank/accounts", [ACCOUNTS] * 4, [load, first, second, third], header=False
    )


def _customer(number: int, rng: random.Random) -> Row:
    first, last = rng.choice(words.FIRST), rng.choice(words.LAST)
    city, state = rng.choice(words.CITIES)
    born = date(1940, 1, 1) + timedelta(days=rng.randrange(24_000))
    opened = DAYS[0] - timedelta(minutes=rng.randrange(60, 5_000_000))
    return {
        "customer_id": number,
        "first_name": first,
        "last_name": last,
        "email": words.email(first, last, number),
        "phone": words.phone(rng) if rng.random() > 0.1 else None,
        "ssn": f"{rng.randint(1, 899):03d}-{rng.randint(1, 99):02d}-{rng.randint(1, 9999):04d}",
        "birth_date": born.isoformat(),
        "city": city,
        "state": state,
        "segment": rng.choices(words.SEGMENTS, (80, 12, 3, 5))[0],
        "income": f"{rng.lognormvariate(10.8, 0.5):.2f}",
        "opened_at": f"{opened:%Y-%m-%d %H:%M:%S}",
    }


def _account(number: int, customers: int, rng: random.Random) -> Row:
    opened = date(2005, 1, 1) + timedelta(days=rng.randrange(7_700))
    return {
        "account_id": number,
        # one in a hundred belongs to a customer that the bank has lost
        "customer_id": rng.randint(1, customers) if rng.random() > 0.01 else 990_000 + number,
        "kind": rng.choices(("checking", "savings", "credit"), (60, 30, 10))[0],
        "currency": rng.choices(("USD", "EUR", "CAD"), (94, 4, 2))[0],
        "balance": f"{rng.gauss(4_000, 6_000):.2f}",
        "opened_on": opened.isoformat(),
        "status": "active",
    }


def _moved(rng: random.Random, row: Row) -> Row:
    city, state = rng.choice(words.CITIES)
    return {**row, "city": city, "state": state, "income": f"{float(str(row['income'])) * 1.03:.2f}"}


def _booked(rng: random.Random, row: Row) -> Row:
    return {**row, "balance": f"{float(str(row['balance'])) + rng.gauss(0, 900):.2f}"}


def _days(
    load: Sequence[Record], key: str, make: Callable[[int], Row], change: Change, rng: random.Random
) -> list[list[Record]]:
    """Changes of the first afternoon, the second morning and the second afternoon, with what comes late or twice."""
    size, few = len(load), max(8, len(load) // 40)
    shuffled = rng.sample(range(size), min(size, 8 * few))
    groups = [shuffled[i * few : (i + 1) * few] for i in range(8)]
    rows = {int(str(record.values[key])): record.values for record in load}
    numbers = [[index + 1 for index in group] for group in groups]
    fresh = iter(range(size + 1, size + 1 + 4 * few))
    clock = _Clock(rng)

    def updates(of: Sequence[int], day: int, hour: int) -> list[Record]:
        found = []
        for number in of:
            rows[number] = change(rng, rows[number])
            found.append(Record(rows[number], "U", clock.at(day, hour)))
        return found

    def inserts(count: int, day: int, hour: int) -> list[Record]:
        found = []
        for number in (next(fresh) for _ in range(count)):
            rows[number] = make(number)
            found.append(Record(rows[number], "I", clock.at(day, hour)))
        return found

    def deletes(of: Sequence[int], day: int, hour: int) -> list[Record]:
        return [Record(rows[number], "D", clock.at(day, hour)) for number in of]

    updated, deleted, gone = numbers[0], numbers[1][: few // 2], numbers[2][: few // 2]
    first = updates(updated, 1, 14) + inserts(few // 2, 1, 15) + deletes(deleted, 1, 16)
    second = updates(numbers[3] + updated[: few // 2], 2, 8) + inserts(few, 2, 9) + deletes(gone, 2, 10)
    again = rng.sample(second, few // 2)
    late = updates(updated[few // 2 :] + deleted, 1, 11)
    third = updates(numbers[4], 2, 14) + again + late
    for day in (first, second, third):
        rng.shuffle(day)
    return [first, second, third]


class _Clock:
    """Times of commits, all different and in no order."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._count = 0

    def at(self, day: int, hour: int) -> str:
        self._count += 1
        moment = DAYS[day - 1] + timedelta(
            hours=hour, seconds=self._rng.randrange(3_500), microseconds=self._count
        )
        return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _dirty(
    files: Sequence[Sequence[Record]], flaws: Sequence[Flaw], rng: random.Random
) -> list[list[Record]]:
    """The files with each flaw at least once in the load and once in each file of changes."""
    return [_spoil(records, flaws, rng) for records in files]


def _spoil(records: Sequence[Record], flaws: Sequence[Flaw], rng: random.Random) -> list[Record]:
    spoiled = list(records)
    count = max(1, len(records) // 400)
    upserts = [index for index, record in enumerate(records) if record.op != "D"]
    chosen = rng.sample(upserts, min(len(upserts) // 3, count * len(flaws)))
    for position, index in enumerate(chosen):
        spoiled[index] = flaws[position % len(flaws)](spoiled[index])
    return spoiled


def _keys_only(records: Sequence[Record]) -> list[Record]:
    """Deletes as a source without full before images sends them."""
    return [
        Record({"account_id": r.values["account_id"]}, "D", r.order) if r.op == "D" else r for r in records
    ]


def _unknown_operation(records: Sequence[Record], rng: random.Random) -> Record:
    record = records[rng.randrange(len(records))]
    return Record(record.values, "X", record.order, "unknown operation")


def _with_consent(records: Sequence[Record], rng: random.Random) -> list[Record]:
    """The column that the source got between the two days; only what was changed since then has a value."""
    return [
        Record({**r.values, NEW_COLUMN: rng.choice(("yes", "no"))}, r.op, r.order, r.flaw, r.text)
        if r.order >= f"{DAYS[1]:%Y-%m-%d}"
        else r
        for r in records
    ]


def _files(
    table: str,
    folder: str,
    columns: Sequence[Sequence[str]],
    files: Sequence[Sequence[Record]],
    *,
    header: bool,
) -> list[Delivery]:
    names = ("LOAD00000001.csv", "20260302-180000000.csv", "20260303-120000000.csv", "20260303-180000000.csv")
    return [
        Delivery(
            table,
            f"{folder}/{name}",
            1 if index < 2 else 2,
            "dms",
            columns[index],
            files[index],
            header,
            STAMP,
        )
        for index, name in enumerate(names)
    ]
