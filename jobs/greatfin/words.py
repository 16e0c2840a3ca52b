"""The words that GreatFin's made-up people and places are put together from."""

from __future__ import annotations

import random

_FIRST = (
    "Ada Alan Amara Anita Bruno Carla Chen Dalia Diego Edith Emeka Farah Felix Grace Hana Igor Ines Jamal Jonas Kavya "
    "Keiko Lars Leila Linus Maja Marco Mina Nadia Noor Omar Otto Paula Priya Quinn Rosa Samir Sofia Tariq Uma Viktor "
    "Wanda Xenia Yusuf Zoe"
)
_LAST = (
    "Adler Bauer Brandt Castro Chen Costa Diaz Dubois Eriksen Farouk Fischer Garcia Haddad Hansen Ibrahim Ito Jensen "
    "Kaya Keller Khan Kim Kovacs Larsen Lopez Meyer Mbeki Moreau Nakamura Novak O'Brien Okafor Patel Petrov Quist "
    "Rossi Sato Schmidt Silva Tanaka Torres Usman Vega Weber Young Zhang"
)
FIRST = tuple(_FIRST.split())
LAST = tuple(_LAST.split())
CITIES = (
    ("New York", "NY"),
    ("Buffalo", "NY"),
    ("Boston", "MA"),
    ("Newark", "NJ"),
    ("Tampa", "FL"),
    ("Atlanta", "GA"),
    ("Houston", "TX"),
    ("Washington, DC", "DC"),
    ("Chicago", "IL"),
    ("Detroit", "MI"),
    ("Columbus", "OH"),
    ("Los Angeles", "CA"),
    ("Seattle", "WA"),
    ("Denver", "CO"),
    ("Phoenix", "AZ"),
)
REGIONS = {
    "Northeast": ("NY", "MA", "NJ"),
    "South": ("FL", "GA", "TX", "DC"),
    "Midwest": ("IL", "MI", "OH"),
    "West": ("CA", "WA", "CO", "AZ"),
}
SEGMENTS = ("retail", "affluent", "private", "business")


def phone(rng: random.Random) -> str:
    """A number in one of the spellings that people type."""
    area, middle, last = rng.randint(201, 989), rng.randint(200, 999), rng.randint(0, 9999)
    spelling = rng.choice(("({0}) {1}-{2:04d}", "{0}-{1}-{2:04d}", "+1 {0} {1} {2:04d}", "{0}.{1}.{2:04d}"))
    return spelling.format(area, middle, last)


def email(first: str, last: str, number: int) -> str:
    """An address that belongs to one person.

    >>> email("Grace", "O'Brien", 7)
    'grace.obrien7@example.com'
    """
    return f"{first}.{last}{number}@example.com".lower().replace("'", "")
