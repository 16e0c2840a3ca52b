"""A runtime: how the session begins and how the run ends on one platform.

A job knows none of this: it never makes a session, reads arguments or the environment, or stops Spark.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, Protocol

from framework.runtimes.exits import Leave
from framework.session import SessionSettings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Runtime(Protocol):
    """Start once, then either succeed or fail once."""

    name: str

    def start(self) -> SparkSession:
        """The session of the run: made, or adopted and checked if one is live already."""
        ...

    def succeed(self) -> None:
        """Tell the platform that all went well; comes back, and the script ends by itself."""
        ...

    def fail(self, error: BaseException) -> NoReturn:
        """Tell the platform why it failed, the way it understands; never comes back."""
        ...


Build = Callable[[SessionSettings], "SparkSession"]


def build(settings: SessionSettings) -> SparkSession:
    """`framework.session.builder.build_session`, imported only when a session is wanted."""
    from framework.session.builder import build_session

    return build_session(settings)


class SparkRuntime:
    """Local, spark-submit, EMR and EMR Serverless: they differ in settings and in the way to leave."""

    def __init__(self, name: str, settings: SessionSettings, leave: Leave, build: Build = build) -> None:
        self.name = name
        self.settings = settings
        self._leave = leave
        self._build = build
        self._own: SparkSession | None = None

    def start(self) -> SparkSession:
        adopted = _spark_is_running()
        session = self._build(self.settings)
        self._own = None if adopted else session
        return session

    def succeed(self) -> None:
        self._stop()

    def fail(self, error: BaseException) -> NoReturn:
        self._stop()
        self._leave(error)

    def _stop(self) -> None:
        # a session that somebody else made is theirs to stop
        own, self._own = self._own, None
        if own is not None:
            _end(own)


def _end(session: SparkSession) -> None:
    """Stop Spark; its JVM may be gone already, ended by the signal that ends this process."""
    from py4j.protocol import Py4JError

    try:
        session.stop()
    except (Py4JError, OSError) as error:
        logging.getLogger("sluice").debug("Spark could not be stopped: %s", error)


def _spark_is_running() -> bool:
    from pyspark import SparkContext

    return SparkContext._active_spark_context is not None
