"""Counting while doing: figures that an action delivers on its way, without a pass of their own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from typing import Any

from pyspark.sql import Column, DataFrame, Observation

from framework.errors import AccountingError


class Measured:
    """A DataFrame that counts as it is first evaluated, and the figures afterwards."""

    def __init__(self, df: DataFrame, figures: Sequence[Column]) -> None:
        self._observation = Observation()
        self.df = df.observe(self._observation, *figures)

    def figures(self, seconds: float = 30) -> dict[str, Any]:
        """The figures of the action that has just succeeded.

        Raises:
            AccountingError: Spark delivered none.
        """
        pool = ThreadPoolExecutor(max_workers=1)
        try:
            return dict(pool.submit(lambda: self._observation.get).result(timeout=seconds))
        except Late as error:
            raise AccountingError(
                "Spark finished an action without delivering its counts",
                fix="Run the job again; if it comes back, report the Spark version.",
            ) from error
        finally:
            pool.shutdown(wait=False)
