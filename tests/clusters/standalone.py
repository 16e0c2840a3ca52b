"""A standalone cluster of Spark, as processes of the installed pyspark: a Master and Workers on 127.0.0.1.

By hand (Ctrl-C ends it):

    .venv/3.5/bin/python -m tests.clusters.standalone --workers 2
    ./spark-submit.sh --master spark://127.0.0.1:<port> --job corebank.customers
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from framework.session.java import find_java
from framework.session.versions import lane_of

HOST = "127.0.0.1"
START_SECONDS = 60


@dataclass(frozen=True)
class Standalone:
    """A running cluster."""

    master: str
    status_url: str
    folder: Path

    def status(self) -> dict[str, Any]:
        """What the Master says of its workers and applications."""
        with urllib.request.urlopen(self.status_url, timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def workers(self) -> int:
        """How many workers are alive."""
        try:
            return sum(worker["state"] == "ALIVE" for worker in self.status()["workers"])
        except OSError:
            return 0


@contextmanager
def standalone_cluster(
    folder: Path, workers: int = 2, *, cores: int = 1, memory: str = "1g"
) -> Iterator[Standalone]:
    """Start a Master and its workers, wait until all are alive, and end all of them with their executors."""
    port, page = free_ports(2)
    cluster = Standalone(f"spark://{HOST}:{port}", f"http://{HOST}:{page}/json/", folder)
    with ExitStack() as running:
        master = ["deploy.master.Master", "--host", HOST, "--port", str(port), "--webui-port", str(page)]
        running.enter_context(_daemon(master, folder / "master"))
        for number in range(workers):
            place = folder / f"worker-{number}"
            own = [
                "--host",
                HOST,
                "--cores",
                str(cores),
                "--memory",
                memory,
                "--work-dir",
                str(place),
                "--webui-port",
                "0",
            ]
            running.enter_context(_daemon(["deploy.worker.Worker", *own, cluster.master], place))
        _wait_for(cluster, workers)
        yield cluster


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def _daemon(words: list[str], folder: Path) -> Iterator[None]:
    """A process of Spark in a group of its own, so that what it starts ends with it."""
    folder.mkdir(parents=True, exist_ok=True)
    home = _spark_home()
    with (folder / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            [str(home / "bin" / "spark-class"), f"org.apache.spark.{words[0]}", *words[1:]],
            env=_environment(home),
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for kind, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, kind)
        except ProcessLookupError:
            break
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
    process.wait(10)


def _environment(home: Path) -> dict[str, str]:
    java = find_java(lane_of(version("pyspark")), os.environ).home
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SPARK_", "PYSPARK_", "PYTHON"))
    }
    own = {
        "SPARK_HOME": str(home),
        "JAVA_HOME": str(java),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_DAEMON_MEMORY": "256m",
    }
    return {**kept, **own}


def _spark_home() -> Path:
    spec = importlib.util.find_spec("pyspark")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("pyspark is not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def _wait_for(cluster: Standalone, workers: int) -> None:
    until = time.monotonic() + START_SECONDS
    while cluster.workers() < workers:
        if time.monotonic() > until:
            logs = "\n".join(path.read_text()[-2000:] for path in cluster.folder.rglob("daemon.log"))
            raise RuntimeError(f"the cluster did not start within {START_SECONDS} s\n{logs}")
        time.sleep(0.2)


def main() -> None:
    """Start a cluster and keep it until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.clusters.standalone", description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each worker")
    parser.add_argument("--memory", default="1g", help="of each worker")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="sluice-cluster-") as folder,
        standalone_cluster(
            Path(folder), options.workers, cores=options.cores, memory=options.memory
        ) as cluster,
    ):
        print(
            f"{cluster.master}\nstatus: {cluster.status_url}\nfiles:  {folder}\nCtrl-C ends it.", flush=True
        )
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            signal.pause()
        except KeyboardInterrupt:
            print("ending")


if __name__ == "__main__":
    main()
