"""Tables of the lake as sources: the version is pinned when the batch is planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from framework.changes.columns import BAD, RAW, SRC
from framework.config.job import Read
from framework.errors import ReadError
from framework.readers import find_reader
from framework.tables import table_format, table_ref
from framework.tables.base import TableSpec

NUMBERS = count(1)


@pytest.fixture(params=["iceberg", "delta"])
def table(request, ctx):
    """An empty table with odd names and a column of the framework's; and how to append to it."""
    ref = table_ref(ctx.lake, f"standardized.readers.t{next(NUMBERS)}", request.param)
    fmt = table_format(ctx.spark, request.param)
    schema = ctx.spark.createDataFrame([], "id bigint, `a b` string, _sluice_seq bigint").schema
    fmt.create(ref, TableSpec(schema))

    def append(*ids: int) -> None:
        fmt.append(ctx.spark.createDataFrame([(n, f"v{n}", n) for n in ids], schema), ref, None)

    append(1)
    return ref, fmt, append


def test_the_version_is_pinned_and_read_once(ctx, seen, table):
    ref, _, append = table
    source = Read(format="table", table=ref.name, options={"format": ref.format})
    reader = find_reader("table")
    first = reader.discover(ctx, source, seen)
    append(2)
    df = reader.read(ctx, source, first, positions=True)
    assert df.columns == ["id", "a b", SRC, BAD, RAW]
    assert [tuple(row)[:2] for row in df.collect()] == [(1, "v1")]
    assert tuple(df.first()[SRC]) == (ref.name, None, None)
    seen.add(first)
    second = reader.discover(ctx, source, seen)
    assert reader.read(ctx, source, second, positions=False).count() == 2
    seen.add(second)
    assert not reader.discover(ctx, source, seen)


def test_a_table_can_be_read_as_of_a_version_or_a_time(ctx, seen, table):
    ref, fmt, append = table
    old = fmt.version(ref)
    append(2)
    reader = find_reader("table")
    asked = Read(format="table", table=ref.name, options={"format": ref.format}, version=old.number)
    moment = (old.at.replace(tzinfo=old.at.tzinfo or UTC) + timedelta(milliseconds=1)).isoformat()
    for source in (asked, asked.model_copy(update={"version": None, "timestamp": moment})):
        inputs = reader.discover(ctx, source, seen)
        assert inputs.items == ({"table": ref.name, "version": old.number},)
        assert reader.read(ctx, source, inputs, positions=False).count() == 1
    past = asked.model_copy(
        update={"version": None, "timestamp": datetime(2001, 1, 1, tzinfo=UTC).isoformat()}
    )
    with pytest.raises(ReadError, match=r"has no version of 2001-01-01T00:00:00\+00:00: expected .* to "):
        reader.discover(ctx, past, seen)


def test_a_missing_table_is_named(ctx, seen):
    with pytest.raises(ReadError) as error:
        find_reader("table").discover(ctx, Read(format="table", table="standardized.no.table"), seen)
    assert str(error.value).startswith(
        "there is no table standardized.no.table: expected a table in format iceberg."
    )
