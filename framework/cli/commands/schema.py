"""`sluice schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from framework.cli.options import common


@click.command(short_help="Export JSON Schemas for editors.")
@click.argument("kind", type=click.Choice(["job", "lake", "env"]), default="job")
@click.option("-o", "--output", metavar="FILE", help="Write to a file instead of standard output.")
@common
def schema(kind: Literal["job", "lake", "env"], output: str | None) -> None:
    """Print the JSON Schema of a job, lake or environment file, for completion and checks in editors."""
    from framework.config.schema import json_schema

    text = json.dumps(json_schema(kind), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        Path(output).write_text(text, encoding="utf-8")
        click.echo(output)
