"""Where sources of files lie, which of their files are new, and whether they still are what they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from framework.config.places import absolute, bare_path, is_local, scheme_of
from framework.errors import ConfigError, ReadError, StateError
from framework.state import storage_for
from framework.state.patterns import fixed_part

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from framework.config.job import Read
    from framework.config.lake import Lake
    from framework.context import RunContext
    from framework.readers.base import Seen
    from framework.state.storage import FileInfo, Storage

_FEW = 16
"""So many files of one folder are looked at one by one; for more the folder is listed."""


def lake_path(lake: Lake, path: str) -> str:
    """The place a path of a job means: absolute, or below its layer's location, or below the lake's root.

    >>> from framework.config.lake import Lake
    >>> lake_path(Lake(root="/data"), "raw/crm"), lake_path(Lake(root="/data"), "s3://b/x")
    ('/data/raw/crm', 's3://b/x')
    """
    if path.startswith("/") or scheme_of(path):
        return absolute(path)
    first, _, rest = path.partition("/")
    for layer in lake.layers:
        if first in (layer.name, *layer.aliases):
            base = layer.location or f"{lake.root.rstrip('/')}/{layer.name}"
            return f"{base.rstrip('/')}/{rest}".rstrip("/")
    return f"{lake.root.rstrip('/')}/{path}".rstrip("/")


def source_path(lake: Lake, source: Read) -> str:
    """The path of a source of files.

    Raises:
        ConfigError: it has none.
    """
    if not source.path:
        raise ConfigError(f"a source of format {source.format} has no path", fix="Set read.path.")
    return lake_path(lake, source.path)


def storage_of(ctx: RunContext, path: str) -> Storage:
    """The storage that reaches a path, which may lie outside the lake."""
    return storage_for(path, ctx.spark)


def list_files(storage: Storage, path: str, *, known: bool = False) -> list[FileInfo]:
    """The files of a folder, a glob or one file; none if the folder is empty.

    Where there are only objects, an empty folder is no folder: `known` says that files were there before, so that
    it isn't a mistake in the path.

    Raises:
        ReadError: there is no such place, or it can't be looked at.
    """
    try:
        found = storage.files(path)
    except StateError as error:
        fix = "Check read.path and the address of the store (spark: in lake.yaml), and that this job may list it."
        raise ReadError(error.what, found=error.found, fix=fix) from error
    if not found and not (known and not is_local(path)) and not storage.exists(fixed_part(path)):
        raise ReadError(
            f"there is nothing at {path}",
            found="no such file or folder",
            fix="Check read.path: a relative path starts at the lake's root (lake.root).",
        )
    return found


def new_files(ctx: RunContext, source: Read, seen: Seen) -> tuple[dict[str, Any], ...]:
    """The files of a source that no earlier batch has read, by path, size and modification time."""
    path = source_path(ctx.lake, source)
    known = seen.last() is not None
    items = (as_item(info) for info in list_files(storage_of(ctx, path), path, known=known))
    return tuple(item for item in items if not seen.has(item))


def as_item(info: FileInfo) -> dict[str, Any]:
    """A file as an intent and a manifest write it down."""
    return {"path": info.path, "size": info.size, "modified_ms": info.modified_ms}


def check_unchanged(ctx: RunContext, items: Iterable[Mapping[str, Any]]) -> None:
    """Refuse to read files that are not what they were when they were listed.

    Raises:
        ReadError: a file has vanished or was written again.
    """
    folders: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        folders.setdefault(str(item["path"]).rpartition("/")[0], []).append(item)
    for folder, those in folders.items():
        found = _found_now(storage_of(ctx, str(those[0]["path"])), folder, those)
        for item in those:
            _check(item, found.get(str(item["path"])))


def _found_now(storage: Storage, folder: str, items: Sequence[Mapping[str, Any]]) -> dict[str, FileInfo]:
    """The items' files as they are now; every look at an object is a journey, so many are seen by one listing."""
    if len(items) > _FEW:
        infos = storage.all_files(folder)
    else:
        infos = [info for item in items for info in storage.files(str(item["path"]))]
    return {info.path: info for info in infos}


def _check(item: Mapping[str, Any], info: FileInfo | None) -> None:
    now = as_item(info) if info is not None else None
    if now == dict(item):
        return
    raise ReadError(
        f"the file {item['path']} "
        f"{'is not what it was when it was listed' if now else 'has vanished since it was listed'}",
        found=_described(now) if now else "no such file",
        expected=_described(item),
        fix="Restore it; with `land:` a job reads its own copy, which nobody changes.",
    )


def spark_paths(items: Sequence[Mapping[str, Any]]) -> list[str]:
    """The items' paths as Spark takes them: no letter is a wildcard, local ones are named as local."""
    return [_spark_path(str(item["path"])) for item in items]


def shown_path(path: str) -> str:
    """A path that was made for Spark as people write it.

    >>> shown_path("file:/data/x\\\\[1].csv")
    '/data/x[1].csv'
    """
    return re.sub(r"\\(.)", r"\1", path).removeprefix("file:")


def first_line(spark: SparkSession, path: str, encoding: str, skip: str | None = None) -> str | None:
    """The first line of a text file, compressed or not, that isn't blank nor begins with `skip`; None without one."""
    jvm: Any = spark._jvm
    conf = spark._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
    # the paths of Spark have escaped wildcards, those of Hadoop's file systems have not
    place = jvm.org.apache.hadoop.fs.Path(re.sub(r"\\(.)", r"\1", path))
    stream = place.getFileSystem(conf).open(place)
    try:
        codec = jvm.org.apache.hadoop.io.compress.CompressionCodecFactory(conf).getCodec(place)
        reader = jvm.org.apache.hadoop.util.LineReader(codec.createInputStream(stream) if codec else stream)
        text = jvm.org.apache.hadoop.io.Text()
        while reader.readLine(text) > 0:
            line = bytes(text.copyBytes()).decode(encoding, errors="replace").removeprefix("\ufeff")
            if line.strip() and not (skip and line.startswith(skip)):
                return line
    finally:
        stream.close()
    return None


def _spark_path(path: str) -> str:
    path = bare_path(path)
    escaped = re.sub(r"([\\{}\[\]*?])", r"\\\1", path)
    return f"file:{escaped}" if path.startswith("/") else escaped


def _described(item: Mapping[str, Any]) -> str:
    return f"{item['size']} bytes of {item['modified_ms']} ms"
