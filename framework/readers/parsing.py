"""Which columns of a text the scan parses itself, and which it is helped with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.readers.decimals import excess, narrowed, roomy_types, written
from framework.readers.declared import Field, as_text, parsed, unfit
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column

    from framework.readers.scan import Scan


@dataclass(frozen=True)
class Parsing:
    """The columns of a scan: some are read as text and parsed in a format of their own, decimals with room for more
    digits than declared; all others are the scan's business."""

    fields: list[Field]
    texts: frozenset[str]
    roomy: Mapping[str, T.DataType]

    def types(self) -> list[tuple[str, T.DataType]]:
        """What to read with, by the columns' names in the source."""
        return [
            (f.source, T.StringType() if f.source in self.texts else self.roomy.get(f.source, f.type))
            for f in self.fields
        ]

    def values(self) -> list[Column]:
        """The columns as declared."""
        return [self._value(field).alias(field.name) for field in self.fields]

    def problems(self) -> dict[str, Column]:
        """What is wrong with a value where the scan itself sees nothing wrong, by the column's name in the source."""
        found = {}
        for field in self.fields:
            text = F.col(quote(field.source))
            if field.source in self.texts:
                found[field.source] = F.when(
                    text.isNotNull() & parsed(text, field).isNull(), unfit(text, field)
                )
            elif field.source in self.roomy:
                found[field.source] = excess(field)
        return found

    def written(self) -> list[Column]:
        """The values as the source wrote them, as far as one can tell."""
        return [written(f) if f.source in self.roomy else F.col(quote(f.source)) for f in self.fields]

    def _value(self, field: Field) -> Column:
        column = F.col(quote(field.source))
        if field.source in self.roomy:
            return narrowed(field)
        return parsed(column, field) if field.source in self.texts else column


def parsing_of(request: Scan, fields: list[Field]) -> Parsing:
    """How to read these fields; the option `decimals: round` leaves decimals to the scan."""
    exact = request.choice("decimals", "exact", "round") == "exact"
    return Parsing(fields, as_text(fields), roomy_types(fields, exact=exact))
