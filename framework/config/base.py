"""What every configuration model shares: unknown keys are refused, values don't change after loading."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Model(BaseModel):
    """Base of all configuration models."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True
    )


def _as_text(value: Any) -> Any:
    """Settings are text for Spark; a number or a boolean of YAML is spelled as Spark spells it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


Settings = dict[str, Annotated[str, BeforeValidator(_as_text)]]
"""A mapping of names to text; numbers and booleans are taken as text: `spark.sql.shuffle.partitions: 4`."""
