"""`sluice init`."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

import click

from framework.cli.options import common
from framework.errors import ConfigError


@click.command(short_help="Make a small lake with a job to start from.")
@click.argument("folder", default=".", metavar="[DIR]")
@common
def init(folder: str) -> None:
    """Make a small lake in a folder: conf/lake.yaml, a job with rules, and data to run it on.

    Files that are there already are never overwritten.
    """
    target = Path(folder)
    with as_file(files("framework.cli") / "templates" / "init") as template:
        wanted = sorted(path.relative_to(template) for path in template.rglob("*") if _wanted(path))
        taken = [str(target / path) for path in wanted if (target / path).exists()]
        if taken:
            raise ConfigError(
                f"{target} has files that `sluice init` would make",
                found=", ".join(taken),
                fix="Name an empty folder: `sluice init DIR`.",
            )
        for path in wanted:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes((template / path).read_bytes())
            click.echo(f"made {target / path}")
    click.echo("\nNext:")
    if folder != ".":
        click.echo(f"  cd {folder}")
    for command, why in (
        ("validate", "no Spark, at once"),
        ("plan --all", "what would happen"),
        ("run --all", ""),
    ):
        click.echo(f"  sluice {command:<12}{'# ' + why if why else ''}".rstrip())


def _wanted(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
