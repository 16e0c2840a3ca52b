"""From layer.domain.table to what the formats call it."""

from __future__ import annotations

from pathlib import Path

import pytest

from framework.config.lake import Catalog, Lake, Layer
from framework.errors import ConfigError
from framework.tables import side_table, table_ref
from framework.tables.base import TableRef
from framework.tables.names import database_of, literal, quote, split_identifier

LAKE = Lake(root="/data/lake", catalog=Catalog(name="ice"))


def test_an_iceberg_table_has_one_level_of_namespace():
    ref = table_ref(LAKE, "standardized.corebank.customers")
    assert ref == TableRef(
        "standardized.corebank.customers", "iceberg", "`ice`.`standardized_corebank`.`customers`"
    )


def test_a_delta_table_is_its_folder():
    ref = table_ref(LAKE, "conformed.crm.person", "delta")
    assert ref.identifier == "delta.`/data/lake/conformed/crm/person`"
    assert ref.location == "/data/lake/conformed/crm/person"


def test_an_alias_names_the_same_table():
    assert table_ref(LAKE, "silver.crm.person") == table_ref(LAKE, "conformed.crm.person")


def test_the_layer_s_own_format_and_location_count():
    lake = Lake(root="/data", layers=[Layer(name="gold", format="delta", location="s3://bucket/g/")])
    assert table_ref(lake, "gold.sales.orders").location == "s3://bucket/g/sales/orders"


def test_a_uri_stays_one_and_a_relative_root_becomes_absolute():
    assert table_ref(Lake(root="s3a://b/lake/"), "gold.a.b", "delta").location == "s3a://b/lake/enriched/a/b"
    assert table_ref(Lake(root="lake"), "gold.a.b", "delta").location == f"{Path.cwd()}/lake/enriched/a/b"


@pytest.mark.parametrize("format", ["iceberg", "delta"])
def test_side_tables_lie_beside_their_table(format):
    ref = table_ref(LAKE, "conformed.crm.person", format)
    side = side_table(ref, "quarantine")
    assert side == table_ref(LAKE, "conformed.crm.person__quarantine", format)
    with pytest.raises(ValueError, match="quarantine, tombstones"):
        side_table(ref, "attic")


@pytest.mark.parametrize("name", ["a", "a.b", "a.b.c.d", ""])
def test_a_name_has_three_parts(name):
    with pytest.raises(ConfigError, match=r"expected layer.domain.table"):
        table_ref(LAKE, name)


@pytest.mark.parametrize(
    ("part", "proposal"),
    [("Customers", "customers"), ("a-b", "a_b"), ("_x", "x"), ("ä b", "b"), ("../etc", None), ("", None)],
)
def test_characters_that_catalogs_fold_or_refuse_are_refused_with_a_proposal(part, proposal):
    with pytest.raises(ConfigError) as caught:
        table_ref(LAKE, f"conformed.crm.{part}")
    if proposal:
        assert repr(proposal) in str(caught.value)


def test_a_layer_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'standardized'"):
        table_ref(LAKE, "standardised.crm.person")


def test_a_layer_of_files_has_no_tables():
    with pytest.raises(
        ConfigError, match="holds files and no tables: expected standardized, conformed, enriched"
    ):
        table_ref(LAKE, "raw.crm.person")


def test_quotes_and_literals_can_not_be_broken_out_of():
    assert split_identifier(f"a.{quote('b`.`c')}.d") == ["a", "b`.`c", "d"]
    assert literal("a'; DROP \\") == "'a\\'; DROP \\\\'"


def test_the_database_is_layer_and_domain():
    assert database_of(table_ref(LAKE, "conformed.crm.person__quarantine", "delta")) == "conformed_crm"
