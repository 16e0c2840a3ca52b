"""Options that several commands share, and what they load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from framework.config import Project

F = TypeVar("F", bound=Callable[..., Any])


def common(function: F) -> F:
    """`--traceback`, on every command."""
    return click.option(
        "--traceback",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Show where an error comes from.",
    )(function)


def project_options(function: F) -> F:
    """`-C`, `--env` and `--set`: which configuration."""
    for option in (
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Value that wins over every file; repeatable.",
        ),
        click.option(
            "--env", "environment", metavar="NAME", envvar="SLUICE_ENV", help="Environment of the lake."
        ),
        click.option(
            "-C",
            "--conf-dir",
            "conf",
            default="conf",
            envvar="SLUICE_CONF",
            show_default=True,
            metavar="DIR",
            help="Folder with lake.yaml and jobs/.",
        ),
    ):
        function = option(function)
    return common(function)


def json_option(function: F) -> F:
    """`--json`: for machines."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(function)


def load(conf: str, environment: str | None, overrides: Sequence[str]) -> Project:
    """The project of a folder."""
    from framework.config import load_project

    return load_project(conf, environment=environment, overrides=tuple(overrides))


def load_checked(conf: str, environment: str | None, overrides: Sequence[str]) -> Project:
    """The project of a folder, or every error in it at once."""
    from framework.config import ConfigErrors, validate

    found = validate(conf, environment=environment, overrides=tuple(overrides))
    if found.problems:
        raise found.problems[0] if len(found.problems) == 1 else ConfigErrors(found.problems)
    assert found.project is not None
    return found.project


def _remember(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and isinstance(ctx.obj, dict):
        ctx.obj["traceback"] = True
