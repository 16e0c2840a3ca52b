"""Columns by the names that rules use: any name works; for a missing one the nearest is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from framework.changes.columns import PREFIX
from framework.errors import ConfigError
from framework.quality.leaf_checks import missing_column
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column
    from pyspark.sql.types import DataType, StructType

SHOWN_CHARACTERS = 200
"""So much of a value is kept in the reason why its row was rejected."""


@dataclass(frozen=True)
class Found:
    """A column of a frame."""

    name: str
    """Top-level column, or the path of a field in a struct."""
    sql: str
    """The name quoted."""
    type: DataType

    @property
    def column(self) -> Column:
        from pyspark.sql import functions as F

        return F.col(self.sql)


@dataclass(frozen=True)
class Columns:
    """The columns of a schema, without those the framework adds."""

    schema: StructType

    @property
    def names(self) -> list[str]:
        return [name for name in self.schema.names if not name.startswith(PREFIX)]

    def find(self, name: str, kind: str) -> Found:
        """The column of this name, in any case, or the field at this path; else ConfigError."""
        found = self._top(name) or self._nested(name)
        if found is None:
            what, fix = missing_column(kind, name, self.names)
            raise ConfigError(what, fix=fix)
        return found

    def _top(self, name: str) -> Found | None:
        for field in self.schema.fields:
            if field.name.lower() == name.lower() and not field.name.startswith(PREFIX):
                return Found(field.name, quote(field.name), field.dataType)
        return None

    def _nested(self, name: str) -> Found | None:
        from pyspark.sql.types import StructType

        head, dot, rest = name.partition(".")
        outer = self._top(head) if dot else None
        if outer is None or not isinstance(outer.type, StructType):
            return None
        inner = Columns(outer.type)
        found = inner._top(rest) or inner._nested(rest)
        return Found(f"{outer.name}.{found.name}", f"{outer.sql}.{found.sql}", found.type) if found else None


def shown(found: Found) -> Column:
    """A value as text for people, cut short; NULL is written so."""
    from pyspark.sql import functions as F
    from pyspark.sql.types import BinaryType

    text = F.hex(found.column) if isinstance(found.type, BinaryType) else found.column.cast("string")
    return F.coalesce(F.substring(text, 1, SHOWN_CHARACTERS), F.lit("NULL"))
