"""Asks Ivy, which ships inside pyspark, for jars: a settings file, a module file, one run, and its report.

`spark.jars.packages` can't override a transitive version, and some published artifacts ask for others that are
not: that is why Sluice writes the module file itself. A run that fails keeps what it had downloaded in Ivy's
cache, so the next run goes on from there.
"""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import quoteattr

from framework.errors import SessionError
from framework.session.versions import Artifact, Exclusion

_CONF = "jars"
_TYPES = ("jar", "bundle")
_SHOWN = 3


@dataclass(frozen=True)
class Request:
    """What one run asks for. `transitive` also brings what the artifacts depend on."""

    artifacts: tuple[Artifact, ...]
    transitive: bool
    overrides: tuple[Artifact, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()


@dataclass(frozen=True)
class Found:
    """A jar that Ivy has, in its own cache."""

    artifact: Artifact
    path: Path


@dataclass(frozen=True)
class Answer:
    """What a run brought, and what Ivy said about the rest (empty when there is no rest)."""

    found: tuple[Found, ...]
    complaint: str = ""


@dataclass(frozen=True)
class Ivy:
    """Ivy with its cache; `settings` names a settings file of the user's own, for a mirror inside a company."""

    java: Path
    cache: Path
    settings: Path | None = None

    def resolve(self, request: Request) -> Answer:
        """Download what `request` names, and what is missing of it only.

        >>> ivy.resolve(Request((POSTGRES,), transitive=False)).complaint  # doctest: +SKIP
        ''
        """
        self.cache.mkdir(parents=True, exist_ok=True)
        module = self.cache / "module.xml"
        module.write_text(module_xml(request), encoding="utf-8")
        done = subprocess.run(
            self._command(module), capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        report = self.cache / f"sluice-lane-{_CONF}.xml"
        found = parse_report(report) if report.is_file() else ()
        return Answer(found, "" if done.returncode == 0 else complaint(done.stdout + done.stderr))

    def _command(self, module: Path) -> list[str]:
        settings = self.settings
        if settings is None:
            settings = self.cache / "settings.xml"
            settings.write_text(settings_xml(self.cache), encoding="utf-8")
        call = [str(self.java), "-cp", str(ivy_jar()), "org.apache.ivy.Main", "-settings", str(settings)]
        return [*call, "-cache", str(self.cache), "-ivy", str(module), "-confs", _CONF, "-types", *_TYPES]


def ivy_jar() -> Path:
    """The Ivy that pyspark ships."""
    found = sorted((pyspark_jars()).glob("ivy-*.jar"))
    if not found:
        raise SessionError(
            "pyspark's jars have no Ivy", found=str(pyspark_jars()), fix="Install pyspark again."
        )
    return found[-1]


def pyspark_jars() -> Path:
    """The folder of jars inside the installed pyspark."""
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SessionError(
            "pyspark is not installed in this interpreter",
            fix="Run `make setup`, or pip install 'sluice-lake[spark35]'.",
        )
    return Path(spec.origin).parent / "jars"


def settings_xml(cache: Path) -> str:
    """Settings with the public Maven repository as Ivy knows it."""
    return (
        '<ivysettings><settings defaultResolver="central"/>'
        f"<caches defaultCacheDir={quoteattr(str(cache))}/>"
        '<resolvers><ibiblio name="central" m2compatible="true"/></resolvers></ivysettings>\n'
    )


def module_xml(request: Request) -> str:
    """The module file: one configuration, a dependency per artifact, overrides last.

    >>> "sqlite-jdbc" in module_xml(Request((Artifact("org.xerial", "sqlite-jdbc", "3.54.1.0"),), False))
    True
    """
    lines = [_dependency(a, request) for a in request.artifacts]
    lines += [
        f"<override org={quoteattr(o.org)} module={quoteattr(o.name)} rev={quoteattr(o.rev)}/>"
        for o in request.overrides
    ]
    return (
        '<ivy-module version="2.0">\n<info organisation="sluice" module="lane"/>\n'
        f'<configurations><conf name="{_CONF}"/></configurations>\n<dependencies>\n'
        + "\n".join(lines)
        + "\n</dependencies>\n</ivy-module>\n"
    )


def _dependency(artifact: Artifact, request: Request) -> str:
    excluded = "".join(
        f"<exclude org={quoteattr(e.org)}/>" for e in request.exclusions if e.of == artifact.name
    )
    return (
        f"<dependency org={quoteattr(artifact.org)} name={quoteattr(artifact.name)} rev={quoteattr(artifact.rev)} "
        f'conf="{_CONF}->default" transitive="{str(request.transitive).lower()}">{excluded}</dependency>'
    )


def parse_report(report: Path) -> tuple[Found, ...]:
    """The jars that Ivy's report says are at hand; evicted and failed ones have no file."""
    found = []
    for module in ElementTree.parse(report).getroot().iter("module"):
        for revision in module.iter("revision"):
            artifact = Artifact(
                module.get("organisation", ""), module.get("name", ""), revision.get("name", "")
            )
            found += [Found(artifact, path) for path in _files(revision)]
    return tuple(found)


def _files(revision: ElementTree.Element) -> Iterable[Path]:
    for item in revision.iter("artifact"):
        location = item.get("location")
        if location and item.get("type") in _TYPES and item.get("status") != "failed":
            yield Path(location)


def complaint(output: str) -> str:
    """What matters of Ivy's long output: why the server could not be asked, else what it doesn't have.

    >>> complaint(":: org.xerial#sqlite-jdbc;9.9: not found ::")
    'org.xerial#sqlite-jdbc;9.9: not found'
    """
    lines = [line.strip(" \t:") for line in output.splitlines()]
    causes = [line[line.rindex("(") + 1 : -1] for line in lines if _is_server_error(line)]
    absent = [line for line in lines if line.endswith(": not found") or "[FAILED" in line]
    facts = list(dict.fromkeys(causes or absent))
    more = [f"and {len(facts) - _SHOWN} more"] if len(facts) > _SHOWN else []
    return "; ".join(facts[:_SHOWN] + more) or " ".join(lines[-3:]).strip() or "Ivy ended without a word"


def _is_server_error(line: str) -> bool:
    return line.startswith("Server access error") and line.endswith(")") and "(" in line
