"""Checks a session that somebody else made: `getOrCreate()` on a live session silently drops static settings.

The check is a pure function of what the session has; it collects everything that is missing, then raises once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from framework.errors import SessionError
from framework.session.catalogs import SPARK_CATALOG
from framework.session.settings import DELTA_EXTENSION, ICEBERG_EXTENSION, SessionSettings

EXTENSIONS = "spark.sql.extensions"
MADE_BY_SLUICE = "spark.sluice.session"
_SECRET = re.compile("password|secret|token|credential|access-key", re.IGNORECASE)
_DELTA_SLOT = "spark.sql.catalog.spark_catalog"

HOW_TO_SET = """How to set it:
  spark-submit, EMR step   --conf KEY=VALUE before the script (or EMR's classification spark-defaults)
  EMR Serverless           --conf KEY=VALUE inside sparkSubmitParameters
  Glue                     job parameter --conf with the value KEY=VALUE --conf KEY2=VALUE2
  your own session         SparkSession.builder.config(KEY, VALUE), before the first getOrCreate()"""

HOW_TO_ADD_JARS = """How to add them:
  spark-submit, EMR step   --jars or --packages (EMR: they are there with the applications Delta and Iceberg)
  EMR Serverless           --jars inside sparkSubmitParameters
  Glue                     job parameter --datalake-formats with the value iceberg,delta
  your own session         SparkSession.builder.config("spark.jars", ...), before the first getOrCreate()"""


@dataclass(frozen=True)
class Live:
    """What can be asked of a session: a setting (None if unset), and whether a class can be loaded."""

    setting: Callable[[str], str | None]
    has_class: Callable[[str], bool]


@dataclass(frozen=True)
class Finding:
    """One thing that isn't as it must be."""

    key: str
    found: str | None
    expected: str

    def __str__(self) -> str:
        if _SECRET.search(self.key):
            return f"{self.key}: got another value than the lake's"
        return f"{self.key}: got {self.found or 'nothing'}, expected {self.expected}"


def check(live: Live, settings: SessionSettings, wanted: Mapping[str, str]) -> None:
    """Raise one SessionError that names every setting and every class that a live session lacks.

    `wanted` is what `lake_conf` makes of `settings`. Settings that a new session may still have of its own (ANSI
    mode, the time zone, catalogs that nobody named) are not asked for: they are set, not checked.
    """
    classes = [_class(name) for name in _classes(settings) if not live.has_class(name)]
    findings = [*_extensions(live, settings), *_spark_catalog(live, settings), *_catalogs(live, wanted)]
    if not classes and not findings:
        return
    lines = [f"  - {finding}" for finding in [*classes, *findings]]
    remedies = [HOW_TO_ADD_JARS] * bool(classes) + [HOW_TO_SET] * bool(findings)
    raise SessionError(
        "the running Spark session can't be used, and its settings can't be changed any more:\n"
        + "\n".join([*lines, *remedies])
    )


def _classes(settings: SessionSettings) -> list[str]:
    iceberg = [SPARK_CATALOG] if settings.catalogs else []
    return [*settings.extensions, settings.spark_catalog, *iceberg]


def _class(name: str) -> Finding:
    product = {DELTA_EXTENSION: "Delta", ICEBERG_EXTENSION: "Iceberg", SPARK_CATALOG: "Iceberg"}.get(name)
    return Finding(f"class {name}", None, f"it on the class path (a jar of {product or 'it'} is missing)")


def merged_extensions(found: str, wanted: str, required: Sequence[str]) -> str:
    """Both lists and what Sluice requires, each once; others' extensions (OpenLineage, Hudi) stay.

    >>> merged_extensions("x.Lineage", "", ["a.Delta", "b.Iceberg"])
    'x.Lineage,a.Delta,b.Iceberg'
    """
    names = [name.strip() for name in (*found.split(","), *wanted.split(","), *required)]
    return ",".join(dict.fromkeys(filter(None, names)))


def _extensions(live: Live, settings: SessionSettings) -> list[Finding]:
    found = live.setting(EXTENSIONS) or ""
    merged = merged_extensions(found, "", settings.extensions)
    return [] if merged == merged_extensions(found, "", ()) else [Finding(EXTENSIONS, found or None, merged)]


def _spark_catalog(live: Live, settings: SessionSettings) -> list[Finding]:
    found = live.setting(_DELTA_SLOT)
    if found in (None, settings.spark_catalog):
        return []
    return [Finding(_DELTA_SLOT, found, settings.spark_catalog)]


def _catalogs(live: Live, wanted: Mapping[str, str]) -> list[Finding]:
    """A catalog that the platform's session names too must be the same one: a job shouldn't guess which is meant.

    A session that Sluice made may serve another lake next, in a child session with that lake's catalogs.
    """
    if live.setting(MADE_BY_SLUICE):
        return []
    keys = [key for key in wanted if key.startswith("spark.sql.catalog.") and key != _DELTA_SLOT]
    found = {key: live.setting(key) for key in keys if not key.endswith(".cache-enabled")}
    return [
        Finding(key, value, wanted[key])
        for key, value in found.items()
        if value is not None and value != wanted[key]
    ]
