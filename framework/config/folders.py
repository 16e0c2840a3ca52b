"""Layers and folders: which layer a table name or a path is in, and whether two paths meet."""

from __future__ import annotations

import re

from framework.config.lake import Lake, Layer

_GLOB = re.compile(r"[*?\[{]")


def layer_of(lake: Lake, name: str) -> Layer | None:
    """The layer by its name or an alias."""
    return next((layer for layer in lake.layers if name == layer.name or name in layer.aliases), None)


def layer_names(lake: Lake) -> list[str]:
    """All names of layers, aliases too."""
    return [name for layer in lake.layers for name in (layer.name, *layer.aliases)]


def canonical_table(lake: Lake, table: str) -> str:
    """The table's name with its layer's own name.

    >>> canonical_table(Lake(root="/data"), "bronze.crm.leads")
    'standardized.crm.leads'
    """
    first, dot, rest = table.partition(".")
    layer = layer_of(lake, first)
    return (layer.name if layer else first) + dot + rest


def canonical_folder(lake: Lake, path: str) -> str:
    """A path without glob and last slash, from the lake's root if it is below it, with the layer's own name.

    >>> [canonical_folder(Lake(root="/data"), path) for path in ("/data/landing/crm/*.csv", "/else/x/")]
    ['raw/crm', '/else/x']
    """
    glob = _GLOB.search(path)
    folder = path[: glob.start()].rpartition("/")[0] if glob else path.rstrip("/")
    for layer in lake.layers:
        if layer.location and _is_below(folder, layer.location.rstrip("/")):
            return layer.name + folder[len(layer.location.rstrip("/")) :]
    root = lake.root.rstrip("/")
    if _is_below(folder, root):
        folder = folder[len(root) :].lstrip("/")
    folder = folder.removeprefix("./")
    first, slash, rest = folder.partition("/")
    layer_here = layer_of(lake, first)
    return (layer_here.name if layer_here else first) + slash + rest


def folder_layer(lake: Lake, path: str) -> Layer | None:
    """The layer that a path lies in; None outside the lake."""
    return layer_of(lake, canonical_folder(lake, path).partition("/")[0])


def meet(one: str, other: str) -> bool:
    """Whether one canonical folder is the other, or lies in it.

    >>> meet("raw/crm", "raw/crm/leads"), meet("raw/crm", "raw/crm2")
    (True, False)
    """
    return _is_below(one, other) or _is_below(other, one)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")
