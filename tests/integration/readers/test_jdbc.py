"""Databases: snapshots, ranges, partitioned reads, extracts into the raw layer; against a real PostgreSQL."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from framework.changes.columns import BAD, RAW, SRC
from framework.config.job import Job, Read
from framework.errors import ConfigError, ReadError
from framework.raw import land
from framework.readers import find_reader
from tests.integration.readers.conftest import SeenItems
from tests.postgres import PASSWORD, USER, Postgres, free_port


@pytest.fixture
def table(postgres: Postgres) -> str:
    """A table with odd names and three rows."""
    postgres.run(
        "DROP SCHEMA IF EXISTS shop CASCADE",
        "CREATE SCHEMA shop",
        'CREATE TABLE shop."My Orders" (id bigint, "a b" text, amt numeric(10,2), "at" timestamp)',
        """INSERT INTO shop."My Orders" VALUES (1, 'x', 1.5, '2024-03-01 10:00:00.000001'),"""
        """(2, NULL, -2, '2024-03-01 11:00:00'), (3, 'z', 0.01, '2024-03-01 12:00:00')""",
    )
    return "shop.My Orders"


@pytest.fixture
def source(postgres: Postgres, table: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    monkeypatch.setenv("SHOP_USER", USER)
    return {
        "format": "jdbc", "url": postgres.url, "table": table,
        "user": "env://SHOP_USER", "password": "env://SHOP_PASSWORD",
    }  # fmt: skip


def ids(ctx, source: Read, inputs) -> list[int]:
    df = find_reader("jdbc").read(ctx, source, inputs, positions=True)
    return sorted(row["id"] for row in df.collect())


def test_a_snapshot_has_all_rows_typed_and_names_its_table(ctx, load, source):
    df = load(**source)
    assert df.columns == ["id", "a b", "amt", "at", SRC, BAD, RAW]
    first = df.orderBy("id").first()
    assert (first["id"], first["a b"], first["amt"]) == (1, "x", Decimal("1.50"))
    assert first["at"] == datetime(2024, 3, 1, 10, 0, 0, 1)
    assert tuple(first[SRC]) == (f"{source['url']} shop.My Orders", None, None)
    assert df.count() == 3


@pytest.mark.parametrize("column", ["id", "at", "amt"])
def test_a_range_is_fixed_when_planned_and_the_next_goes_on_behind_it(ctx, source, postgres, seen, column):
    described = Read(**source, incremental=column)
    reader = find_reader("jdbc")
    first = reader.discover(ctx, described, seen)
    assert json.loads(json.dumps(first.items[0])) == first.items[0]
    assert first.items[0]["after"] is None
    postgres.run("""INSERT INTO shop."My Orders" VALUES (4, 'late', 9, '2024-03-02')""")
    expected = [1, 2, 3]
    assert ids(ctx, described, first) == expected
    seen.add(first)
    second = reader.discover(ctx, described, seen)
    assert second.items[0]["after"] == first.items[0]["upto"]
    assert ids(ctx, described, second) == [4]
    assert ids(ctx, described, first) == expected
    seen.add(second)
    assert not reader.discover(ctx, described, seen)


def test_an_empty_table_has_no_range(ctx, source, postgres):
    postgres.run('DELETE FROM shop."My Orders"')
    assert not find_reader("jdbc").discover(ctx, Read(**source, incremental="id"), SeenItems())


def test_a_partitioned_read_uses_several_connections_and_loses_nothing(ctx, load, source, postgres):
    postgres.run("""INSERT INTO shop."My Orders" SELECT g, 'g' FROM generate_series(10, 500) g""")
    df = load(**source, partition_column="id", partitions=4)
    assert df.rdd.getNumPartitions() == 4
    assert df.count() == 3 + 491


def test_a_query_stands_for_a_table(load, source):
    described = {
        **source,
        "table": None,
        "query": 'SELECT id, amt * 2 AS twice FROM shop."My Orders" WHERE id > 1;',
    }
    assert [row["twice"] for row in load(**described).orderBy("id").collect()] == [
        Decimal("-4.00"),
        Decimal("0.02"),
    ]


def test_an_unreachable_database_is_named_by_host_and_port_and_without_password(ctx, source):
    port = free_port()
    described = Read(**{**source, "url": f"jdbc:postgresql://127.0.0.1:{port}/postgres"})
    for incremental in (None, "id"):
        asked = described.model_copy(update={"incremental": incremental})
        with pytest.raises(ReadError) as error:
            find_reader("jdbc").read(
                ctx, asked, find_reader("jdbc").discover(ctx, asked, SeenItems()), positions=False
            )
        text = str(error.value)
        assert text.startswith(f"cannot reach the database at 127.0.0.1:{port}: got ")
        assert text.endswith("Check read.url, and that the server runs and lets this machine in.")
        assert PASSWORD not in text


def test_a_wrong_password_is_refused_without_being_shown(ctx, load, source, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "not the password")
    with pytest.raises(ReadError) as error:
        load(**source)
    assert "refuses the user" in str(error.value)
    assert "not the password" not in str(error.value)


def test_a_missing_table_is_named(load, source):
    with pytest.raises(ReadError) as error:
        load(**{**source, "table": "shop.nothing"})
    assert str(error.value).startswith("cannot read shop.nothing from the database at 127.0.0.1:")
    assert 'relation "shop.nothing" does not exist' in str(error.value)


def test_a_password_is_never_a_value(load, source):
    with pytest.raises(ConfigError) as error:
        load(**{**source, "password": "hunter2"})
    assert "hunter2" not in str(error.value)
    with pytest.raises(ConfigError) as error:
        load(**{**source, "url": source["url"] + "?password=hunter2"})
    assert "hunter2" not in str(error.value)


def test_an_extract_lands_in_the_raw_layer_and_is_read_from_there(ctx, source, postgres, tmp_path: Path):
    job = Job(
        job="shop.orders",
        land={"from": {**source, "incremental": "id"}, "to": "raw/shop/orders"},
        read={"format": "parquet", "path": "raw/shop/orders"},
        write={"table": "standardized.shop.orders"},
    )
    raw = tmp_path / "raw/shop/orders"
    (first,) = land(ctx, job)
    assert first.path.endswith("/extract-00000001-00001.parquet")
    assert land(ctx, job) == []
    postgres.run("""INSERT INTO shop."My Orders" VALUES (4, 'new', 1, '2024-03-02')""")
    assert len(land(ctx, job)) == 1
    ranges = [json.loads(file.read_text())["range"] for file in sorted((raw / "_manifest").glob("0*.json"))]
    assert [(found["after"], found["upto"]) for found in ranges] == [(None, "3"), ("3", "4")]
    assert not (raw / "_staging").exists()
    reader = find_reader("parquet")
    inputs = reader.discover(ctx, job.sources["source"], SeenItems())
    df = reader.read(ctx, job.sources["source"], inputs, positions=True)
    assert sorted((row["id"], row["a b"]) for row in df.collect()) == [
        (1, "x"),
        (2, None),
        (3, "z"),
        (4, "new"),
    ]
