"""`sluice validate`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from framework.cli.options import json_option, load, project_options

if TYPE_CHECKING:
    from framework.config import Project
    from framework.errors import ConfigError


@click.command(short_help="Check the configuration; needs no Spark.")
@click.argument("folder", required=False, metavar="[DIR]")
@json_option
@project_options
def validate(
    folder: str | None, as_json: bool, conf: str, environment: str | None, overrides: tuple[str, ...]
) -> int:
    """Check the lake and all its jobs: file, line, what is wrong, the nearest right name. Starts no JVM."""
    from framework.config import check_project

    begun = time.perf_counter()
    project = load(folder or conf, environment, overrides)
    problems = check_project(project)
    if as_json:
        from framework.cli.output import show_json

        show_json({"jobs": sorted(project.jobs), "problems": [_as_data(each) for each in problems]})
    else:
        _show(project, problems, time.perf_counter() - begun)
    return problems[0].exit_code if problems else 0


def _show(project: Project, problems: list[ConfigError], took: float) -> None:
    from rich.text import Text

    from framework.cli.output import error_text, stderr, stdout
    from framework.cli.words import plural

    for problem in problems:
        stderr().print(error_text(problem), soft_wrap=True)
    facts = f"{plural(len(project.jobs), 'job')}, environment {project.environment}, {took:.2f} s"
    if problems:
        stderr().print(Text.assemble((plural(len(problems), "problem"), "bold red"), f" in {facts}"))
    else:
        stdout().print(Text.assemble(("✓ ", "green"), f"{facts}: nothing to complain about"))


def _as_data(problem: ConfigError) -> dict[str, object]:
    names = ("where", "what", "found", "expected", "fix", "exit_code")
    values = {name: getattr(problem, name) for name in names}
    return {name: value if isinstance(value, int) or value is None else str(value) for name, value in values.items()}
