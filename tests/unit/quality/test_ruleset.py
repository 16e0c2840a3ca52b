"""What a ruleset says besides its rules: scopes, settings, references; and what is checked of columns."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from framework.quality import check_ruleset, parse_ruleset
from framework.quality.kinds import KINDS, nearest_kind
from framework.quality.references import replace_sources, sql_references


def test_row_rules_and_dataset_rules_are_told_apart() -> None:
    ruleset = parse_ruleset(
        """Rules = [
            IsComplete "a", ColumnValues "a" > 0, ColumnLength "a" > 0, ColumnDataType "a" = "Date",
            (IsComplete "a") or (ColumnValues "b" = 1),
            ColumnValues "a" > 0 with threshold > 0.9, RowCount > 0, (IsComplete "a") and (RowCount > 0)
        ]"""
    )
    assert [rule.scope for rule in ruleset.rules] == ["row"] * 5 + ["dataset"] * 3
    assert [rule.id for rule in ruleset.row_rules] == ["rule1", "rule2", "rule3", "rule4", "rule5"]
    assert [rule.text for rule in ruleset.dataset_rules][-1] == '(IsComplete "a") and (RowCount > 0)'


def test_a_pragma_wins_over_a_label_and_a_label_over_the_default() -> None:
    ruleset = parse_ruleset(
        """DefaultLabels = ["action"="warn"]
        Rules = [
            IsComplete "a",
            IsComplete "b" labels=["action"="drop"],
            IsComplete "c" labels=["action"="drop"], # @action=fail @id=R7
            # @on=table
            RowCount > 0
        ]"""
    )
    assert [rule.action for rule in ruleset.rules] == ["warn", "drop", "fail", "warn"]
    assert ruleset.rules[2].id == "R7"
    assert [rule.on for rule in ruleset.rules] == ["batch", "batch", "batch", "table"]


def test_a_rule_without_setting_leaves_its_action_to_the_job() -> None:
    assert parse_ruleset('Rules = [ IsComplete "a" ]').rules[0].action is None


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ('Rules = [\n# @id=x\nIsComplete "a",\nIsComplete "b" ]', 0),
        ('Rules = [\nIsComplete "a", # @id=x\nIsComplete "b" ]', 0),
        ('Rules = [\nIsComplete "a",\nIsComplete "b" # @id=x\n]', 1),
        ('Rules = [ IsComplete "a", IsComplete "b" # @id=x\n]', 1),
        ('Rules = [\nIsComplete "a"\n# @id=x\n, IsComplete "b" ]', 1),
        ('Rules = [\nIsComplete # @id=x\n"a", IsComplete "b" ]', 0),
        ('Rules = [ # @id=x\nIsComplete "a", IsComplete "b" ]', 0),
    ],
)
def test_a_pragma_belongs_to_the_rule_on_its_line_or_around_it_or_else_to_the_next(
    text: str, owner: int
) -> None:
    ids = [rule.id for rule in parse_ruleset(text).rules]
    assert ids.index("x") == owner
    assert ids.count("x") == 1


def test_references_are_found_wherever_rules_name_them_each_once() -> None:
    ruleset = parse_ruleset(
        """Rules = [
            ReferentialIntegrity "a" "crm.leads.id" = 1, ReferentialIntegrity "a,b" "std.crm.leads.{x,y}" = 1,
            RowCountMatch "first" = 1, SchemaMatch "first" = 1, DatasetMatch "second" "id" = 1,
            AggregateMatch "sum(a)" "sum(db.third.a)" = 1,
            CustomSql "select count(*) from primary p join `std`.other.t as o on p.a = o.a" = 1
        ]"""
    )
    expected = ("crm.leads", "std.crm.leads", "first", "second", "db.third", "std.other.t")
    assert ruleset.reference_aliases() == expected


def test_names_of_a_query_itself_are_no_references() -> None:
    statement = "with x as (select 1), y as (select 2) select * from x join y join (select 1) join z"
    assert sql_references([statement]) == ["z"]


def test_only_sources_are_replaced_in_a_query() -> None:
    statement = "select a.b.c, x from a.b.c as t join `a`.b.c where a.b.c = 1"
    assert (
        replace_sources(statement, {"a.b.c": "v"}) == "select a.b.c, x from `v` as t join `v` where a.b.c = 1"
    )


def test_unknown_columns_are_named_with_the_nearest_right_one() -> None:
    text = 'Rules = [ IsComplete "custmer_id", IsUnique "customer_id" "nme", ColumnExists "other" ]'
    found = [str(error) for error in check_ruleset(text, ["customer_id", "name"])]
    assert found == [
        "1:11: IsComplete is about the column custmer_id, which the data lacks. Did you mean customer_id?",
        "1:36: IsUnique is about the column nme, which the data lacks. Did you mean name?",
    ]


def test_columns_are_the_same_in_any_case_and_fields_of_structs_are_left_to_the_schema() -> None:
    assert (
        check_ruleset('Rules = [ IsComplete "NAME", IsComplete "address.city" ]', ["name", "address"]) == []
    )


def test_only_our_side_of_a_comparison_is_checked_for_columns() -> None:
    text = """Rules = [ ReferentialIntegrity "a,zz" "ref.{x,y}" = 1, AggregateMatch "sum(zz)" "sum(r.q)" = 1,
        DatasetMatch "ref" "a->x,zz" = 1 ]"""
    found = [error.what for error in check_ruleset(text, ["a"])]
    assert [what.split(" ")[0] for what in found] == [
        "ReferentialIntegrity",
        "AggregateMatch",
        "DatasetMatch",
    ]
    assert all("column zz" in what for what in found)


def test_all_mistakes_are_found_not_only_the_first() -> None:
    text = 'Rules = [ IsComplet "a", RowCount "b" > 0,\n ColumnValues "c", IsComplete "d" > 1 ]'
    assert [error.where for error in check_ruleset(text)] == ["1:11", "1:26", "2:2", "2:35"]


def test_more_than_sixty_row_rules_are_refused() -> None:
    rules = ",\n".join(f'IsComplete "c{n}"' for n in range(61))
    (error,) = check_ruleset(f"Rules = [\n{rules} ]")
    assert "too many row rules: got 61, expected at most 60" in str(error)
    assert error.where == "62:1"


def test_the_nearest_rule_type_is_found_whatever_its_case() -> None:
    assert nearest_kind("rowcount") == "RowCount"
    assert nearest_kind("ColumnValue") == "ColumnValues"
    assert nearest_kind("Zebra") is None


def test_every_rule_type_has_a_family_that_judges_it() -> None:
    pytest.importorskip("pyspark")
    from framework.quality.dataset.judge import FAMILIES
    from framework.quality.rows import COMPILERS

    assert set(FAMILIES) == set(KINDS)
    assert set(COMPILERS) == {name for name, kind in KINDS.items() if kind.scope == "row"}


def test_reading_and_checking_rules_imports_no_spark() -> None:
    code = (
        "import sys; from framework.quality import check_ruleset; "
        "assert not check_ruleset('Rules = [ IsComplete \"a\" ]'); assert 'pyspark' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_hundred_rulesets_are_checked_in_a_fraction_of_a_second() -> None:
    text = "Rules = [" + ", ".join(f'ColumnValues "c{n}" between 0 and {n}' for n in range(10)) + "]"
    check_ruleset(text)
    start = time.perf_counter()
    for _ in range(100):
        assert check_ruleset(text) == []
    assert time.perf_counter() - start < 2
