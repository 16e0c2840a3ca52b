"""The other data that a rule names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.quality.dataset.question import Bench
from framework.quality.nodes import Leaf

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def reference(leaf: Leaf, bench: Bench, alias: str | None = None) -> DataFrame:
    """The data behind an alias, by default the rule's first parameter; ConfigError if there is none."""
    name = alias if alias is not None else leaf.names[0]
    if name not in bench.references:
        known = ", ".join(sorted(bench.references)) or "none"
        raise ConfigError(
            f"the reference {name} is neither a table that exists nor a source of the job",
            fix=f"References found: {known}.",
        )
    return bench.references[name]
