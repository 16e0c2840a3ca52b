"""From a runtime's name to the runtime."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from framework.runtimes.base import Runtime, SparkRuntime
from framework.runtimes.detect import detect, gather_facts
from framework.runtimes.exits import leave_for
from framework.runtimes.glue import GlueRuntime
from framework.runtimes.settings import settings_of

if TYPE_CHECKING:
    from framework.config import Project


def open_runtime(
    name: str,
    project: Project,
    *,
    argv: Sequence[str] | None = None,
    environ: Mapping[str, str] | None = None,
    jars: Sequence[str] = (),
) -> Runtime:
    """The runtime `name` for a project; `auto` is what the evidence shows. Starts nothing.

    `argv` is the script's name with the arguments that aren't Sluice's, for platforms that read their own
    there; `jars` names groups of jars beyond those that the project asks for.

    Raises:
        ConfigError: there is no such runtime.
    """
    argv = sys.argv if argv is None else argv
    environ = os.environ if environ is None else environ
    name = resolve_runtime(name, argv, environ)
    settings = settings_of(project, name, jars)
    if name == "glue":
        return GlueRuntime(settings, argv)
    return SparkRuntime(name, settings, leave_for(name, environ))


def resolve_runtime(name: str, argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """The name itself, or for `auto` the one that the evidence shows."""
    return detect(gather_facts(argv, environ)).name if name == "auto" else name
