"""Drift of the source's columns, by policy: values in, decisions out."""

from __future__ import annotations

import pytest
from pyspark.sql import types as T

from framework.errors import SchemaDriftError
from framework.run.outcome import Drift
from framework.tables import plan_evolution
from framework.tables.base import ColumnChange
from framework.tables.evolution import evolved

TABLE = (
    T.StructType()
    .add("id", "long")
    .add("age", "integer")
    .add("price", "decimal(8,2)")
    .add("name", "string")
    .add("at", "timestamp")
    .add("place", T.StructType().add("city", "string").add("zip", "integer"))
    .add("_sluice_seq", "long")
)
POLICIES = ["add_columns", "widen", "strict", "flag"]


def incoming(**changed: str | T.DataType | None) -> T.StructType:
    """The table's data columns, some of another type, some gone (None), some new."""
    fields = [field for field in TABLE.fields if not field.name.startswith("_")]
    kept = [
        T.StructField(f.name, _type(changed[f.name]) if f.name in changed else f.dataType)
        for f in fields
        if not (f.name in changed and changed[f.name] is None)
    ]
    new = [T.StructField(name, _type(kind)) for name, kind in changed.items() if name not in TABLE.names]
    return T.StructType(kept + new)


def _type(kind: str | T.DataType) -> T.DataType:
    names = {"bigint": "long", "int": "integer", "smallint": "short"}
    if kind == "array<int>":
        return T.ArrayType(T.IntegerType())
    return T.StructType().add("x", names.get(kind, kind))["x"].dataType if isinstance(kind, str) else kind


def plan(policy: str, **changed: str | T.DataType | None):
    return plan_evolution(TABLE, incoming(**changed), policy, ["id"])


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_new_is_nothing_to_do(policy):
    assert plan(policy) == ([], [])


@pytest.mark.parametrize("policy", POLICIES)
def test_narrower_types_and_other_cases_of_names_fit(policy):
    same = T.StructType(
        [T.StructField(f.name.upper(), f.dataType) for f in incoming(age="smallint", price="int").fields]
    )
    if policy == "strict":
        same = T.StructType(
            [f for f in same.fields if f.name != "PRICE"] + [T.StructField("price", T.DecimalType(6, 1))]
        )
    else:
        same = T.StructType(
            [f for f in same.fields if f.name != "PRICE"] + [T.StructField("price", T.DecimalType(8, 2))]
        )
    assert plan_evolution(TABLE, same, policy, ["ID"]) == ([], [])


@pytest.mark.parametrize("policy", ["add_columns", "widen"])
def test_new_columns_are_added_in_the_order_they_come(policy):
    changes, drift = plan(policy, zone="string", area="double")
    assert [(c.kind, c.column, c.type.simpleString()) for c in changes] == [
        ("add", "zone", "string"),
        ("add", "area", "double"),
    ]
    assert drift == []


def test_a_column_of_nothing_but_null_is_added_when_it_has_a_type():
    assert plan("add_columns", empty="void") == ([], [])


def test_strict_refuses_everything_and_shows_all_of_it():
    with pytest.raises(SchemaDriftError) as caught:
        plan("strict", zone="string", age="bigint", name=None)
    assert str(caught.value) == (
        "the columns that arrive contradict the table under write.evolution: strict\n"
        "  column  declared  found   reason\n"
        "  age     int       bigint  values that don't fit are rejected; `widen` would widen the column\n"
        "  zone    -         string  the table has no such column\n"
        "  name    string    -       it doesn't arrive any more\n"
        ". Correct the source, or set `write.evolution` to add_columns, widen or flag."
    ).replace("\n. Correct", "\n. Correct")


def test_flag_keeps_new_columns_aside_and_makes_the_place_for_them_once():
    changes, drift = plan("flag", zone="string")
    assert [(c.kind, c.column) for c in changes] == [("add", "_sluice_extra")]
    assert drift == [Drift("zone", "-", "string", "kept as JSON in _sluice_extra")]
    with_extra = T.StructType([*TABLE.fields, T.StructField("_sluice_extra", T.StringType())])
    assert plan_evolution(with_extra, incoming(zone="string"), "flag", ["id"])[0] == []


@pytest.mark.parametrize(("column", "wider"), [("age", "bigint"), ("price", "decimal(12,2)")])
def test_widen_widens_and_the_others_fit_values(column, wider):
    changes, drift = plan("widen", **{column: wider})
    assert [(c.kind, c.column, c.type.simpleString()) for c in changes] == [("widen", column, wider)]
    assert drift == []
    changes, drift = plan("add_columns", **{column: wider})
    assert changes == []
    assert [(d.column, d.found) for d in drift] == [(column, wider)]
    assert "`widen` would widen the column" in drift[0].reason


@pytest.mark.parametrize("policy", ["add_columns", "widen", "flag"])
def test_a_type_that_can_be_cast_is_tolerated(policy):
    changes, drift = plan(policy, age="string")
    assert changes == []
    assert [(d.column, d.declared, d.found) for d in drift] == [("age", "int", "string")]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"at": "int"}, "there is no cast"),
        ({"age": "array<int>"}, "there is no cast"),
        ({"id": "string"}, "a key keeps its type"),
        ({"id": None}, "a key must arrive"),
    ],
)
def test_what_can_not_be_is_refused_under_every_policy(policy, changed, reason):
    with pytest.raises(SchemaDriftError, match=reason):
        plan(policy, **changed)


@pytest.mark.parametrize("policy", POLICIES)
def test_two_columns_that_differ_in_case_only_are_refused(policy):
    twice = T.StructType([*incoming().fields, T.StructField("Name", T.StringType())])
    with pytest.raises(SchemaDriftError, match=r"Name .* differs from name in case only"):
        plan_evolution(TABLE, twice, policy)


def test_fields_of_structs_are_added_and_widened_where_they_are():
    place = T.StructType().add("ZIP", "long").add("street", "string")
    changes, drift = plan("widen", place=place)
    assert [(c.kind, c.parents, c.column) for c in changes] == [
        ("widen", ("place",), "zip"),
        ("add", ("place",), "street"),
    ]
    assert drift == []
    after = evolved(TABLE, changes)
    assert after["place"].dataType.simpleString() == "struct<city:string,zip:bigint,street:string>"
    with pytest.raises(SchemaDriftError, match=r"place\.zip .*there is no cast"):
        plan("add_columns", place=T.StructType().add("zip", T.ArrayType(T.LongType())))


@pytest.mark.parametrize("policy", POLICIES)
def test_a_field_inside_a_struct_keeps_its_type_unless_it_is_widened(policy):
    with pytest.raises(
        SchemaDriftError, match=r"place\.zip +int +string +a field inside a struct keeps its type"
    ):
        plan(policy, place=T.StructType().add("city", "string").add("zip", "string"))


def test_the_evolved_schema_keeps_framework_columns_last():
    changes = [
        ColumnChange("add", "zone", T.StringType(), "where"),
        ColumnChange("add", "_sluice_extra", T.StringType()),
    ]
    after = evolved(TABLE, changes)
    assert after.names[-4:] == ["place", "zone", "_sluice_seq", "_sluice_extra"]
    assert after["zone"].metadata == {"comment": "where"}


def test_framework_columns_in_flight_are_nobody_s_drift():
    in_flight = T.StructType([*incoming().fields, T.StructField("_sluice_src", T.StringType())])
    assert plan_evolution(TABLE, in_flight, "strict") == ([], [])
