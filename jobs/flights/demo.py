"""336,776 real flights, from csv to punctuality by carrier and month, counted again at every step.

python -m jobs.flights.demo                     # a fresh lake in .lake/flights
python -m jobs.flights.demo --months 1 2        # only some of the year
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from framework.cli.output import number
from framework.words import duration
from jobs.flights.export import MONTHS, export
from jobs.flights.reconcile import Expected, expected
from jobs.stage import Stage, arguments_of, staged


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = arguments_of("jobs.flights.demo", "A year of real flights through the lake.", "conf/flights")
    parser.add_argument("--months", type=int, nargs="*", default=MONTHS)
    args = parser.parse_args(arguments)
    begun = time.monotonic()
    title = (
        "[bold]Every flight that left New York City in 2013[/]: csv, raw, standardized, conformed, enriched."
    )
    with staged(title, args, lambda root: export(root, args.months)) as stage:
        stage.run()
        show(stage, Path(stage.project.lake.root) / "inbox")
    stage.console.print(f"\nThe report, one file for your browser: [cyan]{stage.report}[/]", soft_wrap=True)
    stage.console.print(
        f"[dim]Done in {duration(time.monotonic() - begun)}. Try[/] [bold cyan]sluice show enriched.nyc.punctuality"
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
        "Who was on time (at most 15 minutes late)",
        ("carrier", "flights", "cancelled", "on time, %"),
        [(name, number(flights), number(cancelled), percent) for name, flights, cancelled, percent in best],
    )
    counts = reconciled(stage, expected(inbox))
    stage.show(
        "Counted by Sluice, and by plain Python over the csv files",
        ("what", "lake", "files", ""),
        [
            (what, number(found), number(wanted), "[green]✓[/]" if found == wanted else "[red]✗[/]")
            for what, found, wanted in counts
        ],
    )
    if any(found != wanted for _, found, wanted in counts):
        raise SystemExit("the counts differ")
    read, kept, refused = (number(found) for _, found, _ in counts[:3])
    stage.say(
        f"[green]✓[/] Every flight is accounted for: {read} read = {kept} kept + {refused} in quarantine, and no join"
        " lost or added one."
    )


def reconciled(stage: Stage, truth: Expected) -> list[tuple[str, int, int]]:
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
    return [
        ("flights read", kept + rejected, truth.flights),
        ("  standardized", kept, truth.kept),
        ("  in quarantine: no tail number", rejected, truth.without_tail_number),
        ("conformed: joined with four tables", joined[0], truth.kept),
        ("  of unknown planes", joined[1], truth.unknown_plane),
        ("  to unknown airports", joined[2], truth.unknown_destination),
        ("  cancelled", joined[3], truth.cancelled),
        ("enriched: sum over carriers, months", product[1], truth.kept),
        ("  carriers and months", product[0], truth.groups),
    ]


if __name__ == "__main__":
    main()
