"""What differs between the platforms, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from framework.errors import ConfigError

S3_BY_S3A: Mapping[str, str] = MappingProxyType(
    {
        "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.s3.impl": "org.apache.hadoop.fs.s3a.S3A",
    }
)


@dataclass(frozen=True)
class Platform:
    """One place where jobs run."""

    name: str
    master: str | None = None
    """The master; None where the submission names it."""
    launches: bool = False
    """True if Python launches the JVM: then jars come from the cache; else the submission brings them."""
    spark: Mapping[str, str] = field(default_factory=dict)
    """Settings that only this platform needs; those of the lake win."""
    warehouse_in_lake: bool = False
    """True if Spark's warehouse goes below the lake's root, lest it is made in the working folder."""


PLATFORMS: Mapping[str, Platform] = MappingProxyType(
    {
        platform.name: platform
        for platform in (
            Platform("local", master="local[*]", launches=True),
            # on the AWS platforms s3:// is their own file system's: it stays as they set it
            Platform("spark-submit", spark=S3_BY_S3A, warehouse_in_lake=True),
            Platform("emr"),
            Platform("emr-serverless"),
            Platform("glue"),
        )
    }
)


def platform_of(name: str) -> Platform:
    """The platform of that name."""
    if name not in PLATFORMS:
        raise ConfigError(
            "there is no such runtime", found=repr(name), expected="auto or " + " or ".join(PLATFORMS)
        )
    return PLATFORMS[name]
