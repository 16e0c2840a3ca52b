"""A table and a session with Deequ's jar, for profiles and suggestions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from framework.cli.output import stderr
from framework.cli.progress import Progress
from framework.cli.session import spark_for
from framework.cli.table_view import Ask, read_table, select, table_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config import Project

T = TypeVar("T")


def on_table(project: Project, table: str, where: str | None, work: Callable[[DataFrame], T]) -> T:
    """What `work` makes of a table without the framework's columns."""
    name = table_name(project, table)
    ask = Ask(name, where=where)
    require_lane()
    with Progress(stderr()) as progress, spark_for(project, progress, jars=("quality",)) as spark:
        progress.say(f"looking at {name}")
        return work(select(read_table(project, spark, name, ask), ask))


def require_lane() -> None:
    """Refuse before Spark starts where the lane has no Deequ.

    Raises:
        SessionError: there is no Deequ for the installed Spark.
    """
    from importlib.metadata import version

    from framework.errors import SessionError
    from framework.session.versions import lane_of

    lane = lane_of(version("pyspark"))
    if "quality" in lane.unavailable:
        raise SessionError(
            "profiles and suggestions need Deequ",
            found=f"Spark {lane.line}",
            expected="Spark 3.5",
            fix=f"{lane.unavailable['quality']} All else works.",
        )
