"""`--set key=value`: the last layer of configuration.

| key | changes |
|---|---|
| `lake.parallel=4` | the lake |
| `jobs.corebank.customers.write.format=delta` | one job, by its name |
| `write.format=delta` | the jobs selected for this run (all, if none is named) |

One `--set` may hold several, separated by `;`. A value is written as in YAML: `4`, `true`, `[a, b]`, `"a;b"`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from framework.config import yaml_file
from framework.config.tree import Value, nested
from framework.config.words import did_you_mean
from framework.errors import ConfigError

ORIGIN = "--set"
OPEN_MAPS = frozenset({"options", "properties", "spark", "variables"})
"""Mappings of free keys: what follows them in a dotted key is one key, dots and all."""


@dataclass(frozen=True)
class Override:
    """One `key=value`: for the lake (job is None, everywhere False), one job, or every selected job."""

    job: str | None
    tree: Value
    everywhere: bool = False


def parse(
    texts: Iterable[str], jobs: Sequence[str], lake_keys: Iterable[str], job_keys: Iterable[str]
) -> tuple[list[Override], list[ConfigError]]:
    """All overrides of the command line, in their order, and those that are not understood."""
    lake, known = list(lake_keys), list(job_keys)
    found: list[Override] = []
    problems: list[ConfigError] = []
    for part in (part for text in texts for part in split(text)):
        try:
            found.append(_parse_one(part, jobs, lake, known))
        except ConfigError as problem:
            problems.append(problem)
    return found, problems


def split(text: str) -> list[str]:
    """The parts between `;` outside quotes and brackets.

    >>> split('lake.parallel=4; write.partition_by=[a, "b;c"]')
    ['lake.parallel=4', 'write.partition_by=[a, "b;c"]']
    """
    parts, depth, quote = [""], 0, ""
    for sign in text:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        elif sign == ";" and depth == 0:
            parts.append("")
            continue
        parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def _parse_one(text: str, jobs: Sequence[str], lake_keys: list[str], job_keys: list[str]) -> Override:
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise ConfigError(
            "--set is not understood",
            found=text,
            expected="key=value",
            fix="Such as `--set lake.parallel=4`.",
        )
    first, _, rest = key.partition(".")
    if key == "job" or (first == "jobs" and rest in {f"{name}.job" for name in jobs}):
        raise ConfigError(f"--set {key}: the name of a job can't be changed", fix="Name the job in its file.")
    if first == "lake" and rest:
        return Override(None, nested(path(rest), _value(value)))
    if first == "jobs" and rest:
        name = _job_of(rest, jobs, key)
        return Override(name, nested(path(rest[len(name) + 1 :]), _value(value)))
    if first in job_keys:
        return Override(None, nested(path(key), _value(value)), everywhere=True)
    raise ConfigError(f"--set {key}: no such key", fix=_advice(first, key, lake_keys, job_keys))


def _advice(first: str, key: str, lake_keys: list[str], job_keys: list[str]) -> str:
    if first in lake_keys:
        return f"Keys of the lake begin with `lake.`: --set lake.{key}=..."
    near = did_you_mean(first, ["lake", "jobs", *job_keys])
    return near or "Begin with `lake.`, `jobs.<name>.`, or a key of a job."


def path(dotted: str) -> list[str]:
    """The steps of a dotted key.

    >>> path("spark.spark.sql.shuffle.partitions"), path("write.format")
    (['spark', 'spark.sql.shuffle.partitions'], ['write', 'format'])
    """
    steps = dotted.split(".")
    for index, step in enumerate(steps[:-1]):
        if step in OPEN_MAPS:
            return [*steps[: index + 1], ".".join(steps[index + 1 :])]
    return steps


def _job_of(rest: str, jobs: Sequence[str], key: str) -> str:
    fitting = [name for name in jobs if rest.startswith(f"{name}.")]
    if not fitting:
        raise ConfigError(f"--set {key}: no such job", fix=_nearest_job(rest, jobs))
    return max(fitting, key=len)


def _nearest_job(rest: str, jobs: Sequence[str]) -> str | None:
    """The job meant by the beginning of a dotted key; names of jobs have dots too."""
    steps = rest.split(".")
    beginnings = [".".join(steps[:count]) for count in range(1, len(steps))]
    close = [(SequenceMatcher(a=part, b=job).ratio(), job) for part in beginnings for job in jobs]
    ratio, job = max(close, default=(0.0, ""))
    return f"Did you mean `{job}`?" if ratio > 0.6 else did_you_mean(rest, jobs)


def _value(text: str) -> Value:
    try:
        return _with_origin(yaml_file.read(text.strip() or '""', ORIGIN))
    except ConfigError:  # text that only looks like YAML, such as `a: b: c` or an unbalanced bracket
        return Value(text.strip(), ORIGIN)


def _with_origin(value: Value) -> Value:
    content: Any = value.content
    if isinstance(content, dict):
        content = {key: _with_origin(item) for key, item in content.items()}
    elif isinstance(content, list):
        content = [_with_origin(item) for item in content]
    return replace(value, content=content, origin=ORIGIN, text_origin=None)
