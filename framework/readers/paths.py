"""Where sources of files lie, which of their files are new, and whether they still are what they were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from framework.errors import ConfigError, ReadError
from framework.state import storage_for

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from framework.config.job import Read
    from framework.config.lake import Lake
    from framework.context import RunContext
    from framework.readers.base import Seen
    from framework.state.storage import FileInfo, Storage

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MAGIC = re.compile(r"[*?\[{]")


def lake_path(lake: Lake, path: str) -> str:
    """The place a path of a job means: absolute, or below its layer's location, or below the lake's root.

    >>> from framework.config.lake import Lake
    >>> lake_path(Lake(root="/data"), "raw/crm"), lake_path(Lake(root="/data"), "s3://b/x")
    ('/data/raw/crm', 's3://b/x')
    """
    if path.startswith("/") or _SCHEME.match(path):
        return path
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


def list_files(storage: Storage, path: str) -> list[FileInfo]:
    """The files of a folder, a glob or one file; none if the folder is empty.

    Raises:
        ReadError: there is no such place.
    """
    found = storage.files(path)
    if not found and not storage.exists(_fixed_part(path)):
        raise ReadError(
            f"there is nothing at {path}",
            found="no such file or folder",
            fix="Check read.path: a relative path starts at the lake's root (lake.root).",
        )
    return found


def new_files(ctx: RunContext, source: Read, seen: Seen) -> tuple[dict[str, Any], ...]:
    """The files of a source that no earlier batch has read, by path, size and modification time."""
    path = source_path(ctx.lake, source)
    items = (as_item(info) for info in list_files(storage_of(ctx, path), path))
    return tuple(item for item in items if not seen.has(item))


def as_item(info: FileInfo) -> dict[str, Any]:
    """A file as an intent and a manifest write it down."""
    return {"path": info.path, "size": info.size, "modified_ms": info.modified_ms}


def check_unchanged(ctx: RunContext, items: Iterable[Mapping[str, Any]]) -> None:
    """Refuse to read files that are not what they were when they were listed.

    Raises:
        ReadError: a file has vanished or was written again.
    """
    for item in items:
        path = str(item["path"])
        now = [as_item(info) for info in storage_of(ctx, path).files(path)]
        if now == [dict(item)]:
            continue
        raise ReadError(
            f"the file {path} {'is not what it was when it was listed' if now else 'has vanished since it was listed'}",
            found=_described(now[0]) if now else "no such file",
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
    if path.startswith("file:"):
        from framework.state.local_storage import local_path

        path = str(local_path(path))
    escaped = re.sub(r"([\\{}\[\]*?])", r"\\\1", path)
    return f"file:{escaped}" if path.startswith("/") else escaped


def _fixed_part(path: str) -> str:
    """The folders before the first wildcard."""
    magic = _MAGIC.search(path)
    return path[: magic.start()].rpartition("/")[0] if magic else path


def _described(item: Mapping[str, Any]) -> str:
    return f"{item['size']} bytes of {item['modified_ms']} ms"
