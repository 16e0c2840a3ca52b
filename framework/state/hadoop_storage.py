"""Small files on any file system that Hadoop knows (S3A, HDFS, ...), through the driver's JVM."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from framework.errors import StateError
from framework.state.storage import FileInfo

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class HadoopStorage:
    """Storage on URIs of any scheme. Creation is by rename without overwriting where the file system has that."""

    def __init__(self, spark: SparkSession) -> None:
        self._jvm: Any = spark._jvm
        self._conf: Any = spark._jsc.hadoopConfiguration()  # type: ignore[attr-defined]

    def exists(self, path: str) -> bool:
        return bool(self._fs(path).exists(self._path(path)))

    def read_text(self, path: str) -> str:
        try:
            stream = self._fs(path).open(self._path(path))
            try:
                return bytes(self._jvm.org.apache.commons.io.IOUtils.toByteArray(stream)).decode()
            finally:
                stream.close()
        except Exception as error:
            raise StateError(f"cannot read {path}", found=_reason(error)) from error

    def create(self, path: str, text: str) -> bool:
        fs, target = self._fs(path), self._path(path)
        if fs.exists(target):
            return False
        self._put(path, text, overwrite=False)
        return True

    def write(self, path: str, text: str) -> None:
        self._put(path, text, overwrite=True)

    def files(self, path: str, *, recursive: bool = True) -> list[FileInfo]:
        statuses = self._fs(path).globStatus(self._path(path)) or []
        found: list[FileInfo] = []
        for status in statuses:
            self._collect(path, status, found, recursive, depth=0)
        return sorted(found, key=lambda info: info.path)

    def all_files(self, folder: str) -> list[FileInfo]:
        fs, base = self._fs(folder), self._path(folder)
        if not fs.exists(base):
            return []
        infos = [self._info(status) for status in fs.listStatus(base) if status.isFile()]
        return sorted(infos, key=lambda info: info.path)

    def copy(self, source: str, target: str) -> tuple[int, str]:
        try:
            reader = self._fs(source).open(self._path(source))
            writer = self._fs(target).create(self._path(target), True)
            digest = hashlib.sha256()
            size = 0
            try:
                while chunk := self._jvm.org.apache.commons.io.IOUtils.toByteArray(
                    self._jvm.org.apache.commons.io.input.BoundedInputStream(reader, 1 << 22)
                ):
                    digest.update(bytes(chunk))
                    writer.write(chunk)
                    size += len(chunk)
            finally:
                reader.close()
                writer.close()
        except Exception as error:
            raise StateError(f"cannot copy {source} to {target}", found=_reason(error)) from error
        return size, digest.hexdigest()

    def delete(self, path: str) -> None:
        self._fs(path).delete(self._path(path), True)

    def _put(self, path: str, text: str, *, overwrite: bool) -> None:
        fs, target = self._fs(path), self._path(path)
        try:
            if fs.getScheme() in ("s3", "s3a", "s3n"):
                # an object appears whole when its stream is closed; a rename would be a copy
                self._stream(fs, target, text, overwrite)
                return
            temporary = self._path(f"{path.rpartition('/')[0]}/.{path.rpartition('/')[2]}.tmp")
            self._stream(fs, temporary, text, True)
            if overwrite:
                fs.delete(target, False)
            if not fs.rename(temporary, target):
                raise StateError(f"cannot write {path}", found="the rename was refused")
        except StateError:
            raise
        except Exception as error:
            raise StateError(
                f"cannot write {path}",
                found=_reason(error),
                fix="Check that the lake's root (lake.root) exists and may be written.",
            ) from error

    def _stream(self, fs: Any, target: Any, text: str, overwrite: bool) -> None:
        stream = fs.create(target, overwrite)
        stream.write(bytearray(text.encode()))
        stream.close()

    def _collect(self, asked: str, status: Any, found: list[FileInfo], recursive: bool, depth: int) -> None:
        name = status.getPath().getName()
        if depth and name.startswith(("_", ".")):
            return
        if status.isFile():
            found.append(self._info(status))
        elif recursive or depth == 0:
            for child in self._fs(asked).listStatus(status.getPath()):
                if child.isFile() or recursive:
                    self._collect(asked, child, found, recursive, depth + 1)

    def _info(self, status: Any) -> FileInfo:
        return FileInfo(status.getPath().toString(), status.getLen(), status.getModificationTime())

    def _path(self, path: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(path)

    def _fs(self, path: str) -> Any:
        return self._path(path).getFileSystem(self._conf)


def _reason(error: Exception) -> str:
    java = getattr(error, "java_exception", None)
    return str(java.getMessage() if java is not None else error).splitlines()[0]
