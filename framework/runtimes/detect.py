"""Which runtime this is, from evidence: what `--runtime auto` means.

Gathering looks at the world and decides nothing; `detect` decides and looks at nothing but the facts given.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Facts = Mapping[str, str]
"""What was found: `env:NAME`, `file:PATH`, `module:NAME` or `argument:--NAME` -> its value (or "")."""

RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
    # Glue names the job in the arguments; a machine that merely has awsglue installed isn't Glue.
    ("glue", ("module:awsglue", "argument:--JOB_NAME")),
    ("emr-serverless", ("env:SERVERLESS_EMR_JOB_ID",)),
    ("emr-serverless", ("env:SERVERLESS_EMR_VIRTUAL_CLUSTER_ID",)),
    # every node of an EMR cluster has this file; the gateway is there only under spark-submit
    ("emr", ("file:/mnt/var/lib/info/job-flow.json", "env:PYSPARK_GATEWAY_PORT")),
    ("spark-submit", ("env:PYSPARK_GATEWAY_PORT",)),
)
"""Runtime and the facts that all must hold; the first rule that fits wins; else `local`."""


@dataclass(frozen=True)
class Detected:
    """A runtime and the facts that gave it away."""

    name: str
    evidence: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(self.evidence) or 'nothing says otherwise'})"


def detect(facts: Facts) -> Detected:
    """The runtime that the facts show.

    >>> print(detect({"env:PYSPARK_GATEWAY_PORT": "40123"}))
    spark-submit (env:PYSPARK_GATEWAY_PORT)
    >>> print(detect({}))
    local (nothing says otherwise)
    """
    for name, evidence in RULES:
        if all(fact in facts for fact in evidence):
            return Detected(name, evidence)
    return Detected("local", ())


def gather_facts(argv: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """The facts that hold here, of those that some rule asks for."""
    asked = {fact for _, evidence in RULES for fact in evidence}
    found = {fact: _look(*fact.split(":", 1), argv=argv, environ=environ) for fact in asked}
    return {fact: value for fact, value in found.items() if value is not None}


def _look(kind: str, name: str, *, argv: Sequence[str], environ: Mapping[str, str]) -> str | None:
    if kind == "env":
        return environ.get(name)
    if kind == "file":
        return "" if Path(name).exists() else None
    if kind == "module":
        return "" if importlib.util.find_spec(name) else None
    return _argument(name, argv)


def _argument(name: str, argv: Sequence[str]) -> str | None:
    for position, text in enumerate(argv):
        if text == name:
            return next(iter(argv[position + 1 : position + 2]), "")
        if text.startswith(f"{name}="):
            return text.partition("=")[2]
    return None
