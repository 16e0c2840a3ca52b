"""A batch of messages with what the job and the messages themselves say of their columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, PREFIX, SRC
from framework.changes.debezium.columns import Modes, Planned, by_schema, by_type
from framework.changes.debezium.keys import column_named
from framework.changes.debezium.opening import Opened, open_messages
from framework.changes.debezium.placeholders import DEFAULT, Placeholder
from framework.changes.debezium.rows import HEADERS, KEY
from framework.changes.envelopes.messages import fields_for, text_of
from framework.config.checks.debezium import CHOICES
from framework.errors import ConfigError
from framework.readers.declared import fields_of
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Job, Read

Fields = Callable[[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""The fields of the row in the schema of a message."""


@dataclass(frozen=True)
class Feed:
    """Messages and the columns of their rows."""

    opened: Opened
    plans: list[Planned]
    placeholder: Placeholder

    def row_type(self, plans: Sequence[Planned]) -> T.StructType:
        """What a row is parsed as."""
        return T.StructType([T.StructField(plan.field.source, plan.raw) for plan in plans])

    @property
    def nested(self) -> bool:
        """Whether a value may have names of its own inside."""
        return any(isinstance(plan.field.type, T.StructType | T.MapType | T.ArrayType) for plan in self.plans)


def feed_of(
    df: DataFrame, job: Job, source: Read, target: T.StructType | None, fields: Fields, images: Sequence[str]
) -> Feed:
    """The source's messages, opened, with their columns. `images` names where a message has its rows; the message
    itself is the row if there are none.

    Raises:
        ConfigError: nothing tells the columns, or an option has a value that it can't have.
    """
    key, headers = column_named(df, "key"), column_named(df, "headers")
    kept = [F.col(quote(key)).cast("string").alias(KEY)] if key else []
    kept += [F.col(quote(headers)).alias(HEADERS)] if headers else []
    opened = open_messages(df, text_of(df), *kept, F.col(SRC), F.col(BAD))
    modes = _modes(source)
    found = {version: list(fields(schema)) for version, schema in opened.schemas.items()}
    found = {version: each for version, each in found.items() if each}
    rows = [each.get(name) for each in opened.samples for name in images] if images else opened.samples
    samples = [row for row in rows if isinstance(row, dict)]
    if found:
        declared = fields_of(source.columns) if source.columns else None
        plans = by_schema(found, samples, declared, target, modes)
    else:
        plans = by_type(fields_for(job, source, target), samples, modes)
    plans = [plan for plan in plans if not plan.field.name.startswith(PREFIX)]
    return Feed(opened, plans, Placeholder(str(source.options.get("unavailable_value", DEFAULT))))


def _modes(source: Read) -> Modes:
    chosen = {name: _choice(source, name, known) for name, known in CHOICES.items()}
    binary = {"base64-url-safe": "url"}.get(chosen["binary_mode"], chosen["binary_mode"])
    return Modes(chosen["decimal_mode"], binary, chosen["decimal_format"] == "numeric")


def _choice(source: Read, name: str, known: tuple[str, ...]) -> str:
    given = str(source.options.get(name, known[0]))
    if given not in known:
        raise ConfigError(
            f"the option {name} has no such value",
            found=given,
            expected=", ".join(known),
            fix=f"Correct read.options.{name}: as the connector or its converter is set.",
        )
    return given
