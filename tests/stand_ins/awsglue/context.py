"""`GlueContext`: Spark as Glue wraps it."""

from typing import Any


class GlueContext:
    """Wraps a SparkContext; its session is the one that is there."""

    def __init__(self, spark_context: Any) -> None:
        self.spark_context = spark_context
