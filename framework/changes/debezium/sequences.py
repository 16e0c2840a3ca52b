"""The order of events, by the coordinates that each connector has; snapshot rows before what is streamed at a place.

connector    sequence                                  read from
postgresql   (lsn, phase)                              lsn
mysql        (log, pos, phase, row)                    file (its number: names break at 999999), pos, row
sqlserver    (commit_lsn, phase, change_lsn, serial)   commit_lsn, change_lsn, event_serial_no
oracle       (commit_scn, phase, scn, rs_id, ssn)      commit_scn, scn: texts of any length, compared as numbers
mongodb      (ts_ms, phase, ord)                       ts_ms, ord
others       (offset) of a topic, (file, row) of files
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pyspark.sql import types as T

from framework.changes.columns import SEQ, SRC

At = Callable[[str], str]
"""SQL of a coordinate by its name."""

PHASE = "phase"


@dataclass(frozen=True)
class Coordinates:
    """The coordinates of a connector: what is read, and what they are in order."""

    connectors: tuple[str, ...]
    reads: tuple[tuple[str, str], ...]
    """Names with the types they are parsed as; the first is in every event that has a place."""
    parts: tuple[tuple[str, str], ...]
    """Names of the sequence's parts with SQL over `{name}`; `phase` is put in."""

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.parts]

    def sequence(self, at: At, snapshot: str) -> str:
        """SQL of the sequence; NULL as a whole for a streamed event without a place."""
        found = {name: at(name) for name, _ in self.reads}
        phase = f"if({snapshot}, 0, 1)"
        made = [(name, phase if name == PHASE else sql.format(**found)) for name, sql in self.parts]
        parts = ", ".join(f"'{name}', {sql}" for name, sql in made)
        return f"CASE WHEN {snapshot} OR {made[0][1]} IS NOT NULL THEN named_struct({parts}) END"


_SCN = "try_cast({%s} AS decimal(38,0))"
_KNOWN = (
    Coordinates(("postgresql",), (("lsn", "bigint"),), (("lsn", "{lsn}"), (PHASE, ""))),
    Coordinates(
        ("mysql", "mariadb"),
        (("file", "string"), ("pos", "bigint"), ("row", "int")),
        (
            ("log", "try_cast(regexp_extract({file}, '[0-9]+$', 0) AS bigint)"),
            ("pos", "{pos}"),
            (PHASE, ""),
            ("row", "{row}"),
        ),
    ),
    Coordinates(
        ("sqlserver",),
        (("commit_lsn", "string"), ("change_lsn", "string"), ("event_serial_no", "bigint")),
        (
            ("commit_lsn", "{commit_lsn}"),
            (PHASE, ""),
            ("change_lsn", "{change_lsn}"),
            ("serial", "{event_serial_no}"),
        ),
    ),
    Coordinates(
        ("oracle",),
        (("scn", "string"), ("commit_scn", "string"), ("rs_id", "string"), ("ssn", "bigint")),
        (
            ("commit_scn", f"coalesce({_SCN % 'commit_scn'}, {_SCN % 'scn'})"),
            (PHASE, ""),
            ("scn", _SCN % "scn"),
            ("rs_id", "{rs_id}"),
            ("ssn", "{ssn}"),
        ),
    ),
    Coordinates(
        ("mongodb",),
        (("ts_ms", "bigint"), ("ord", "int")),
        (("ts_ms", "{ts_ms}"), (PHASE, ""), ("ord", "{ord}")),
    ),
)
_NEEDED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "postgresql": ("lsn",),
        "mysql": ("file", "pos"),
        "sqlserver": ("commit_lsn",),
        "oracle": ("scn",),
        "mongodb": ("ts_ms", "ord"),
    }
)


def coordinates_of(
    sources: Sequence[Mapping[str, Any]], target: T.StructType | None, connector: str | None = None
) -> Coordinates | None:
    """The coordinates that events have, seen at the first of them; a table that is there keeps its own.

    None: none that are known, so that the position in the topic or file is what there is.
    """
    if target is not None and SEQ in target.names:
        kind = target[SEQ].dataType
        names = kind.names if isinstance(kind, T.StructType) else []
        kept = next((each for each in _KNOWN if each.names == names), None)
        if kept is not None or sources:
            return kept
    for source in sources:
        for each in _KNOWN:
            named = source.get("connector", connector)
            if (named is None or named in each.connectors) and _has(source, each):
                return each
    return None


def position(topic: bool) -> str:
    """The order where messages have no coordinates: offsets of a topic, rows of files."""
    if topic:
        return f"{SRC}.position"
    return (
        f"CASE WHEN {SRC}.position IS NOT NULL THEN "
        f"named_struct('file', element_at(split({SRC}.name, '/'), -1), 'row', {SRC}.position) END"
    )


def _has(source: Mapping[str, Any], each: Coordinates) -> bool:
    needed = _NEEDED[each.connectors[0]]
    if any(source.get(name) in (None, "") for name in needed):
        return False
    return each.connectors[0] != "mysql" or str(source["file"])[-1:].isdigit()
