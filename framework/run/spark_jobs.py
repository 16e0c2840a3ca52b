"""The Spark jobs of a run: a tag tells them from others of the same application, so that they can be cancelled."""

from __future__ import annotations

from framework.context import RunContext


class SparkJobs:
    """Whatever the threads of a run ask of Spark, once they have said that it is theirs."""

    def __init__(self, ctx: RunContext) -> None:
        self._ctx = ctx
        self._tag = f"sluice-{ctx.run_id}".replace(",", "-")  # Spark allows no comma in a tag

    def are_mine(self) -> None:
        """What this thread asks of Spark from now on belongs to the run."""
        self._ctx.spark.sparkContext.addJobTag(self._tag)

    def cancel(self) -> None:
        """Cancel what runs now, and let the run's jobs begin no further step."""
        self._ctx.stop.set()
        try:
            self._ctx.spark.sparkContext.cancelJobsWithTag(self._tag)
        except Exception as error:  # Spark may have been stopped by the same signal
            self._ctx.log.debug("Spark's jobs could not be cancelled: %s", error)
