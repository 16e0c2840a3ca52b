"""How a reader is found by the `format` of a source."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import entry_points
from types import MappingProxyType

from framework.errors import ConfigError
from framework.readers.base import Reader

GROUP = "sluice.readers"
"""Entry points under which third parties register readers: `format = package.module:ReaderClass`."""

_FILES = "framework.readers.files:FileReader"
BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("csv", "json", "parquet", "avro", "orc", "xml", "text", "binary"), _FILES),
        "dms": "framework.readers.dms:DmsReader",
        "jdbc": "framework.readers.jdbc:JdbcReader",
        "table": "framework.readers.table:TableReader",
        "delta_cdf": "framework.readers.table_changes:DeltaChanges",
        "iceberg_changelog": "framework.readers.table_changes:IcebergChanges",
    }
)


def find_reader(format: str) -> Reader:
    """The reader of a format: one of ours, or one that a package registers under `sluice.readers`.

    >>> find_reader("dms").envelope
    'dms'

    Raises:
        ConfigError: there is no such format.
    """
    place = BUILT_IN.get(format) or _plugins().get(format)
    if place is None:
        known = [*BUILT_IN, *_plugins()]
        near = get_close_matches(format, known, 1)
        raise ConfigError(
            "there is no reader of this format",
            found=repr(format),
            expected=", ".join(known),
            fix=f"Did you mean format: {near[0]}?" if near else "Set read.format.",
        )
    module, _, name = place.partition(":")
    reader: Reader = getattr(import_module(module), name)()
    return reader


def _plugins() -> dict[str, str]:
    return {point.name: point.value for point in entry_points(group=GROUP)}
