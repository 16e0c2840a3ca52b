"""Options of Debezium's envelopes: how the connector or its converter was told to write values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from framework.config.checks.problem import problem
from framework.config.job import Job
from framework.config.project import Project
from framework.config.sources import sources
from framework.config.words import did_you_mean
from framework.errors import ConfigError

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "decimal_mode": ("precise", "string", "double"),
        "binary_mode": ("base64", "base64-url-safe", "hex"),
        "decimal_format": ("base64", "numeric"),
    }
)
"""What these options may be; the first is the default."""


def check_debezium(project: Project, job: Job) -> Iterator[ConfigError]:
    """Values that an option can't have; a unit that no timestamp comes in."""
    if job.changes.envelope not in ("debezium", "debezium_flat"):
        return
    for key, source in sources(job):
        for name, known in CHOICES.items():
            given = source.options.get(name)
            if given is not None and str(given) not in known:
                yield problem(
                    project,
                    job,
                    f"{key}.options.{name}",
                    "has no such value",
                    found=given,
                    expected=", ".join(known),
                    fix=did_you_mean(str(given), known),
                )
        for column in source.columns or []:
            if column.format is not None and column.format not in ("millis", "micros", "nanos"):
                yield problem(
                    project,
                    job,
                    f"{key}.schema.{column.name}",
                    "has a format that Debezium's messages don't know",
                    found=column.format,
                    expected="millis, micros or nanos: the unit of a timestamp that comes as a number",
                    fix="Remove `format`: texts are read in ISO form.",
                )
