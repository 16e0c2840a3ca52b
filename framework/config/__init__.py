"""What a user writes: the lake, its environments and its jobs, as models; loading and checking them.

    project = load_project("conf", environment="prod", overrides=["lake.parallel=4"])
    problems = check_project(project)

The names below are loaded when they are used, so that `sluice --help` needs neither pydantic nor YAML.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framework.config.checks import check_project
    from framework.config.load import load_project
    from framework.config.problems import ConfigErrors
    from framework.config.project import Project
    from framework.config.validation import Validation, validate

__all__ = ["ConfigErrors", "Project", "Validation", "check_project", "load_project", "validate"]


def __getattr__(name: str) -> Any:
    """Import on first use."""
    homes = {
        "ConfigErrors": "problems",
        "Project": "project",
        "Validation": "validation",
        "check_project": "checks",
        "load_project": "load",
        "validate": "validation",
    }
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{homes[name]}"), name)
