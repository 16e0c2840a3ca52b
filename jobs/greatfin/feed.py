"""What a source delivers, day by day: records with their flaws known, and the files they are written to."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

DAYS = (datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC))
"""The two days on which GreatFin's sources deliver."""

Row = Mapping[str, object]


@dataclass(frozen=True)
class Record:
    """One record as it is written, and what a right reader makes of it.

    `op` is I, U or D, or '' in a full load. `order` is the text that orders the changes of a key ('' is oldest).
    `flaw` says why the record must be rejected. `text` is what stands in the file if it isn't the plain record.
    """

    values: Row
    op: str = ""
    order: str = ""
    flaw: str | None = None
    text: str | None = None

    def broken(self, flaw: str, **values: object) -> Record:
        """The same record with values that no lake should take.

        >>> Record({"id": 1, "age": 30}).broken("negative age", age=-3).values["age"]
        -3
        """
        return replace(self, flaw=flaw, values={**self.values, **values})


@dataclass(frozen=True)
class Delivery:
    """One file: where it lies below the inbox, how it is written, and its records in order."""

    table: str
    path: str
    day: int
    kind: Literal["dms", "csv", "json"]
    columns: Sequence[str]
    records: Sequence[Record] = field(default_factory=tuple)
    header: bool = False
    timestamp: str | None = None
    """Name of the column with the time of the commit (DMS)."""

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_load(self) -> bool:
        return self.name.startswith("LOAD")


def write(delivery: Delivery, inbox: Path) -> Path:
    """Write the file, with the day it was delivered on as its date."""
    target = inbox / delivery.path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text_of(delivery), encoding="utf-8", newline="")
    at = DAYS[delivery.day - 1].timestamp() + 20 * 3600
    os.utime(target, (at, at))
    return target


def text_of(delivery: Delivery) -> str:
    """The file's content."""
    if delivery.kind == "json":
        return "".join((record.text or json.dumps(record.values)) + "\n" for record in delivery.records)
    lines = [_csv_line(_header(delivery))] if delivery.header else []
    lines += [
        record.text + "\n" if record.text else _csv_line(_cells(delivery, record))
        for record in delivery.records
    ]
    return "".join(lines)


def _header(delivery: Delivery) -> list[str]:
    op = [] if delivery.kind == "csv" or delivery.is_load else ["Op"]
    return [*op, *([delivery.timestamp] if delivery.timestamp else []), *delivery.columns]


def _cells(delivery: Delivery, record: Record) -> list[object]:
    cells = [record.values.get(name) for name in delivery.columns]
    if delivery.kind == "csv":
        return cells
    op = [] if delivery.is_load else [record.op]
    # DMS stamps rows of a full load with the time of the transfer, which is no commit
    stamp = record.order or f"{DAYS[0]:%Y-%m-%d} 03:00:00.000000"
    return [*op, *([stamp] if delivery.timestamp else []), *cells]


def _csv_line(cells: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(["" if cell is None else cell for cell in cells])
    return out.getvalue()
