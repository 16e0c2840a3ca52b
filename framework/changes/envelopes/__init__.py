"""Envelopes: how a source wraps its changes, decoded to the normal form.

Every decoder takes the reader's rows and returns the table's columns with `_sluice_op`, `_sluice_seq`, `_sluice_src`,
`_sluice_bad` and `_sluice_raw`.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Job, Read

Decoder = Callable[["DataFrame", "Job", "Read"], "DataFrame"]

ENVELOPES = ("rows", "generic", "dms")


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
