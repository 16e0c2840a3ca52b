"""What a scan of files is asked for, whatever their format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from framework.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from framework.readers.declared import Field

_RESERVED = {
    "mode": "records that can't be read go to quarantine",
    "columnnameofcorruptrecord": "the framework has its own",
    "path": "set read.path",
    "paths": "set read.path",
}


@dataclass(frozen=True)
class Scan:
    """Files to read in one go.

    `fields` None means that columns are inferred, once, over all the files of the batch.
    """

    spark: SparkSession
    format: str
    files: Sequence[str]
    fields: Sequence[Field] | None
    options: Mapping[str, str] = field(default_factory=dict)
    positions: bool = False

    def flag(self, name: str, default: bool = False) -> bool:
        """An option that is true or false."""
        return self.options.get(name.lower(), str(default)).lower() == "true"

    def choice(self, name: str, *allowed: str) -> str:
        """An option that is one of a few words, the first of them unless it is given.

        Raises:
            ConfigError: it is another.
        """
        found = self.options.get(name, allowed[0])
        if found not in allowed:
            raise ConfigError(
                f"the option {name} has a value that means nothing",
                found=found,
                expected=" or ".join(allowed),
                fix=f"Correct read.options.{name}.",
            )
        return found


def spark_options(options: Mapping[str, Any]) -> dict[str, str]:
    """A source's options as Spark takes them: lower-case keys, text values.

    >>> spark_options({"multiLine": True, "sep": ";"})
    {'multiline': 'true', 'sep': ';'}

    Raises:
        ConfigError: an option is the framework's to set.
    """
    result = {}
    for key, value in options.items():
        if key.lower() in _RESERVED:
            raise ConfigError(
                f"the option {key} can't be set",
                found=value,
                fix=f"Remove read.options.{key}: {_RESERVED[key.lower()]}.",
            )
        if value is not None:
            result[key.lower()] = str(value).lower() if isinstance(value, bool) else str(value)
    return result
