"""What is said of Java's file systems without one: listings as a text, and the store's verdict on a new object."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from py4j.protocol import Py4JJavaError

from framework.state import s3_create
from framework.state.hadoop_listing import Found, listed, parse_statuses

STATUS = (
    "S3ALocatedFileStatus{path=s3a://b/%s; isDirectory=false; length=%d; replication=1; blocksize=33554432; "
    "modification_time=1700000000000; access_time=0; owner=x; group=x; permission=rw-rw-rw-; isSymlink=false; "
    "hasAcl=false; isEncrypted=true; isErasureCoded=false}[eTag='9dd4', versionId='']"
)
FOLDER = (
    "S3AFileStatus{path=s3a://b/in; isDirectory=true; modification_time=0; access_time=0; owner=x; group=x; "
    "permission=rwxrwxrwx; isSymlink=false; hasAcl=false; isEncrypted=true; isErasureCoded=false} isEmptyDirectory=X"
)
LOCAL = (
    "LocatedFileStatus{path=file:/in/a; b}.csv; isDirectory=false; length=7; replication=1; blocksize=33554432; "
    "modification_time=1700000000123; access_time=1; owner=; group=; permission=rw-rw-rw-; isSymlink=false}"
)


class Listing(list):  # type: ignore[type-arg]
    """A list of Java's: it has a size and a text."""

    def __init__(self, items: list[object], text: str) -> None:
        super().__init__(items)
        self._text = text

    def size(self) -> int:
        return len(self)

    def toString(self) -> str:  # noqa: N802
        return self._text


def java(listing: Listing) -> object:
    iterators = SimpleNamespace(toList=lambda remote: listing)
    util = SimpleNamespace(functional=SimpleNamespace(RemoteIterators=iterators))
    return SimpleNamespace(org=SimpleNamespace(apache=SimpleNamespace(hadoop=SimpleNamespace(util=util))))


def status(path: str) -> object:
    return SimpleNamespace(
        getPath=lambda: SimpleNamespace(toString=lambda: path),
        isDirectory=lambda: False,
        getLen=lambda: 3,
        getModificationTime=lambda: 5,
    )


def test_a_listing_is_taken_apart_whatever_the_names_are() -> None:
    names = ["a b.csv", "it's; 50%, [x].csv", "two\nlines.csv", "ü.csv"]
    text = "[" + ", ".join([*(STATUS % (name, size) for size, name in enumerate(names)), FOLDER, LOCAL]) + "]"
    found = parse_statuses(text)
    assert [each.path for each in found[:4]] == [f"s3a://b/{name}" for name in names]
    assert [each.size for each in found] == [0, 1, 2, 3, 0, 7]
    assert found[4] == Found("s3a://b/in", True, 0, 0)
    assert found[5] == Found("file:/in/a; b}.csv", False, 7, 1700000000123)


def test_files_are_asked_one_by_one_where_their_text_says_something_else() -> None:
    listing = Listing([status("x://b/1"), status("x://b/2")], "[Status of mine, Status of mine]")
    assert listed(java(listing), None) == [Found("x://b/1", False, 3, 5), Found("x://b/2", False, 3, 5)]


@pytest.mark.parametrize(
    ("answers", "made"), [([], True), ([412], False), ([409, 409], True), ([409, 412], False)]
)
def test_the_store_decides_who_made_an_object(
    monkeypatch: pytest.MonkeyPatch, answers: list[int], made: bool
) -> None:
    left = iter(answers)

    def put() -> None:
        for code in left:
            raise Refused(code)

    monkeypatch.setattr(s3_create, "_status", lambda error: error.code)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert s3_create._settled(put) is made


def test_another_refusal_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_create, "_status", lambda error: error.code)

    def put() -> None:
        raise Refused(403)

    with pytest.raises(Refused):
        s3_create._settled(put)


class Refused(Py4JJavaError):
    """An answer with a status."""

    def __init__(self, code: int) -> None:
        self.code = code
