"""Names of tables: from `layer.domain.table` to what Iceberg and Delta call it.

    standardized.corebank.customers   Iceberg   `lake`.`standardized_corebank`.`customers`
                                      Delta     delta.`<root>/standardized/corebank/customers`

One level of namespace, because Glue, Hive and Athena have no more; lower case, because they fold it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from framework.errors import ConfigError
from framework.sql import literal, quote
from framework.tables.base import TableRef

if TYPE_CHECKING:
    from framework.config.lake import Lake, Layer

__all__ = ["database_of", "literal", "name_parts", "quote", "side_table", "split_identifier", "table_ref"]

SIDE_ROLES = ("quarantine", "tombstones")

_PART = re.compile(r"[a-z0-9][a-z0-9_]*")
_LONGEST = 255  # Glue's and Hive's limit for a database or table name
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_QUOTED = re.compile(r"`((?:[^`]|``)*)`|([^.`]+)")


def table_ref(lake: Lake, name: str, format: str | None = None) -> TableRef:
    """The table called `name` (layer.domain.table, or a layer's alias) in its own or the layer's format.

    >>> from framework.config.lake import Lake
    >>> table_ref(Lake(root="/data"), "bronze.crm.leads").identifier
    '`lake`.`standardized_crm`.`leads`'
    >>> table_ref(Lake(root="/data"), "bronze.crm.leads", "delta").identifier
    'delta.`/data/standardized/crm/leads`'
    """
    first, domain, table = name_parts(name)
    layer = _layer(lake, first, name)
    chosen = format or layer.format
    full = f"{layer.name}.{domain}.{table}"
    if chosen == "iceberg":
        identifier = ".".join(quote(part) for part in (lake.catalog.name, f"{layer.name}_{domain}", table))
        location = f"{_absolute(layer.location)}/{domain}/{table}" if layer.location else None
        return TableRef(full, chosen, identifier, location)
    folder = f"{_absolute(layer.location or _join(lake.root, layer.name))}/{domain}/{table}"
    return TableRef(full, chosen, f"{chosen}.{quote(folder)}", folder)


def name_parts(name: str) -> tuple[str, str, str]:
    """Layer, domain and table of a name, each checked.

    >>> name_parts("standardized.crm.leads")
    ('standardized', 'crm', 'leads')
    """
    parts = name.split(".")
    if len(parts) != 3:
        raise ConfigError(
            "a table's name is wrong",
            found=repr(name),
            expected="layer.domain.table",
            fix="Write three parts.",
        )
    for part in parts:
        if not _PART.fullmatch(part) or len(part) > _LONGEST:
            raise ConfigError(
                f"the part {part!r} of the table name {name!r} is wrong",
                found=repr(part[:40]),
                expected="lower-case letters, digits and _, not beginning with _",
                fix=f"Call it {_nearest_legal(part)!r}; the name in the source may stay what it is.",
            )
    return parts[0], parts[1], parts[2]


def side_table(ref: TableRef, role: str) -> TableRef:
    """The quarantine or the tombstones of a table: beside it, in its format.

    >>> side_table(TableRef("a.b.c", "delta", "delta.`/d/a/b/c`", "/d/a/b/c"), "quarantine").identifier
    'delta.`/d/a/b/c__quarantine`'
    """
    if role not in SIDE_ROLES:
        raise ValueError(f"a side table is one of {', '.join(SIDE_ROLES)}, not {role!r}")
    suffix = f"__{role}"
    *parents, last = split_identifier(ref.identifier)
    head = (
        [ref.format] if ref.format == parents[0] and len(parents) == 1 else [quote(part) for part in parents]
    )
    return replace(
        ref,
        name=ref.name + suffix,
        identifier=".".join([*head, quote(last + suffix)]),
        location=ref.location + suffix if ref.location else None,
    )


def database_of(ref: TableRef) -> str:
    """The database a catalog knows the table's domain by: `<layer>_<domain>`."""
    return "_".join(ref.name.split(".")[:-1])


def split_identifier(identifier: str) -> list[str]:
    """The unquoted parts of a quoted identifier.

    >>> split_identifier("delta.`/a/we``ird.d`")
    ['delta', '/a/we`ird.d']
    """
    return [
        match.group(2) if match.group(2) is not None else match.group(1).replace("``", "`")
        for match in _QUOTED.finditer(identifier)
    ]


def _layer(lake: Lake, name: str, table: str) -> Layer:
    layer = next((layer for layer in lake.layers if name == layer.name or name in layer.aliases), None)
    if layer is None:
        known = [known for layer in lake.layers for known in (layer.name, *layer.aliases)]
        nearest = get_close_matches(name, known, 1)
        raise ConfigError(
            f"table {table!r} is in a layer the lake doesn't have",
            found=repr(name),
            expected=", ".join(known),
            fix=f"Did you mean {nearest[0]!r}?" if nearest else "Add it to `layers:` in lake.yaml.",
        )
    if not layer.tables:
        raise ConfigError(
            f"table {table!r} is in layer {layer.name!r}, which holds files and no tables",
            expected=", ".join(_table_layers(lake.layers)),
            fix="Write to one of these, or set `tables: true` on the layer in lake.yaml.",
        )
    return layer


def _table_layers(layers: Sequence[Layer]) -> list[str]:
    return [layer.name for layer in layers if layer.tables]


def _nearest_legal(part: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", part.lower()).strip("_")[:_LONGEST] or "table1"


def _join(root: str, *parts: str) -> str:
    return "/".join([root.rstrip("/"), *parts])


def _absolute(path: str) -> str:
    """A URI or absolute path as it is; a relative one from the working directory, where Delta wants a full
    path.
    """
    trimmed = path.rstrip("/")
    return trimmed if _SCHEME.match(trimmed) else os.path.normpath(Path.cwd() / trimmed)
