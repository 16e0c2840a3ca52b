"""Conditions on numbers, and the verdict on NULL, without Spark."""

from __future__ import annotations

from decimal import Decimal

import pytest

from framework.quality.conditions import evaluate, holds
from framework.quality.nodes import Condition, Leaf, Number
from framework.quality.nulls import null_length_passes, null_type_passes, null_value_passes
from framework.quality.parser import parse_document


def _condition(text: str) -> Condition:
    (rule,) = parse_document(f'Rules = [ ColumnValues "a" {text} ]').rules
    assert isinstance(rule, Leaf)
    assert rule.condition is not None
    return rule.condition


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", "9"),
        ("1 + (2 * 3)", "7"),
        ("10 - 4 - 3", "3"),
        ("8 / 4 / 2", "1"),
        ("-2 * -3", "6"),
        ("0.1 + 0.2", "0.3"),
    ],
)
def test_operators_bind_alike_from_left_to_right(text: str, value: str) -> None:
    operand = _condition(f"> {text}").operands[0]
    assert isinstance(operand, Number)
    assert evaluate(operand.expression) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("> 1", [1.1], [1, 0]),
        (">= 1", [1], [0.9]),
        ("< 1", [0], [1]),
        ("<= 1", [1], [1.1]),
        ("= 0.1", [0.1], [0.2]),
        ("!= 1", [2], [1]),
        ("between 1 and 3", [2], [1, 3]),
        ("not between 1 and 3", [1, 3, 9], [2]),
        ("in [1, 2]", [1, 2], [3]),
        ("not in [1, 2]", [3], [1, 2]),
    ],
)
def test_a_measured_number_is_held_against_a_condition(
    text: str, inside: list[float], outside: list[float]
) -> None:
    assert all(holds(_condition(text), value) for value in inside)
    assert not any(holds(_condition(text), value) for value in outside)


@pytest.mark.parametrize(
    ("text", "glue", "strict"),
    [
        ("> 1", False, False),
        ("= 1", False, False),
        ("!= 1", True, False),
        ("between 1 and 2", False, False),
        ("not between 1 and 2", False, False),
        ('not between "2024-01-01" and "2024-01-02"', True, False),
        ("in [1]", False, False),
        ("in [1, NULL]", True, True),
        ("not in [1]", True, False),
        ("not in [1, NULL]", False, False),
        ("= NULL", True, True),
        ("!= NULL", False, False),
        ('!= "x"', True, False),
        ("!= EMPTY", False, False),
        ('not in ["x", EMPTY]', False, False),
        ("= EMPTY", False, False),
        ('matches "x"', False, False),
        ('not matches "x"', False, False),
        ('!= "2024-01-01"', True, False),
        ('> "2024-01-01"', False, False),
    ],
)
def test_the_verdict_on_a_null_value(text: str, glue: bool, strict: bool) -> None:
    assert null_value_passes(_condition(text), strict=False) is glue
    assert null_value_passes(_condition(text), strict=True) is strict


@pytest.mark.parametrize(
    ("text", "glue"),
    [
        ("> 1", True),
        ("= 1", True),
        ("between 1 and 3", True),
        ("in [1]", False),
        ("in [0, 1]", True),
        ("not in [1]", True),
        ("not in [0, 1]", False),
        ("not between 1 and 3", True),
        ("not between 0 and 3", False),
    ],
)
def test_the_verdict_on_the_length_of_null(text: str, glue: bool) -> None:
    assert null_length_passes(_condition(text), strict=False) is glue
    assert null_length_passes(_condition(text), strict=True) is False


def test_the_verdict_on_the_type_of_null() -> None:
    assert null_type_passes(_condition('= "Date"'), strict=False) is False
    assert null_type_passes(_condition('!= "Date"'), strict=False) is True
    assert null_type_passes(_condition('!= "Date"'), strict=True) is False
