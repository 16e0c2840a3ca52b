"""Secrets written out in a file: refused, whatever the key is called."""

from __future__ import annotations

from collections.abc import Iterator

from framework.config.secrets import SCHEMES, hidden, is_reference, literal_in_url, names_secret
from framework.config.tree import Value, leaves
from framework.errors import ConfigError

_ADDRESSES = ("url", "uri")
_NOT_VALUES = ("schema", "keys", "rules", "sql")
"""Below these keys stand names of columns and text, where `password` is no secret."""


def literal_secrets(tree: Value, subject: str) -> Iterator[ConfigError]:
    """Every password, token or key that stands in the tree instead of a reference."""
    for path, value in leaves(tree):
        text = value.content
        if text is None or text == "" or isinstance(text, bool) or is_reference(text):
            continue
        if any(part in _NOT_VALUES for part in path):
            continue
        if path and names_secret(path[-1]):
            yield ConfigError(
                f"{'.'.join(path)} of {subject} is written out in the configuration",
                found="***",
                expected=f"a reference ({', '.join(SCHEMES)})",
                where=value.origin,
                fix="Put the secret into an environment variable NAME (or the file .env) "
                "and write `env://NAME`.",
            )
        elif isinstance(text, str) and _is_address(path, text) and literal_in_url(text):
            yield ConfigError(
                f"{'.'.join(path)} of {subject} holds a password",
                found=hidden(text),
                where=value.origin,
                fix="Leave it out of the address, and write `password: env://NAME`.",
            )


def _is_address(path: tuple[str, ...], text: str) -> bool:
    return (bool(path) and path[-1].rpartition(".")[2] in _ADDRESSES) or text.startswith("jdbc:")
