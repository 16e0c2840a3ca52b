"""Fewer questions to Java: what a name means there doesn't change.

Each function of a column expression asks the JVM twice what its name stands for before it is called; a merge's
expressions are a thousand such questions, each a round trip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_FUNCTIONS = ("functions", "org.apache.spark.sql.functions", "PythonUtils")
"""What expressions of PySpark 3.5 and 4.1 are made with, as they ask for it."""


class Remembered:
    """A Java class whose members are looked up once."""

    def __init__(self, java_class: Any) -> None:
        self._java_class = java_class

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._java_class, name)
        setattr(self, name, member)
        return member

    def __call__(self, *values: Any) -> Any:
        return self._java_class(*values)


def java_class(spark: SparkSession, name: str) -> Any:
    """The class of a full name; looked up once per JVM."""
    view: Any = spark._jvm
    known = vars(view).get(name)
    if known is None:
        known = Remembered(getattr(view, name))
        setattr(view, name, known)
    return known


def remember_functions(spark: SparkSession) -> None:
    """Let PySpark's own functions of columns be looked up once each."""
    for name in _FUNCTIONS:
        java_class(spark, name)
