"""Small files on any file system that Hadoop knows (S3A, HDFS, ...), through the driver's JVM.

What makes a write all or nothing differs: an object appears when its stream is closed; elsewhere a file is written
under a hidden name and renamed. Bytes that are copied never leave the JVM.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from py4j.protocol import Py4JError, Py4JJavaError

from framework.config.places import absolute, bare_path, is_local, is_s3
from framework.errors import StateError
from framework.state.hadoop_listing import Found, listed
from framework.state.patterns import has_magic, is_hidden, parse_pattern
from framework.state.s3_create import create_object
from framework.state.storage import FileInfo, child

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

T = TypeVar("T")
_READERS = 16
_FIX = "Check that the lake's root (lake.root) exists and may be written."


class HadoopStorage:
    """Storage on URIs of any scheme; bare paths are those of this machine."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark._jvm
        self._conf: Any = spark._jsc.hadoopConfiguration()  # type: ignore[attr-defined]

    def exists(self, path: str) -> bool:
        with _told(f"cannot look at {path}"):
            return bool(self._fs(path).exists(self._path(path)))

    def read_text(self, path: str) -> str:
        with _told(f"cannot read {path}"), self._opened(path) as stream:
            return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream)).decode()

    def read_texts(self, paths: Sequence[str]) -> list[str]:
        if len(paths) < 2:
            return [self.read_text(path) for path in paths]
        with ThreadPoolExecutor(min(_READERS, len(paths)), "sluice-read") as pool:
            return list(pool.map(self.read_text, paths))

    def create(self, path: str, text: str) -> bool:
        with _told(f"cannot write {path}", fix=_FIX):
            if is_s3(path):
                return create_object(self._jvm, self._fs(path), self._path(path), text.encode())
            return self._renamed(path, lambda stream: stream.write(bytearray(text.encode())), replace=False)[
                0
            ]

    def write(self, path: str, text: str) -> None:
        with _told(f"cannot write {path}", fix=_FIX):
            self._place(path, lambda stream: stream.write(bytearray(text.encode())))

    def files(self, path: str) -> list[FileInfo]:
        with _told(f"cannot list {path}"):
            status = self._status(path)
            if status is not None and status.isFile():
                return [FileInfo(path, status.getLen(), status.getModificationTime())]
            if status is not None:
                found = self._below(path, lambda below: not any(map(is_hidden, below.split("/"))))
            elif has_magic(path):
                pattern = parse_pattern(path)
                found = self._below(pattern.folder, pattern.takes)
            else:
                return []
            return sorted(found, key=lambda info: info.path)

    def all_files(self, folder: str) -> list[FileInfo]:
        with _told(f"cannot list {folder}"):
            found = self._listed(folder, lambda fs, base: fs.listStatusIterator(base))
            infos = [_info(folder, below, each) for below, each in found if not each.is_folder]
            return sorted(infos, key=lambda info: info.path)

    def copy(self, source: str, target: str) -> tuple[int, str]:
        with _told(f"cannot copy {source} to {target}"), self._opened(source) as reader:
            # looked up before the copy: a source that changes meanwhile is not passed off as the new one
            modified = self._fs(source).getFileStatus(self._path(source)).getModificationTime()
            return self._place(target, lambda writer: self._digested(reader, writer), modified)

    def digest(self, path: str) -> tuple[int, str]:
        with _told(f"cannot read {path}"), self._opened(path) as reader:
            return self._digested(reader, self._jvm.java.io.OutputStream.nullOutputStream())

    def delete(self, path: str) -> None:
        with _told(f"cannot delete {path}"):
            self._fs(path).delete(self._path(path), True)

    def _place(self, path: str, fill: Callable[[Any], T], modified: int | None = None) -> T:
        """A file with what `fill` writes, whole or not at all, in place of the one that may be there."""
        if not is_s3(path):
            return self._renamed(path, fill, modified)[1]
        fs, target = self._fs(path), self._path(path)
        stream = fs.create(target, True)
        try:
            result = fill(stream)
        except BaseException:
            _abandon(stream, lambda: fs.delete(target, False))
            raise
        stream.close()
        return result

    def _renamed(
        self, path: str, fill: Callable[[Any], T], modified: int | None = None, *, replace: bool = True
    ) -> tuple[bool, T]:
        """Write beside the target and rename; whether it took the name, and what `fill` gave."""
        fs, target = self._fs(path), self._path(path)
        hadoop = self._jvm.org.apache.hadoop.fs
        beside = hadoop.Path(target.getParent(), f".{target.getName()}.{uuid.uuid4().hex}.tmp")
        try:
            stream = fs.create(beside, True)
            try:
                result = fill(stream)
            finally:
                stream.close()
            if modified is not None:
                fs.setTimes(beside, modified, -1)
            return self._rename(beside, target, replace), result
        finally:
            with suppress(Py4JError):
                fs.delete(beside, False)

    def _rename(self, source: Any, target: Any, replace: bool) -> bool:
        """Rename in one step, which `FileSystem.rename` can't do onto a file that is there."""
        kinds = getattr(self._jvm.org.apache.hadoop.fs, "Options$Rename")
        options = self._jvm.java.lang.reflect.Array.newInstance(kinds.NONE.getClass(), 1)
        options[0] = kinds.OVERWRITE if replace else kinds.NONE
        context = self._jvm.org.apache.hadoop.fs.FileContext.getFileContext(target.toUri(), self._conf)
        try:
            context.rename(source, target, options)
        except Py4JJavaError as error:
            if not replace and _class(error).endswith("FileAlreadyExistsException"):
                return False
            raise
        return True

    def _digested(self, reader: Any, writer: Any) -> tuple[int, str]:
        """Pump one stream into another; size and SHA-256 of what passed."""
        digest = self._jvm.java.security.MessageDigest.getInstance("SHA-256")
        through = self._jvm.java.security.DigestInputStream(reader, digest)
        size = self._jvm.org.apache.commons.io.IOUtils.copyLarge(through, writer)
        return int(size), bytes(digest.digest()).hex()

    def _below(self, folder: str, takes: Callable[[str], bool]) -> list[FileInfo]:
        found = self._listed(folder, lambda fs, base: fs.listFiles(base, True))
        return [_info(folder, below, each) for below, each in found if takes(below)]

    def _listed(self, folder: str, list_it: Callable[[Any, Any], Any]) -> list[tuple[str, Found]]:
        """What a listing of a folder gives, by its path below the folder; [] if there is no such folder."""
        fs, base = self._fs(folder), self._path(folder)
        start = len(fs.makeQualified(base).toString().rstrip("/")) + 1
        try:
            found = listed(self._jvm, list_it(fs, base))
        except Py4JJavaError as error:
            if _class(error).endswith("FileNotFoundException"):
                return []
            raise
        return [(each.path[start:], each) for each in found]

    def _status(self, path: str) -> Any | None:
        try:
            return self._fs(path).getFileStatus(self._path(path))
        except Py4JJavaError as error:
            if _class(error).endswith("FileNotFoundException"):
                return None
            raise

    @contextmanager
    def _opened(self, path: str) -> Iterator[Any]:
        stream = self._fs(path).open(self._path(path))
        try:
            yield stream
        finally:
            stream.close()

    def _path(self, path: str) -> Any:
        # without a scheme Hadoop would take its default file system, which on a cluster is HDFS
        whole = f"file:{absolute(bare_path(path))}" if is_local(path) else path
        return self._jvm.org.apache.hadoop.fs.Path(whole)

    def _fs(self, path: str) -> Any:
        return self._path(path).getFileSystem(self._conf)


def _info(folder: str, below: str, found: Found) -> FileInfo:
    return FileInfo(child(folder, below), found.size, found.modified_ms)


def _abandon(stream: Any, remove: Callable[[], Any]) -> None:
    """Close a stream without making its object, or remove the part of it that closing made."""
    try:
        stream.abort()
    except Py4JError:
        with suppress(Py4JError):
            stream.close()
        with suppress(Py4JError):
            remove()


@contextmanager
def _told(what: str, fix: str | None = None) -> Iterator[None]:
    """Java's failures, and texts that are none, in the framework's words."""
    try:
        yield
    except (Py4JError, UnicodeError) as error:
        raise StateError(what, found=_reason(error), fix=fix) from error


def _class(error: Py4JJavaError) -> str:
    return str(error.java_exception.getClass().getName())


def _reason(error: Exception) -> str:
    java = getattr(error, "java_exception", None)
    text = str(java.toString() if java is not None else error)
    return text.splitlines()[0] if text else type(error).__name__
