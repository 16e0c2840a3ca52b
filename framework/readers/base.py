"""What a reader is, and how one is found by the `format` of a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Read
    from framework.context import RunContext


@dataclass(frozen=True)
class Inputs:
    """Exactly what one batch reads from one source; JSON through and through, because an intent keeps it.

    `items` are files (`{"path", "size", "modified_ms"}`), a range of a JDBC column (`{"after", "upto"}`), or a table
    version (`{"table", "version"}`).
    """

    reader: str
    items: tuple[Mapping[str, Any], ...]

    def __bool__(self) -> bool:
        return bool(self.items)


class Seen(Protocol):
    """What earlier batches of the job have read of this source."""

    def has(self, item: Mapping[str, Any]) -> bool:
        """True if this very item (for a file: path, size and modification time) was read before."""
        ...

    def last(self) -> Mapping[str, Any] | None:
        """The last item of the newest committed batch; None before the first."""
        ...


class Reader(Protocol):
    """A source. `discover` says what is new; `read` reads exactly that, now or again after a crash.

    `read` returns the source's columns (typed as declared or inferred) followed by
    `_sluice_src` (struct<name,partition,position>; position NULL unless `positions`),
    `_sluice_bad` (string, NULL for readable records: what is wrong, naming column, value and type; that something is
    wrong is enough unless `positions`) and
    `_sluice_raw` (string, the record as it came, where it is bad). Bad records are rows, never exceptions.
    """

    envelope: str
    """The envelope its rows come in unless the job says otherwise: `rows`, or that of a format of changes."""

    def discover(self, ctx: RunContext, source: Read, seen: Seen) -> Inputs: ...

    def read(self, ctx: RunContext, source: Read, inputs: Inputs, *, positions: bool) -> DataFrame: ...


@runtime_checkable
class StrictReader(Protocol):
    """A reader that can also read for a batch that is probably clean, at no cost beyond the reading itself."""

    def read_strictly(self, ctx: RunContext, source: Read, inputs: Inputs) -> DataFrame | None:
        """The source's columns alone; reading stops with an error at the first record that can't be read, provided
        that the query asks for every column. None where this source can't be read so.

        The error's text contains one of `STOPPED`.
        """
        ...


STOPPED = ("MALFORMED_RECORD_IN_PARSING",)
"""Words in the errors of scans that stop at a bad record."""
