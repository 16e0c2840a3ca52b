"""Small files on the machine's own file system; needs no JVM."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from framework.config.places import bare_path
from framework.errors import StateError
from framework.state.patterns import has_magic, is_hidden, parse_pattern
from framework.state.storage import FileInfo, child

_BLOCK = 1 << 20


def local_path(path: str) -> Path:
    """The path behind a bare path or a `file:` URI.

    >>> str(local_path("file:///tmp/a%20b"))
    '/tmp/a b'
    """
    return Path(bare_path(path))


class LocalStorage:
    """Storage on bare paths and `file:` URIs."""

    def exists(self, path: str) -> bool:
        return local_path(path).exists()

    def read_text(self, path: str) -> str:
        try:
            return local_path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise StateError(f"cannot read {path}", found=_reason(error)) from error

    def read_texts(self, paths: Sequence[str]) -> list[str]:
        return [self.read_text(path) for path in paths]

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

    def files(self, path: str) -> list[FileInfo]:
        base = local_path(path)
        if base.is_file():
            return [_info(base, path)]
        if base.is_dir():
            found = self._below(path, lambda below: not is_hidden(below.rpartition("/")[2]))
        elif has_magic(path):
            pattern = parse_pattern(path)
            found = self._below(pattern.folder, pattern.enters, pattern.takes)
        else:
            return []
        return sorted(found, key=lambda info: info.path)

    def all_files(self, folder: str) -> list[FileInfo]:
        base = local_path(folder)
        if not base.is_dir():
            return []
        found = (_info(entry, child(folder, entry.name)) for entry in base.iterdir() if entry.is_file())
        return sorted(found, key=lambda info: info.path)

    def copy(self, source: str, target: str) -> tuple[int, str]:
        origin = local_path(source)
        try:
            reader = origin.open("rb")
        except OSError as error:
            raise StateError(f"cannot copy {source} to {target}", found=error.strerror) from error
        with reader, self._temporary(target) as temporary:
            with temporary.open("wb") as writer:
                result = _digest(reader, writer)
            shutil.copystat(origin, temporary)
            temporary.replace(local_path(target))
        return result

    def digest(self, path: str) -> tuple[int, str]:
        try:
            with local_path(path).open("rb") as reader:
                return _digest(reader)
        except OSError as error:
            raise StateError(f"cannot read {path}", found=error.strerror) from error

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

    def _below(
        self, folder: str, enters: Callable[[str], bool], takes: Callable[[str], bool] | None = None
    ) -> Iterator[FileInfo]:
        """The files below a folder that `takes` wants, without a look into folders that `enters` doesn't want."""
        base = local_path(folder)
        for place, names, files in os.walk(base):
            here = Path(place).relative_to(base).as_posix()
            prefix = "" if here == "." else f"{here}/"
            names[:] = [name for name in names if enters(prefix + name)]
            for name in filter(lambda name: (takes or enters)(prefix + name), files):
                # a file may go while its folder is being looked through, and a link may lead nowhere
                with suppress(FileNotFoundError):
                    yield _info(Path(place) / name, child(folder, prefix + name))


def _digest(reader: BinaryIO, writer: BinaryIO | None = None) -> tuple[int, str]:
    found, size = hashlib.sha256(), 0
    while block := reader.read(_BLOCK):
        found.update(block)
        size += len(block)
        if writer is not None:
            writer.write(block)
    return size, found.hexdigest()


def _info(path: Path, spelled: str) -> FileInfo:
    stat = path.stat()
    return FileInfo(spelled, stat.st_size, stat.st_mtime_ns // 1_000_000)


def _reason(error: OSError | UnicodeError) -> str | None:
    return error.strerror if isinstance(error, OSError) else str(error)
