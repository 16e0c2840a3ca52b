"""What parameters say: columns, other data sets by alias, column mappings, aggregates of both."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

PRIMARY = "primary"
"""The name of the judged data in CustomSql and AggregateMatch."""

_AGGREGATE = re.compile(r"\s*(sum|avg)\((.+)\)\s*", re.IGNORECASE | re.DOTALL)
_BRACED = re.compile(r"(.+)\.\{(.+)\}", re.DOTALL)
_SOURCE = re.compile(
    r"\b(?:from|join)\s+(?P<name>(?:`[^`]+`|[\w$-]+)(?:\.(?:`[^`]+`|[\w$-]+))*)", re.IGNORECASE
)
_WITH = re.compile(r"(?:\bwith|,)\s+(?:recursive\s+)?`?(\w+)`?\s+as\s*\(", re.IGNORECASE)
_NO_TABLE = frozenset({"select", "lateral", "values", "table", "unnest"})


@dataclass(frozen=True)
class Aggregate:
    """`sum(alias.column)`; the alias is `primary` for the judged data."""

    function: str
    source: str
    column: str


@dataclass(frozen=True)
class Integrity:
    """Columns of the judged data and those of a reference they must be found in."""

    columns: tuple[str, ...]
    source: str
    reference_columns: tuple[str, ...]


def parse_aggregate(text: str) -> Aggregate | None:
    """
    >>> parse_aggregate("sum(crm.leads.amount)")
    Aggregate(function='sum', source='crm.leads', column='amount')
    """
    found = _AGGREGATE.fullmatch(text)
    if not found:
        return None
    source, dot, column = found[2].rpartition(".")
    return Aggregate(found[1].lower(), source.strip() if dot else PRIMARY, column.strip().strip('"'))


def parse_integrity(columns: str, reference: str) -> Integrity | None:
    """
    >>> parse_integrity("a, b", "ref.{x, y}")
    Integrity(columns=('a', 'b'), source='ref', reference_columns=('x', 'y'))
    """
    braced = _BRACED.fullmatch(reference.strip())
    source, names = (braced[1], braced[2]) if braced else reference.strip().rpartition(".")[::2]
    theirs, ours = split_names(names), split_names(columns)
    if not source or not ours or len(ours) != len(theirs):
        return None
    return Integrity(ours, source, theirs)


def parse_mapping(text: str) -> dict[str, str]:
    """`id->customer_id, name` as a mapping of our columns to the reference's.

    >>> parse_mapping("id->customer_id, name")
    {'id': 'customer_id', 'name': 'name'}
    """
    pairs = (part.partition("->") for part in split_names(text))
    return {ours.strip(): theirs.strip() if arrow else ours.strip() for ours, arrow, theirs in pairs}


def split_names(text: str) -> tuple[str, ...]:
    """Names between commas, without quotes and blanks."""
    return tuple(part.strip().strip('"') for part in text.split(",") if part.strip())


def first_reference(parameters: Sequence[str]) -> list[str]:
    return list(parameters[:1])


def integrity_columns(parameters: Sequence[str]) -> list[str]:
    return list(split_names(parameters[0])) if parameters else []


def integrity_references(parameters: Sequence[str]) -> list[str]:
    found = parse_integrity(*parameters) if len(parameters) == 2 else None
    return [found.source] if found else []


def match_columns(parameters: Sequence[str]) -> list[str]:
    return [ours for text in parameters[1:] for ours in parse_mapping(text)]


def aggregate_columns(parameters: Sequence[str]) -> list[str]:
    return [found.column for found in map(parse_aggregate, parameters) if found and found.source == PRIMARY]


def aggregate_references(parameters: Sequence[str]) -> list[str]:
    return [found.source for found in map(parse_aggregate, parameters) if found and found.source != PRIMARY]


def sql_references(parameters: Sequence[str]) -> list[str]:
    """Tables a statement reads, as far as their names stand after FROM and JOIN.

    >>> sql_references(["select count(*) from primary p join crm.leads l on p.id = l.id"])
    ['crm.leads']
    """
    statement = parameters[0] if parameters else ""
    local = {name.lower() for name in _WITH.findall(statement)} | {PRIMARY}
    names = [found["name"] for found in _SOURCE.finditer(statement)]
    return [
        name.replace("`", "") for name in names if name.lower() not in local and name.lower() not in _NO_TABLE
    ]


def replace_sources(statement: str, views: dict[str, str]) -> str:
    """The statement with the tables after FROM and JOIN replaced by views, given by their names."""

    def view(found: re.Match[str]) -> str:
        name = found["name"].replace("`", "")
        return (
            found[0][: found.start("name") - found.start()] + f"`{views[name]}`"
            if name in views
            else found[0]
        )

    return _SOURCE.sub(view, statement)
