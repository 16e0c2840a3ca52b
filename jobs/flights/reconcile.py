"""What the flights' lake must count, by reading the csv files with nothing but Python."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Expected:
    """Counts over the flights of the inbox."""

    flights: int
    without_tail_number: int
    unknown_plane: int
    """Of the flights with a tail number."""
    unknown_destination: int
    without_weather: int
    cancelled: int
    groups: int
    """Pairs of carrier and month."""

    @property
    def kept(self) -> int:
        return self.flights - self.without_tail_number


def expected(inbox: Path) -> Expected:
    """Count what is in the files."""
    planes = {row["tailnum"] for row in _rows(inbox / "planes")}
    airports = {row["faa"] for row in _rows(inbox / "airports")}
    hours = {(row["origin"], row["time_hour"]) for row in _rows(inbox / "weather")}
    total, groups = 0, set()
    plane = place = weather = cancelled = kept = 0
    for row in _rows(inbox / "flights"):
        total += 1
        if row["tailnum"] == "NA":
            continue
        kept += 1
        plane += row["tailnum"] not in planes
        place += row["dest"] not in airports
        weather += (row["origin"], row["time_hour"]) not in hours
        cancelled += row["dep_time"] == "NA"
        groups.add((row["carrier"], row["month"]))
    return Expected(total, total - kept, plane, place, weather, cancelled, len(groups))


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)
