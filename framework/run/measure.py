"""Counting while doing: figures that an action delivers on its way, without a pass of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from queue import Empty, Queue
from threading import Thread
from typing import Any

from pyspark.sql import Column, DataFrame, Observation
from pyspark.sql import functions as F

from framework.sql import exact_json

_TOLD = "figures"


class Measured:
    """A DataFrame that counts as it is first evaluated, and the figures afterwards: integers, texts, booleans."""

    def __init__(self, df: DataFrame, figures: Sequence[Column]) -> None:
        self._observation = Observation()
        # as one text: PySpark 3.5 asks for each figure by itself, which is five calls into the JVM
        told = F.to_json(F.struct(*figures), exact_json()).alias(_TOLD)
        self._recount = lambda: json.loads(df.agg(told).collect()[0][_TOLD])
        self.df = df.observe(self._observation, told)

    def figures(self, seconds: float = 10) -> dict[str, Any]:
        """The figures of the action that has just succeeded; counted again if Spark delivered none."""
        found: Queue[dict[str, Any]] = Queue()

        def deliver() -> None:
            try:
                found.put(json.loads(self._observation.get[_TOLD]))
            except Exception:
                found.put({})  # Spark 4.1 has a row without columns then, which it can't hand over

        # Spark 3.5's own wait has no end then; a daemon that is left in it doesn't hold the process at its exit
        Thread(target=deliver, daemon=True).start()
        # a plan that Spark cut short (an empty branch) takes its counters with it
        try:
            return found.get(timeout=seconds) or self._recount()
        except Empty:
            return self._recount()
