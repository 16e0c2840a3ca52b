"""Takes secrets out of text before it is printed; the last line of defence, behind references in the configuration."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

MASK = "***"

_ASSIGNED = re.compile(
    r"(?i)\b([\w.-]*(?:password|passwd|pwd|secret|token|access[_.]?key|api[_.]?key)[\w.-]*\s*[=:]\s*)"
    r"(?!env://|file://|secret://|\*\*\*|\$\{)([^\s&;,'\"]+)"
)
_USERINFO = re.compile(r"(\w+://[^\s/:@]+:)([^\s/@]+)(@)")
_REFERENCE = re.compile(r"env://([A-Za-z_]\w*)")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with secrets as `***`: the given values, and whatever looks like one.

    >>> redact("jdbc:postgresql://db/bank?user=me&password=hunter2")
    'jdbc:postgresql://db/bank?user=me&password=***'
    >>> redact("https://me:hunter2@db/x is the same as hunter2", ["hunter2"])
    'https://me:***@db/x is the same as ***'
    """
    for secret in sorted(set(secrets), key=len, reverse=True):
        if len(secret) > 2:
            text = text.replace(secret, MASK)
    text = _USERINFO.sub(rf"\g<1>{MASK}\g<3>", text)
    return _ASSIGNED.sub(rf"\g<1>{MASK}", text)


def referenced(text: str, environ: Mapping[str, str] = os.environ) -> list[str]:
    """The values of the environment that a text refers to as `env://NAME`.

    >>> referenced("password: env://DB_PASSWORD", {"DB_PASSWORD": "hunter2", "HOME": "/root"})
    ['hunter2']
    """
    return [environ[name] for name in _REFERENCE.findall(text) if environ.get(name)]
