"""Envelopes: how a source wraps its changes, decoded to the normal form.

Every decoder takes the reader's rows and returns the table's columns with `_sluice_op`, `_sluice_seq`, `_sluice_src`,
`_sluice_bad` and `_sluice_raw`, and the optional columns of the normal form where the envelope has them. `target` is
the table's schema, if the table is there: messages that don't tell their types take them from the job, then from it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast, get_args

from framework.config.job import Envelope
from framework.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from framework.config.job import Job, Read


class Decoder(Protocol):
    """A function from a reader's rows to the normal form."""

    def __call__(
        self, df: DataFrame, job: Job, source: Read, target: StructType | None = None
    ) -> DataFrame: ...


ENVELOPES: tuple[str, ...] = get_args(Envelope)

MESSAGES = frozenset({"dms_json", "debezium", "debezium_flat", "maxwell", "canal", "goldengate"})
"""Envelopes of messages: `read.schema` declares the columns of the row inside, not the reader's."""


def find_decoder(name: str) -> Decoder:
    """The decoder of an envelope: `decode` of the module with its name.

    Raises:
        ConfigError: there is no such envelope.
    """
    if name not in ENVELOPES:
        raise ConfigError(
            f"there is no envelope {name!r}", expected=", ".join(ENVELOPES), fix="Set changes.envelope."
        )
    return cast(Decoder, import_module(f"framework.changes.envelopes.{name}").decode)
