"""The versions that belong together, as data: a lane is a Spark line and the artifacts that fit it.

Nothing else in Sluice names a version of a jar. A test holds the table against the installed packages.

>>> LANES["3.5"].spark
'3.5.7'
>>> LANES["4.1"].groups["core"][0]
Artifact(org='io.delta', name='delta-spark_4.1_2.13', rev='4.4.0')
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from framework.errors import SessionError


@dataclass(frozen=True)
class Artifact:
    """A jar by its coordinates."""

    org: str
    name: str
    rev: str

    def __str__(self) -> str:
        return f"{self.org}:{self.name}:{self.rev}"


@dataclass(frozen=True)
class Exclusion:
    """Dependencies of one artifact that must not come along: an organisation, whole."""

    of: str
    org: str


@dataclass(frozen=True)
class Lane:
    """A Spark line and what fits it; `java` lists the majors it runs on, best first."""

    line: str
    spark: str
    scala: str
    delta: str
    iceberg: str
    java: tuple[int, ...]
    requirements: str
    groups: Mapping[str, tuple[Artifact, ...]]
    overrides: tuple[Artifact, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)


POSTGRES = Artifact("org.postgresql", "postgresql", "42.7.13")
SQLITE = Artifact("org.xerial", "sqlite-jdbc", "3.54.1.0")
ICEBERG = "1.12.0"

SPARK_35 = Lane(
    line="3.5",
    spark="3.5.7",
    scala="2.12",
    delta="3.3.3",
    iceberg=ICEBERG,
    java=(17,),
    requirements="requirements/spark35.txt",
    groups=MappingProxyType(
        {
            "core": (
                Artifact("io.delta", "delta-spark_2.12", "3.3.3"),
                Artifact("org.apache.iceberg", "iceberg-spark-runtime-3.5_2.12", ICEBERG),
                Artifact("org.apache.spark", "spark-sql-kafka-0-10_2.12", "3.5.7"),
                Artifact("org.apache.spark", "spark-avro_2.12", "3.5.7"),
                Artifact("com.databricks", "spark-xml_2.12", "0.18.0"),
                POSTGRES,
                SQLITE,
            ),
            "quality": (Artifact("com.amazon.deequ", "deequ", "2.1.0-spark-3.5"),),
            "aws": (
                Artifact("org.apache.hadoop", "hadoop-aws", "3.3.4"),
                Artifact("org.apache.iceberg", "iceberg-aws-bundle", ICEBERG),
            ),
        }
    ),
    # Deequ asks for a dqdl that isn't published; this one is, and its rules run.
    overrides=(Artifact("software.amazon.glue", "dqdl", "1.0.0"),),
    exclusions=(
        Exclusion("deequ", "net.sourceforge.f2j"),
        Exclusion("deequ", "org.apache.spark"),
        Exclusion("deequ", "org.scala-lang"),
    ),
)

SPARK_41 = Lane(
    line="4.1",
    spark="4.1.3",
    scala="2.13",
    delta="4.4.0",
    iceberg=ICEBERG,
    java=(17, 21),
    requirements="requirements/spark41.txt",
    groups=MappingProxyType(
        {
            "core": (
                Artifact("io.delta", "delta-spark_4.1_2.13", "4.4.0"),
                Artifact("org.apache.iceberg", "iceberg-spark-runtime-4.1_2.13", ICEBERG),
                Artifact("org.apache.spark", "spark-sql-kafka-0-10_2.13", "4.1.3"),
                Artifact("org.apache.spark", "spark-avro_2.13", "4.1.1"),
                POSTGRES,
                SQLITE,
            ),
            # Hadoop's SDK bundle comes before Iceberg's: the other order breaks S3A.
            "aws": (
                Artifact("org.apache.hadoop", "hadoop-aws", "3.4.2"),
                Artifact("org.apache.iceberg", "iceberg-aws-bundle", ICEBERG),
            ),
        }
    ),
    overrides=(Artifact("org.apache.spark", "spark-token-provider-kafka-0-10_2.13", "4.1.0-preview1"),),
    unavailable=MappingProxyType(
        {
            "quality": "Deequ publishes no jar for Spark 4.1 that resolves: profiles and suggestions need lane 3.5."
        }
    ),
)

LANES: Mapping[str, Lane] = MappingProxyType({lane.line: lane for lane in (SPARK_35, SPARK_41)})
DEFAULT_LINE = "3.5"


def spark_line(version: str) -> str:
    """The major.minor of a version; vendors' suffixes are ignored.

    >>> spark_line("3.5.6-amzn-1")
    '3.5'
    """
    match = re.match(r"(\d+)\.(\d+)", version)
    if not match:
        raise SessionError(
            "the version of Spark can't be read", found=repr(version), expected="major.minor.patch"
        )
    return f"{match[1]}.{match[2]}"


def lane_of(version: str) -> Lane:
    """The lane that a version of Spark belongs to.

    >>> lane_of("3.5.4").line
    '3.5'
    """
    line = spark_line(version)
    if line not in LANES:
        raise SessionError(
            "this line of Spark is not known to Sluice",
            found=version,
            expected=" or ".join(LANES),
            fix="Install one of the extras: pip install 'sluice-lake[spark35]' or 'sluice-lake[spark41]'.",
        )
    return LANES[line]


def default_line(python: tuple[int, int]) -> str:
    """The lane that fits an interpreter: Spark 3.5 does not support Python 3.12 and newer.

    >>> default_line((3, 11)), default_line((3, 13))
    ('3.5', '4.1')
    """
    return "3.5" if python < (3, 12) else "4.1"
