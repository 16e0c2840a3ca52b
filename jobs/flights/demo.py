"""336,776 real flights, from csv to punctuality by carrier and month, counted again at every step.

python -m jobs.flights.demo                     # a fresh lake in .lake/flights
python -m jobs.flights.demo --months 1 2        # only some of the year
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from framework.cli.output import seconds
from framework.config import load_project
from framework.runtimes import open_runtime
from jobs.flights.export import MONTHS, export
from jobs.flights.reconcile import Expected, expected
from jobs.stage import Stage, fresh_folder


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="jobs.flights.demo", description="A year of real flights through the lake."
    )
    parser.add_argument(
        "--root", help="folder of the lake, emptied first (default: the one in conf/flights/lake.yaml)"
    )
    parser.add_argument("--conf", default="conf/flights", help="folder of the configuration")
    parser.add_argument("--months", type=int, nargs="*", default=MONTHS)
    args = parser.parse_args(arguments)
    begun = time.monotonic()
    console = Console(highlight=False)
    project = load_project(args.conf, overrides=[f"lake.root={args.root}"] if args.root else ())
    root = fresh_folder(project.lake.root)
    console.print(
        "[bold]Every flight that left New York City in 2013[/]: csv, raw, standardized, conformed, enriched."
    )
    inbox = export(root, args.months)
    console.print(f"[dim]Starting Spark; the lake is {root}[/]")
    runtime = open_runtime("local", project)
    stage = Stage(console, project, runtime.start(), args.conf)
    try:
        stage.run()
        show(stage, inbox)
    except BaseException as error:
        runtime.fail(error)
        raise
    runtime.succeed()
    console.print(f"\nThe report, one file for your browser: [cyan]{stage.report}[/]", soft_wrap=True)
    console.print(
        f"[dim]Done in {seconds(time.monotonic() - begun)}. Try[/] [bold cyan]sluice show enriched.nyc.punctuality"
        f" -C {args.conf}[/]"
    )


def show(stage: Stage, inbox: Path) -> None:
    """The product, and the count of every step against what the files say."""
    best = stage.view.rows(
        "enriched.nyc.punctuality",
        [
            "carrier_name",
            "sum(flights)",
            "sum(cancelled)",
            "round(100.0 * sum(on_time) / sum(flights), 1) AS percent",
        ],
        order="percent DESC",
        group="carrier_name",
    )
    stage.show(
        "Who was on time (at most 15 minutes late)", ("carrier", "flights", "cancelled", "on time, %"), best
    )
    rows = reconciled(stage, expected(inbox))
    stage.show(
        "Counted by Sluice, and by plain Python over the csv files", ("what", "lake", "files", ""), rows
    )
    if any(row[1] != row[2] for row in rows):
        raise SystemExit("the counts differ")
    stage.say(
        "[green]✓[/] Every row is accounted for: read = kept + in quarantine, and no join lost or added a flight."
    )


def reconciled(stage: Stage, truth: Expected) -> list[tuple[str, int, int, str]]:
    """Each count from the lake's tables, with what it must be."""
    view = stage.view
    kept = view.rows("standardized.nyc.flights", ["count(*)"])[0][0]
    refused = view.quarantine("standardized.nyc.flights")
    rejected = refused.count() if refused is not None else 0
    joined = view.rows(
        "conformed.nyc.delays",
        ["count(*)", "count_if(model IS NULL)", "count_if(dest_name IS NULL)", "count_if(cancelled)"],
    )[0]
    product = view.rows("enriched.nyc.punctuality", ["count(*)", "sum(flights)"])[0]
    counts = [
        ("flights read", kept + rejected, truth.flights),
        ("  standardized", kept, truth.kept),
        ("  in quarantine: no tail number", rejected, truth.without_tail_number),
        ("conformed, joined with carrier, airport, plane, weather", joined[0], truth.kept),
        ("  of unknown planes", joined[1], truth.unknown_plane),
        ("  to unknown airports", joined[2], truth.unknown_destination),
        ("  cancelled", joined[3], truth.cancelled),
        ("enriched: sum of flights over carriers and months", product[1], truth.kept),
        ("  carriers and months", product[0], truth.groups),
    ]
    return [
        (what, found, wanted, "[green]✓[/]" if found == wanted else "[red]✗[/]")
        for what, found, wanted in counts
    ]


if __name__ == "__main__":
    main()
