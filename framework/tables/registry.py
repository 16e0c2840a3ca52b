"""Table formats by name; third parties add theirs by the entry-point group `sluice.tables`.

[project.entry-points."sluice.tables"]
hudi = "my_package.hudi:HudiFormat"        # called with the SparkSession
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, cast

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from framework.tables.base import TableFormat

GROUP = "sluice.tables"

_BUILT_IN = {
    "iceberg": "framework.tables.iceberg:IcebergFormat",
    "delta": "framework.tables.delta:DeltaFormat",
}


def table_format(spark: SparkSession, name: str) -> TableFormat:
    """The format of that name, working in this session: a batch passes the session of its own.

    Raises:
        ConfigError: no such format; the message names those there are.
    """
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        factory = getattr(import_module(module), attribute)
    else:
        factory = _plugin(name)
    return cast("Callable[[SparkSession], TableFormat]", factory)(spark)


def _plugin(name: str) -> object:
    plugins = {point.name: point for point in entry_points(group=GROUP)}
    if name not in plugins:
        raise ConfigError(
            "the format of a table is not known",
            found=repr(name),
            expected=", ".join([*_BUILT_IN, *plugins]),
            fix="Correct `write.format`, or install the package that brings the format.",
        )
    return plugins[name].load()
