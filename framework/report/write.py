"""Renders a run as one HTML file and puts it into the lake."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING
from urllib.parse import quote

from framework.report.view import view_of
from framework.run.outcome import RunOutcome

if TYPE_CHECKING:
    from framework.config.lake import Lake
    from framework.state.storage import Storage

LAYERS = ("raw", "standardized", "conformed", "enriched")


def report_path(lake: Lake, run_id: str) -> str:
    """Where the report of a run lies.

    >>> from framework.config.lake import Lake
    >>> report_path(Lake(root="/lake"), "20261121-053012-a1b2c3")
    '/lake/_sluice/reports/20261121-053012-a1b2c3.html'
    """
    return f"{lake.root.rstrip('/')}/_sluice/reports/{quote(run_id, safe='')}.html"


def write_report(storage: Storage, lake: Lake, outcome: RunOutcome) -> str:
    """Write the report of a run; returns its path."""
    path = report_path(lake, outcome.run_id)
    storage.write(path, render(outcome, lake=lake.name, layers=[layer.name for layer in lake.layers]))
    return path


def render(outcome: RunOutcome, *, lake: str = "lake", layers: Sequence[str] = LAYERS) -> str:
    """The report as text; everything that comes from outside is escaped."""
    from jinja2 import DictLoader, Environment, StrictUndefined
    from markupsafe import Markup

    folder = files("framework.report")
    names = ("report.html.jinja", "parts.html.jinja")
    sources = {name: (folder / name).read_text(encoding="utf-8") for name in names}
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((folder / "report.css").read_text(encoding="utf-8"))
    template = environment.get_template("report.html.jinja")
    return template.render(style=style, view=view_of(outcome, lake, tuple(layers)))
