"""Fewer calls into the JVM: each is a round trip, and a merge's expressions are thousands of them.

What a name means there doesn't change, so it is asked for once: each function of a column expression would ask twice.
And a list of columns goes over in one call, not in one for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from py4j.java_gateway import JavaClass, JavaObject

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_FUNCTIONS = ("functions", "org.apache.spark.sql.functions", "PythonUtils")
"""What expressions of PySpark 3.5 and 4.1 are made with, as they ask for it."""
_AT_ONCE = 10
"""Elements of the longest `java.util.List.of` that names each."""


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


class ObjectLists:
    """Makes Python lists of Java objects into lists of Java's, ten of them in a call; py4j adds one by one."""

    def __init__(self, client: Any) -> None:
        self._of = JavaClass("java.util.List", client).of
        self._list = JavaClass("java.util.ArrayList", client)

    def can_convert(self, value: Any) -> bool:
        return isinstance(value, list | tuple) and bool(value) and all(type(e) is JavaObject for e in value)

    def convert(self, value: Sequence[Any], client: Any) -> Any:
        if len(value) <= _AT_ONCE:
            return self._of(*value)
        elements, whole = iter(value), self._list()
        while some := list(islice(elements, _AT_ONCE)):
            whole.addAll(self._of(*some))
        return whole


def send_lists_at_once(spark: SparkSession) -> None:
    """Let lists of columns go over in few calls."""
    gateway: Any = spark.sparkContext._gateway
    client = gateway._gateway_client
    if not any(isinstance(each, ObjectLists) for each in client.converters):
        client.converters = [ObjectLists(client), *client.converters]
