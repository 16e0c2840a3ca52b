"""Secrets by reference: files name where a secret lies, and only the run that needs it looks there.

| reference | where |
|---|---|
| `env://NAME` | the environment, else the git-ignored file `.env` of the working folder |
| `file:///run/secrets/db` | a file that nobody but its owner may read (mode 0600) |
| `secret://vault/path` | the resolver that a package registers as `vault` in the group `sluice.secrets` |
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from framework.config.words import did_you_mean
from framework.errors import ConfigError

Resolver = Callable[[str], str]
"""Gets what follows `secret://<name>/` and returns the secret."""

GROUP = "sluice.secrets"
SCHEMES = ("env://", "file://", "secret://")
_NAME = re.compile(
    r"(^|[._-])(password|passwd|pwd|passphrase|secret|secret[._-]?(access[._-]?)?key|private[._-]?key|"
    r"(access|auth|session|bearer|refresh)?[._-]?token|api[._-]?key|account[._-]?key|credential)$",
    re.IGNORECASE,
)
_IN_URL = re.compile(
    r"(//[^/@:?;]+:)([^/@]+)(@)|([?&;](?:password|pwd|secret|token)=)([^&;]+)", re.IGNORECASE
)


class Secret:
    """A resolved secret: shown as `***` wherever it is printed, logged, formatted or put into JSON.

    >>> secret = Secret("hunter2")
    >>> str(secret), repr(secret), f"{secret}", secret.reveal()
    ('***', '***', '***', 'hunter2')
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._value

    def __str__(self) -> str:
        return "***"

    __repr__ = __str__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Any:
        raise TypeError("a Secret is not pickled: send the reference and resolve it there")


def is_reference(text: object) -> bool:
    """True for `env://...`, `file://...` and `secret://...`."""
    return isinstance(text, str) and text.startswith(SCHEMES)


def names_secret(key: str) -> bool:
    """True if a key of that name holds a secret.

    >>> [names_secret(key) for key in ("password", "fs.s3a.secret.key", "credentials.provider", "tokenizer")]
    [True, True, False, False]
    """
    return _NAME.search(key) is not None


def literal_in_url(text: str) -> bool:
    """True if an address carries a password: `//user:password@host` or `?password=...`."""
    found = _IN_URL.search(text)
    return found is not None and not is_reference(found.group(2) or found.group(5))


def hidden(text: str) -> str:
    """A text with the passwords of addresses replaced by `***`.

    >>> hidden("jdbc:postgresql://me:hunter2@db/x?password=hunter2&ssl=true")
    'jdbc:postgresql://me:***@db/x?password=***&ssl=true'
    """
    return _IN_URL.sub(lambda hit: f"{hit[1]}***{hit[3]}" if hit[1] else f"{hit[4]}***", text)


def resolve(
    reference: str,
    *,
    environ: Mapping[str, str] | None = None,
    resolvers: Mapping[str, Resolver] | None = None,
    where: str | None = None,
) -> Secret:
    """The secret that a reference names; never called while configuration is loaded or checked.

    >>> resolve("env://DB_PASSWORD", environ={"DB_PASSWORD": "hunter2"}).reveal()
    'hunter2'
    """
    if reference.startswith("env://"):
        return _from_environment(reference, environment(environ), where)
    if reference.startswith("file://"):
        return _from_file(reference, where)
    if reference.startswith("secret://"):
        return _from_resolver(reference, resolvers, where)
    raise ConfigError(
        "a secret is not given by reference",
        found="***",
        expected=" or ".join(SCHEMES) + "...",
        where=where,
        fix="Put the value into an environment variable NAME and write `env://NAME`.",
    )


def reveal(value: str | None, *, environ: Mapping[str, str] | None = None) -> str | None:
    """A setting's value for the call that needs it: a reference is resolved, anything else stays as it is."""
    return resolve(value, environ=environ).reveal() if value is not None and is_reference(value) else value


def reveal_all(settings: Mapping[str, Any], *, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Options or properties with their `env://` and `secret://` references resolved.

    `file://` is resolved only under names that mean a secret: elsewhere it is an address.
    """
    return {
        key: reveal(value, environ=environ)
        if is_reference(value) and (names_secret(key) or not value.startswith("file://"))
        else value
        for key, value in settings.items()
    }


def environment(environ: Mapping[str, str] | None = None, env_file: str | Path = ".env") -> dict[str, str]:
    """Environment variables, over those of the env file if there is one."""
    if environ is not None:
        return dict(environ)
    path = Path(env_file)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return {**parse_env_file(text), **os.environ}


def parse_env_file(text: str) -> dict[str, str]:
    """`NAME=value` lines; `export`, quotes, empty lines and `#` lines are understood.

    >>> parse_env_file("# db\\nexport A='x y'\\nB=2\\n")
    {'A': 'x y', 'B': '2'}
    """
    values = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip() and not name.startswith("#"):
            value = value.strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
            values[name.strip()] = value[1:-1] if quoted else value
    return values


def _from_environment(reference: str, environ: Mapping[str, str], where: str | None) -> Secret:
    name = reference.removeprefix("env://")
    if name not in environ:
        raise ConfigError(
            f"the environment variable of {reference} is not set",
            where=where,
            fix=f"Set {name} in the environment, or as a line `{name}=...` of the file .env.",
        )
    return Secret(environ[name])


def _from_file(reference: str, where: str | None) -> Secret:
    path = Path(unquote(urlsplit(reference).path))
    if not path.is_file():
        raise ConfigError(f"the file of {reference} is missing", where=where)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise ConfigError(
            f"others may read the secret in {path}",
            found=f"mode {mode:04o}",
            expected="mode 0600",
            where=where,
            fix=f"Run `chmod 600 {path}`.",
        )
    return Secret(path.read_text(encoding="utf-8").rstrip("\r\n"))


def _from_resolver(reference: str, resolvers: Mapping[str, Resolver] | None, where: str | None) -> Secret:
    name, _, rest = reference.removeprefix("secret://").partition("/")
    known = registered() if resolvers is None else resolvers
    if name not in known:
        raise ConfigError(
            f"nothing resolves {reference}",
            found=f"resolver {name}",
            where=where,
            fix=did_you_mean(name, known)
            or f"Install a package that registers `{name}` in the group {GROUP}.",
        )
    return Secret(known[name](rest))


def registered() -> dict[str, Resolver]:
    """The resolvers that installed packages offer."""
    from importlib.metadata import entry_points

    return {point.name: point.load() for point in entry_points(group=GROUP)}
