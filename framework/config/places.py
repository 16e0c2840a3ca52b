"""Places, however they are spelled: bare paths, `file:` URIs, and URIs of other file systems.

What is remembered of a place (a file that was read, a folder that was landed) must not depend on how somebody
spelled it: `lake`, `./lake/`, `/data/lake` and `file:///data/lake` may all be one folder.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_S3 = frozenset({"s3", "s3a", "s3n"})
_AUTHORITY = re.compile(r"//[^/]*")


def scheme_of(place: str) -> str:
    """The scheme of a URI in lower case; "" for a bare path.

    >>> scheme_of("s3a://b/conf"), scheme_of("conf/prod"), scheme_of("file:/opt/conf")
    ('s3a', '', 'file')
    """
    match = _SCHEME.match(place)
    return match[1].lower() if match else ""


def is_local(place: str) -> bool:
    """Whether a place is on this machine's own file system.

    >>> is_local("in/a.csv"), is_local("file:/in/a.csv"), is_local("hdfs:/in/a.csv")
    (True, True, False)
    """
    return scheme_of(place) in ("", "file")


def is_s3(place: str) -> bool:
    """Whether a place is in a bucket, by any of the names that Hadoop has for S3."""
    return scheme_of(place) in _S3


def bare_path(place: str) -> str:
    """A local place without its scheme; a `file:` URI is decoded, as URIs are.

    >>> bare_path("file:///in/a%20b#1.csv"), bare_path("file:/in"), bare_path("in/a%20b.csv")
    ('/in/a b#1.csv', '/in', 'in/a%20b.csv')
    """
    if scheme_of(place) != "file":
        return place
    return unquote(_AUTHORITY.sub("", place[len("file:") :], count=1))


def absolute(place: str) -> str:
    """The place as a program can use it from any folder: local ones bare and absolute, without a slash at the end.

    >>> absolute("file:///data/lake/"), absolute("/data//lake/./x/.."), absolute("s3://bucket//lake/")
    ('/data/lake', '/data/lake', 's3://bucket/lake')
    """
    if is_local(place):
        # not Path.resolve: a link stays what it is called
        return os.path.abspath(bare_path(place))  # noqa: PTH100
    head, slashes, rest = place.partition("://")
    return head + slashes + re.sub(r"/{2,}", "/", rest).rstrip("/") if slashes else place.rstrip("/")


def identity(place: str) -> str:
    """One text for all spellings of a place.

    >>> len({identity(each) for each in ("s3://b/lake/a.csv", "s3a://b/lake//a.csv", "s3n://b/lake/a.csv")})
    1
    """
    whole = absolute(place)
    return "s3" + whole[whole.index(":") :] if is_s3(whole) else whole
