"""`sluice validate`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from framework.cli.options import json_option, project_options

if TYPE_CHECKING:
    from framework.config import Validation
    from framework.errors import ConfigError


@click.command(short_help="Check the configuration; needs no Spark.")
@click.argument("folder", required=False, metavar="[DIR]")
@json_option
@project_options
def validate(
    folder: str | None, as_json: bool, conf: str, environment: str | None, overrides: tuple[str, ...]
) -> int:
    """Check the lake and all its jobs: file, line, what is wrong, the nearest right name. Starts no JVM."""
    from framework.config import validate as check_folder

    begun = time.perf_counter()
    found = check_folder(folder or conf, environment=environment, overrides=overrides)
    if as_json:
        from framework.cli.output import show_json

        show_json(
            {
                "jobs": sorted(found.project.jobs) if found.project else [],
                "problems": [_as_data(each) for each in found.problems],
                "warnings": [_as_data(each) for each in found.warnings],
            }
        )
    else:
        _show(found, found.project.environment if found.project else "", time.perf_counter() - begun)
    return found.exit_code


def _show(found: Validation, environment: str, took: float) -> None:
    from rich.text import Text

    from framework.cli.output import error_text, stderr, stdout
    from framework.cli.words import plural

    for problem in found.problems:
        stderr().print(error_text(problem), soft_wrap=True)
    for warning in found.warnings:
        stderr().print(error_text(warning, label=("Warning", "yellow")), soft_wrap=True)
    facts = ", ".join(
        part
        for part in (plural(found.jobs, "job"), environment and f"environment {environment}", f"{took:.2f} s")
        if part
    )
    if found.problems:
        stderr().print(
            Text.assemble(
                (plural(len(found.problems), "problem"), "bold red"),
                f" in {plural(found.files, 'file')}, {took:.2f} s",
            )
        )
    else:
        stdout().print(Text.assemble(("✓ ", "green"), f"the configuration is sound: {facts}"))


def _as_data(problem: ConfigError) -> dict[str, object]:
    names = ("where", "what", "found", "expected", "fix", "exit_code")
    values = {name: getattr(problem, name) for name in names}
    return {
        name: value if isinstance(value, int) or value is None else str(value)
        for name, value in values.items()
    }
