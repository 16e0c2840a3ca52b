"""Where a configuration comes from: a folder, files shipped in the zip, or a URI; read as a local folder.

| `--config`                | what is read                                                             |
|---------------------------|--------------------------------------------------------------------------|
| `conf`                    | the folder, if it is there; else the folder shipped beside the framework |
| `file:/opt/lake/conf`     | the folder                                                               |
| `s3://b/lake/conf`, `s3a:`| a copy, made through Hadoop's file systems: no AWS library is needed     |
| `.../lake.zip`            | the unpacked zip; its `conf` folder if it has one                        |
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from framework.config.places import bare_path, scheme_of
from framework.errors import ConfigError

Fetch = Callable[[str, Path], None]
"""Copies what a URI names, a folder or a file, to a local path that doesn't exist yet."""


@contextmanager
def conf_folder(config: str, fetch: Fetch | None = None) -> Iterator[str]:
    """A local folder with the configuration; copies are removed at the end."""
    scratch = Path(tempfile.mkdtemp(prefix="sluice-conf-"))
    try:
        found = _locate(config, scratch, fetch or fetch_by_hadoop)
        yield str(_unpacked(found, scratch) if found.suffix == ".zip" else found)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def fetch_by_hadoop(uri: str, target: Path) -> None:
    """Copy by the file systems of the driver's JVM, without a session: what is fetched may configure it."""
    from pyspark import SparkContext

    SparkContext._ensure_initialized()
    jvm = SparkContext._jvm
    assert jvm is not None
    conf = jvm.org.apache.spark.deploy.SparkHadoopUtil.get().newConfiguration(
        jvm.org.apache.spark.SparkConf()
    )
    if conf.get("fs.s3.impl") is None:
        conf.set("fs.s3.impl", "org.apache.hadoop.fs.s3a.S3AFileSystem")
    path = jvm.org.apache.hadoop.fs.Path(uri)
    path.getFileSystem(conf).copyToLocalFile(False, path, jvm.org.apache.hadoop.fs.Path(str(target)), True)


def _locate(config: str, scratch: Path, fetch: Fetch) -> Path:
    scheme = scheme_of(config)
    if scheme == "":
        return Path(config) if Path(config).exists() else _shipped(config, scratch)
    if scheme == "file":
        return _existing(Path(bare_path(config)), config)
    target = scratch / (config.rstrip("/").rpartition("/")[2] or "conf")
    try:
        fetch(config, target)
    except Exception as error:
        raise ConfigError(
            f"the configuration {config} can't be read",
            found=_reason(error),
            fix="Check the URI in --config and that this job may read it.",
        ) from error
    return target


def _shipped(config: str, scratch: Path) -> Path:
    """The folder beside the framework: in a checkout, or in the zip of `--py-files`."""
    package = files("framework")
    if isinstance(package, Path):
        return _existing(package.parent / config, config)
    # inside a zip `files` gives a zipfile.Path, which has a parent like any path
    beside: Traversable = package.parent.joinpath(config)  # type: ignore[attr-defined]
    if not beside.is_dir():
        raise _missing(config)
    target = scratch / "shipped"
    _copy(beside, target)
    return target


def _copy(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True)
    for item in source.iterdir():
        if item.is_dir():
            _copy(item, target / item.name)
        else:
            (target / item.name).write_bytes(item.read_bytes())


def _unpacked(archive: Path, scratch: Path) -> Path:
    target = scratch / "unpacked"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(target)
    return target / "conf" if (target / "conf").is_dir() else target


def _existing(path: Path, config: str) -> Path:
    if not path.exists():
        raise _missing(config)
    return path


def _missing(config: str) -> ConfigError:
    return ConfigError(
        "there is no configuration",
        found=f"nothing at {config!r}, here or in the shipped zip",
        fix="Set --config to a folder, a URI or a .zip, or package conf/ too, as spark-submit.sh does.",
    )


def _reason(error: Exception) -> str:
    java = getattr(error, "java_exception", None)
    return str(java.toString() if java is not None else error).splitlines()[0]
