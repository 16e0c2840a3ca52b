"""Make GreatFin's sources: the same files for the same seed, at any scale, and what the lake must make of them.

    python -m jobs.greatfin.generate --out .lake/demo --scale 1 --seed 7 --day 1

writes `inbox/` (the sources' files of that day) and `truth/` (rows and counts per table, up to that day).
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

from jobs.greatfin import corebank, hr, marketing
from jobs.greatfin.feed import Delivery, write
from jobs.greatfin.truth import Truth, truths

CUSTOMERS, ACCOUNTS, LEADS = 1_000, 1_500, 1_200
"""Rows of each source at scale 1."""


def deliveries(scale: float = 1, seed: int = 7) -> list[Delivery]:
    """All files of both days."""
    customers = corebank.customers(_size(CUSTOMERS, scale), _random(seed, "customers"))
    accounts = corebank.accounts(_size(ACCOUNTS, scale), _size(CUSTOMERS, scale), _random(seed, "accounts"))
    people = [record.values for record in customers[0].records if record.flaw is None]
    leads = marketing.leads(_size(LEADS, scale), people, _random(seed, "leads"))
    scores = marketing.scores(leads, _random(seed, "scores"))
    return [*customers, *accounts, *hr.deliveries(), *leads, *scores]


def generate(out: Path, *, scale: float = 1, seed: int = 7, day: int = 1) -> dict[str, Truth]:
    """Write one day's files below `out/inbox`, and the truth after that day below `out/truth`; returns the truth."""
    everything = deliveries(scale, seed)
    for delivery in everything:
        if delivery.day == day:
            write(delivery, out / "inbox")
    truth = truths([delivery for delivery in everything if delivery.day <= day])
    _write_truth(truth, out / "truth" / f"day{day}")
    return truth


def _write_truth(truth: dict[str, Truth], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    counts = {
        name: {"rows": len(each.rows), "read": each.read, "quarantined": each.quarantined}
        for name, each in truth.items()
    }
    (folder / "counts.json").write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    for name, each in truth.items():
        lines = "".join(json.dumps(row) + "\n" for row in each.rows)
        (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")


def _size(rows: int, scale: float) -> int:
    return max(100, int(rows * scale))


def _random(seed: int, name: str) -> random.Random:
    return random.Random(f"{seed}/{name}")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="jobs.greatfin.generate", description="Make GreatFin's sources, dirt included."
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the lake; gets inbox/ and truth/")
    parser.add_argument("--scale", type=float, default=1, help="1 is some 5,000 records")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--day", type=int, choices=(1, 2), default=1)
    args = parser.parse_args(arguments)
    truth = generate(args.out, scale=args.scale, seed=args.seed, day=args.day)
    for name, each in truth.items():
        print(
            f"{name:45} {len(each.rows):>8,} rows  {each.read:>8,} read  {each.quarantined:>6,} to quarantine"
        )


if __name__ == "__main__":
    main()
