"""Envelopes: how a source wraps its changes, decoded to the normal form.

Every decoder takes the reader's rows and returns the table's columns with `_sluice_op`, `_sluice_seq`, `_sluice_src`,
`_sluice_bad` and `_sluice_raw`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Job, Read

Decoder = Callable[["DataFrame", "Job", "Read"], "DataFrame"]


def find_decoder(name: str) -> Decoder:
    """The decoder of an envelope.

    Raises:
        ConfigError: there is no such envelope.
    """
    if name == "rows":
        from framework.changes.envelopes.rows import decode
    elif name == "generic":
        from framework.changes.envelopes.generic import decode
    elif name == "dms":
        from framework.changes.envelopes.dms import decode
    else:
        raise ConfigError(f"there is no envelope {name!r}", expected="rows, dms or generic", fix="Set changes.envelope.")
    return decode
