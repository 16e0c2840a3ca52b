"""Which keys the models know, and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic.fields import FieldInfo

from framework.config.base import Model
from framework.config.tree import Part

TAGS = ("one", "several")
"""Steps that pydantic puts into a path to say which shape of `read` it saw."""


def fields_of(model: type[Model]) -> dict[str, FieldInfo]:
    """The fields of a model by the key that a user writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def model_in(annotation: Any) -> type[Model] | None:
    """The model that an annotation holds, inside optionals, lists, mappings and unions."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part)) is not None), None)


def model_at(model: type[Model], loc: Sequence[Part]) -> type[Model] | None:
    """The model whose keys stand at a path as pydantic tells it; None where keys are free."""
    current: type[Model] | None = model
    steps = iter(loc)
    for step in steps:
        if step == "several":
            next(steps, None)
        elif step != "one" and isinstance(step, str) and current is not None:
            field = fields_of(current).get(step)
            current = model_in(field.annotation) if field else None
    return current


def without_tags(loc: Sequence[Part]) -> tuple[Part, ...]:
    """A path of pydantic as the file has it.

    >>> without_tags(("read", "several", "people", "format"))
    ('read', 'people', 'format')
    """
    return tuple(
        step for index, step in enumerate(loc) if not (index == 1 and loc[0] == "read" and step in TAGS)
    )


def dotted_keys(model: type[Model], above: str = "") -> Iterator[str]:
    """Every key of a model and of those below it, dotted."""
    for key, field in fields_of(model).items():
        yield above + key
        below = model_in(field.annotation)
        if below is not None:
            yield from dotted_keys(below, f"{above}{key}.")
