"""Leads as JSON lines from the website, and a vendor's scores as csv: what comes without change data capture.

Leads come twice, late, cut off in the middle, and with people's own spelling of regions and addresses. The vendor's
second file has its columns in another order, and one more.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from jobs.greatfin import words
from jobs.greatfin.feed import DAYS, Delivery, Record, Row

LEADS = (
    "lead_id",
    "name",
    "email",
    "phone",
    "state",
    "region",
    "channel",
    "interest",
    "score",
    "utm",
    "updated_at",
)
SCORES = ("email", "credit_score", "wealth_band", "scored_on")
SCORES_DAY2 = ("scored_on", "email", "wealth_band", "credit_score", "model_version")


def leads(size: int, customers: Sequence[Row], rng: random.Random) -> list[Delivery]:
    """Two files of leads; some of the people are customers already, and some ask twice."""
    people = [_person(number, customers, rng) for number in range(1, size + 1)]
    first = [_lead(f"L{number:07d}", _asker(number, people, rng), 1, rng) for number in range(1, size + 1)]
    second = _second_day(first, rng)
    first += rng.sample(first, len(first) // 50)  # delivered twice
    files = [_spoil_leads(first, rng), _spoil_leads(second, rng)]
    return [
        Delivery(
            "marketing.leads",
            f"marketing/leads/leads-{DAYS[day]:%Y%m%d}.json",
            day + 1,
            "json",
            LEADS,
            files[day],
        )
        for day in (0, 1)
    ]


def scores(leads: Sequence[Delivery], rng: random.Random) -> list[Delivery]:
    """Two files of scores for the people among the leads; the second one scores some of them again."""
    seen: dict[str, None] = {}
    for delivery in leads:
        for record in delivery.records:
            if record.flaw is None:
                seen.setdefault(str(record.values["email"]).strip().lower())
    known = list(seen)
    first = [_score(email, 1, rng) for email in known if rng.random() < 0.7]
    again = [_score(str(record.values["email"]), 2, rng) for record in rng.sample(first, len(first) // 10)]
    late = [_score(str(record.values["email"]), 0, rng) for record in rng.sample(first, len(first) // 50 + 1)]
    second = [_score(email, 2, rng) for email in known[: len(known) // 20]] + again + late
    second = list({record.values["email"]: record for record in second}.values())
    second = [replace(record, values={**record.values, "model_version": "v7"}) for record in second]
    files = (_spoil_scores(first, rng), _spoil_scores(second, rng))
    return [
        Delivery(
            "vendor.scores",
            f"vendor/scores/scores_{DAYS[day]:%Y-%m-%d}.csv",
            day + 1,
            "csv",
            (SCORES, SCORES_DAY2)[day],
            files[day],
            header=True,
        )
        for day in (0, 1)
    ]


def _person(number: int, customers: Sequence[Row], rng: random.Random) -> Row:
    if rng.random() < 0.08:
        customer = rng.choice(customers)
        return {
            "name": f"{customer['first_name']} {customer['last_name']}",
            "email": customer["email"],
            "state": customer["state"],
        }
    return _newcomer(number, rng)


def _newcomer(number: int, rng: random.Random) -> Row:
    first, last = rng.choice(words.FIRST), rng.choice(words.LAST)
    return {
        "name": f"{first} {last}",
        "email": words.email(first, last, 500_000 + number),
        "state": rng.choice(words.CITIES)[1],
    }


def _asker(number: int, people: Sequence[Row], rng: random.Random) -> Row:
    return people[rng.randrange(number)] if rng.random() < 0.06 else people[number - 1]


def _lead(lead_id: str, person: Row, day: int, rng: random.Random) -> Record:
    region = next(name for name, states in words.REGIONS.items() if person["state"] in states)
    address = str(person["email"])
    at = DAYS[day - 1] + timedelta(
        seconds=rng.randrange(6 * 3600, 20 * 3600), microseconds=rng.randrange(1_000_000)
    )
    values = {
        "lead_id": lead_id,
        "name": person["name"],
        "email": rng.choices((address, address.upper(), f" {address} "), (85, 10, 5))[0],
        "phone": words.phone(rng) if rng.random() > 0.3 else None,
        "state": person["state"],
        "region": rng.choices(
            (region, region.lower(), region.upper(), f"{region} ", None), (60, 15, 10, 5, 10)
        )[0],
        "channel": rng.choice(("web", "Web", "WEB", "branch", "phone", "partner")),
        "interest": rng.choice(("mortgage", "savings", "card", "broker", "loan")),
        "score": rng.randint(1, 100),
        "utm": {
            "campaign": rng.choice(("spring", "rates", "home")),
            "medium": rng.choice(("mail", "search", "social")),
        },
        "updated_at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}",
    }
    return Record(values, "U", str(values["updated_at"]))


def _second_day(first: Sequence[Record], rng: random.Random) -> list[Record]:
    """New leads, newer versions of old ones, older versions that come late, and some of yesterday's again."""
    few = max(10, len(first) // 12)
    fresh = [_lead(f"L{len(first) + n:07d}", _newcomer(400_000 + n, rng), 2, rng) for n in range(1, few + 1)]
    newer = [_scored_again(record, 2, rng) for record in rng.sample(first, few)]
    late = [_scored_again(record, 0, rng) for record in rng.sample(first, few // 2)]
    again = rng.sample(first, few // 4)
    records = [*fresh, *newer, *late, *again]
    rng.shuffle(records)
    return records


def _scored_again(record: Record, day: int, rng: random.Random) -> Record:
    """Another version of a lead: of the second day, or (0) of the night before the first."""
    at = DAYS[1] if day == 2 else DAYS[0] - timedelta(days=1)
    at += timedelta(seconds=rng.randrange(6 * 3600, 20 * 3600), microseconds=rng.randrange(1_000_000))
    values = {**record.values, "score": rng.randint(1, 100), "updated_at": f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"}
    return Record(values, "U", str(values["updated_at"]))


def _cut(record: Record) -> Record:
    text = json.dumps(record.values)
    return replace(record, flaw="line is cut off", text=text[: len(text) // 2])


def _spoil_leads(records: Sequence[Record], rng: random.Random) -> list[Record]:
    flaws: list[Callable[[Record], Record]] = [
        _cut,
        lambda r: r.broken("score is no number", score="high"),
        lambda r: r.broken("score out of range", score=250),
        lambda r: r.broken("no at sign", email="call me"),
        lambda r: r.broken("no key", lead_id=None),
        lambda r: r.broken("no time", updated_at=None),
    ]
    return _spoil(records, flaws, rng)


def _score(email: str, day: int, rng: random.Random) -> Record:
    on = DAYS[0] + timedelta(days=day - 1)
    values = {
        "email": email,
        "credit_score": rng.randint(300, 850),
        "wealth_band": rng.choice(("A", "B", "C", "D", None)),
        "scored_on": on.date().isoformat(),
    }
    return Record(values, "U", str(values["scored_on"]))


def _spoil_scores(records: Sequence[Record], rng: random.Random) -> list[Record]:
    flaws: list[Callable[[Record], Record]] = [
        lambda r: r.broken("score out of range", credit_score=9999),
        lambda r: r.broken("score is no number", credit_score="N/A"),
        lambda r: r.broken("no key", email=None),
        lambda r: replace(r, flaw="too many fields", text=f"{r.values['email']},700,A,2026-03-02,v1,?,?"),
    ]
    return _spoil(records, flaws, rng)


def _spoil(
    records: Sequence[Record], flaws: Sequence[Callable[[Record], Record]], rng: random.Random
) -> list[Record]:
    spoiled = list(records)
    count = max(1, len(records) // 400)
    for position, index in enumerate(rng.sample(range(len(records)), count * len(flaws))):
        spoiled[index] = flaws[position % len(flaws)](spoiled[index])
    return spoiled
