"""Short ways to write a key, turned into the one shape that the models have."""

from __future__ import annotations

from typing import Any

READ_KEYS = frozenset(
    {
        *("format", "path", "table", "schema", "options", "version", "timestamp"),
        *("url", "user", "password", "query", "incremental", "partition_column", "partitions"),
    }
)
"""The keys of one source; a test compares them with the model's."""


def as_columns(value: Any) -> Any:
    """Declared columns as a list of mappings, from a mapping by name or a list of either.

    >>> as_columns({"id": "bigint", "hired": {"type": "date", "format": "d-MMM-yy"}})
    [{'name': 'id', 'type': 'bigint'}, {'name': 'hired', 'type': 'date', 'format': 'd-MMM-yy'}]
    >>> as_columns(["id bigint"])
    [{'name': 'id', 'type': 'bigint'}]
    """
    if isinstance(value, dict):
        return [_column(name, item) for name, item in value.items()]
    if isinstance(value, list | tuple):
        return [_column_of_text(item) if isinstance(item, str) else item for item in value]
    return value


def _column(name: str, item: Any) -> Any:
    return {"name": name, **item} if isinstance(item, dict) else {"name": name, "type": item}


def _column_of_text(text: str) -> Any:
    name, _, kind = text.strip().partition(" ")
    return {"name": name.rstrip(":"), "type": kind.strip() or None}


def as_lists(value: Any) -> Any:
    """A mapping whose entries are lists, from one whose entries may be single values; all of them texts.

    >>> as_lists({"I": "ins", "D": ["del", 3]})
    {'I': ['ins'], 'D': ['del', '3']}
    """
    if not isinstance(value, dict):
        return value
    listed = {key: item if isinstance(item, list | tuple) else [item] for key, item in value.items()}
    return {
        key: [str(each) if isinstance(each, int | float) else each for each in items]
        for key, items in listed.items()
    }


def as_ruleset(value: Any) -> Any:
    """A list of rules as one DQDL text, a line per rule.

    >>> as_ruleset(['IsComplete "id"', "RowCount > 0"])
    'Rules = [\\nIsComplete "id",\\nRowCount > 0\\n]'
    """
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        rules = [" ".join(item.split()).rstrip(",") for item in value]
        return "Rules = [\n" + ",\n".join(rules) + "\n]"
    return value


def one_or_several(value: Any) -> str:
    """Whether `read` is one source or several by name: the latter is a mapping whose entries are mappings.

    >>> one_or_several({"format": "csv", "path": "raw/a"}), one_or_several({"people": {"format": "table"}})
    ('one', 'several')
    """
    if not isinstance(value, dict):
        return "one"
    named = any(key not in READ_KEYS and _is_entry(item) for key, item in value.items())
    plain = any(key in READ_KEYS and not _is_entry(item) for key, item in value.items())
    return "several" if named and not plain else "one"


def _is_entry(item: Any) -> bool:
    return isinstance(item, dict) or hasattr(item, "model_fields_set")
