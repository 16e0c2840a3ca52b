"""The sources of a job with the keys they stand at."""

from __future__ import annotations

from collections.abc import Iterator

from framework.config.job import Job, Read

TABLES = ("table", "delta_cdf", "iceberg_changelog")
"""Formats that read a table of the lake, whole or what changed in it."""


def sources(job: Job) -> Iterator[tuple[str, Read]]:
    """Every source: what the job lands first, then what it reads; with its dotted key.

    >>> job = Job(job="a.b", read={"people": {"format": "csv", "path": "p"}}, write={"table": "bronze.a.b"})
    >>> [key for key, _ in sources(job)]
    ['read.people']
    """
    if job.land:
        yield "land.from", job.land.source
    if isinstance(job.read, Read):
        yield "read", job.read
    else:
        yield from ((f"read.{name}", source) for name, source in job.read.items())
