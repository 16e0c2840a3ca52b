"""Listings of Hadoop's file systems, brought over from the JVM in one piece.

Asking the JVM for each file's path, size and time takes a millisecond a file, which on a folder of 100,000 is longer
than the listing itself. So the JVM makes one text of all of them (`FileStatus.toString`), which is taken apart here;
where that doesn't give as many files as there are, they are asked one by one after all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_STATUS = re.compile(
    r"FileStatus\{path=(?P<path>.*?); isDirectory=(?P<folder>true|false);"
    r"(?: length=(?P<size>\d+); replication=\d+; blocksize=\d+;)? modification_time=(?P<time>-?\d+)[;}]",
    re.DOTALL,
)


@dataclass(frozen=True)
class Found:
    """A file or folder as a file system lists it; the path is whole, with its scheme."""

    path: str
    is_folder: bool
    size: int
    modified_ms: int


def listed(jvm: Any, remote: Any) -> list[Found]:
    """Everything that a `RemoteIterator` of `FileStatus` gives."""
    statuses = jvm.org.apache.hadoop.util.functional.RemoteIterators.toList(remote)
    found = parse_statuses(statuses.toString())
    if len(found) == statuses.size():
        return found
    return [
        Found(each.getPath().toString(), each.isDirectory(), each.getLen(), each.getModificationTime())
        for each in statuses
    ]


def parse_statuses(text: str) -> list[Found]:
    """The files in a text of Java's.

    >>> parse_statuses("[FileStatus{path=s3a://b/a 1; isDirectory=false; length=3; replication=1; blocksize=9; "
    ...     "modification_time=17; access_time=0}]")
    [Found(path='s3a://b/a 1', is_folder=False, size=3, modified_ms=17)]
    """
    return [
        Found(each["path"], each["folder"] == "true", int(each["size"] or 0), int(each["time"]))
        for each in _STATUS.finditer(text)
    ]
