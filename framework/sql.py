"""Names and values as SQL text; the only two ways they enter a statement."""

from __future__ import annotations


def exact_json() -> dict[str, str]:
    """Options of to_json and from_json with which every value survives, microseconds among them."""
    return {
        "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
        "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
        "ignoreNullFields": "false",
    }


def quote(name: str) -> str:
    """A name as a quoted SQL identifier.

    >>> quote("a.b"), quote("we`ird")
    ('`a.b`', '`we``ird`')
    """
    return "`" + name.replace("`", "``") + "`"


def literal(value: str) -> str:
    r"""A text as a SQL string literal.

    >>> literal("it's")
    "'it\\'s'"
    """
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
