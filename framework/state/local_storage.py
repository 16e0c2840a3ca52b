"""Small files on the machine's own file system; needs no JVM."""

from __future__ import annotations

import glob
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlparse

from framework.errors import StateError
from framework.state.storage import FileInfo


def local_path(path: str) -> Path:
    """The path behind a bare path or a `file:` URI.

    >>> str(local_path("file:///tmp/a%20b"))
    '/tmp/a b'
    """
    if path.startswith("file:"):
        return Path(unquote(urlparse(path).path))
    return Path(path)


def _hidden(path: Path) -> bool:
    return path.name.startswith(("_", "."))


class LocalStorage:
    """Storage on bare paths and `file:` URIs."""

    def exists(self, path: str) -> bool:
        return local_path(path).exists()

    def read_text(self, path: str) -> str:
        try:
            return local_path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise StateError(f"cannot read {path}", found=error.strerror) from error

    def create(self, path: str, text: str) -> bool:
        with self._temporary(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
            try:
                # a hard link fails where the name is taken, and shows the whole content at once
                os.link(temporary, local_path(path))
            except FileExistsError:
                return False
        return True

    def write(self, path: str, text: str) -> None:
        with self._temporary(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
            temporary.replace(local_path(path))

    def files(self, path: str, *, recursive: bool = True) -> list[FileInfo]:
        found = list(self._walk(path, recursive))
        return sorted(found, key=lambda info: info.path)

    def all_files(self, folder: str) -> list[FileInfo]:
        base = local_path(folder)
        if not base.is_dir():
            return []
        spelled = folder.rstrip("/")
        return sorted(
            (self._info(entry, f"{spelled}/{entry.name}") for entry in base.iterdir() if entry.is_file()),
            key=lambda info: info.path,
        )

    def copy(self, source: str, target: str) -> tuple[int, str]:
        try:
            with self._temporary(target) as temporary:
                digest = hashlib.sha256()
                with local_path(source).open("rb") as reader, temporary.open("wb") as writer:
                    while chunk := reader.read(1 << 20):
                        digest.update(chunk)
                        writer.write(chunk)
                shutil.copystat(local_path(source), temporary)
                size = temporary.stat().st_size
                temporary.replace(local_path(target))
        except OSError as error:
            raise StateError(f"cannot copy {source} to {target}", found=error.strerror) from error
        return size, digest.hexdigest()

    def delete(self, path: str) -> None:
        target = local_path(path)
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)

    @contextmanager
    def _temporary(self, path: str) -> Iterator[Path]:
        """A file beside the target that isn't there any more afterwards, whatever happens."""
        target = local_path(path)
        temporary: Path | None = None
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            os.close(handle)
            temporary = Path(name)
            yield temporary
        except OSError as error:
            raise StateError(
                f"cannot write {path}",
                found=error.strerror,
                fix="Check that the lake's root (lake.root) exists, has space and may be written.",
            ) from error
        finally:
            if temporary is not None:
                temporary.unlink(missing_ok=True)

    def _walk(self, path: str, recursive: bool) -> Iterator[FileInfo]:
        base = local_path(path)
        if base.is_file():
            yield self._info(base, path)
        elif base.is_dir():
            spelled = path.rstrip("/")
            for folder, names, files in os.walk(base):
                names[:] = sorted(n for n in names if not n.startswith(("_", "."))) if recursive else []
                below = Path(folder).relative_to(base).as_posix()
                prefix = spelled if below == "." else f"{spelled}/{below}"
                for name in files:
                    if not name.startswith(("_", ".")):
                        yield self._info(Path(folder) / name, f"{prefix}/{name}")
        elif glob.has_magic(path):
            # a pattern may be absolute, which Path.glob refuses
            for match in glob.glob(str(base), recursive=True):  # noqa: PTH207
                if not _hidden(Path(match)):
                    yield from self._walk(match, recursive)

    def _info(self, path: Path, spelled: str) -> FileInfo:
        stat = path.stat()
        return FileInfo(spelled, stat.st_size, stat.st_mtime_ns // 1_000_000)
