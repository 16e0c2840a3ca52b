"""The lake by itself: names of layers and its catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator

from framework.config.checks.problem import problem
from framework.config.places import is_local
from framework.config.project import Project
from framework.errors import ConfigError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WITH_URI = ("rest", "hive")


def check_lake(project: Project) -> Iterator[ConfigError]:
    """Layers with one meaning per name, and a catalog that Spark can tell from its own."""
    seen: dict[str, str] = {}
    for layer in project.lake.layers:
        for name in (layer.name, *layer.aliases):
            if not _NAME.fullmatch(name):
                yield problem(
                    project,
                    None,
                    "layers",
                    "has a name that tables can't begin with",
                    found=name,
                    expected="lower-case letters, digits and _",
                )
            if name in seen:
                yield problem(
                    project,
                    None,
                    "layers",
                    "has a name twice",
                    found=f"{name} of {seen[name]} and of {layer.name}",
                    fix="Rename one, or remove the alias.",
                )
            seen[name] = layer.name
    catalog = project.lake.catalog
    if catalog.name == "spark_catalog":
        yield problem(
            project,
            None,
            "catalog.name",
            "is the name of Spark's own catalog",
            found=catalog.name,
            fix="Choose another, such as `lake`.",
        )
    if catalog.type == "jdbc" and not catalog.uri and not is_local(project.lake.root):
        yield problem(
            project,
            None,
            "catalog",
            "is SQLite, which can't lie where the lake does",
            found=f"type jdbc without a uri, and root {project.lake.root}",
            fix="Set `type: glue` or `type: rest`, or the `uri:` of a database, such as jdbc:postgresql://host/db.",
        )
    if catalog.type in _WITH_URI and not catalog.uri:
        yield problem(
            project,
            None,
            "catalog",
            f"has no uri, and its type is {catalog.type}",
            fix="Add `uri:` below it: where the catalog answers.",
        )
