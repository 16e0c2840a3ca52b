"""What differs between lines of Spark, by capability: the one place that asks for a version.

Code says `if capabilities.xml_builtin`, never `if version >= "4.0"`: the name tells why there are two ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.session.versions import spark_line

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Capabilities:
    """The abilities of one line of Spark that Sluice has two ways for."""

    line: str
    merge_with_schema_evolution: bool
    """`MERGE WITH SCHEMA EVOLUTION` is understood by Iceberg tables."""
    iceberg_session_snapshot_properties: bool
    """`spark.sql.iceberg.snapshot-property.*` marks the commits of MERGE, UPDATE and DELETE."""
    delta_type_widening: bool
    """Delta widens a column's type (int to bigint, ...) without touching its files."""
    xml_builtin: bool
    """The format `xml` needs no jar, and rows can be given as strings."""
    variant: bool
    """The type VARIANT and `parse_json` exist."""
    string_collations: bool
    """Columns may have a collation, which changes what equality means."""
    ansi_by_default: bool
    """ANSI mode is on unless it is turned off."""
    spark_connect_classes: bool
    """DataFrames have a classic and a Connect implementation below one abstract class."""


def capabilities(version: str) -> Capabilities:
    """The capabilities of a version of Spark, vendors' builds included.

    >>> capabilities("3.5.6-amzn-1").xml_builtin, capabilities("4.1.3").xml_builtin
    (False, True)
    """
    line = spark_line(version)
    major, minor = (int(part) for part in line.split("."))
    four = major >= 4
    four_one = (major, minor) >= (4, 1)
    return Capabilities(
        line=line,
        merge_with_schema_evolution=four_one,
        iceberg_session_snapshot_properties=four_one,
        delta_type_widening=four,
        xml_builtin=four,
        variant=four,
        string_collations=four,
        ansi_by_default=four,
        spark_connect_classes=four,
    )


def capabilities_of(spark: SparkSession) -> Capabilities:
    """The capabilities of a live session."""
    return capabilities(spark.version)
