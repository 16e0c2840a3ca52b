"""Numbers and conditions without Spark: what a dataset rule's measured value is held against."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, DivisionByZero, InvalidOperation

from framework.errors import ConfigError
from framework.quality.nodes import Arithmetic, Binary, Call, Condition, Literal, Number, Span

_ARITHMETIC: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def evaluate(expression: Arithmetic) -> Decimal:
    """The number an expression means: operators from left to right, without precedence, as DQDL has it.

    >>> evaluate(Binary("*", Binary("+", Literal("1"), Literal("2")), Literal("3")))
    Decimal('9')
    """
    if isinstance(expression, Literal):
        return Decimal(expression.text)
    if isinstance(expression, Call):
        raise ConfigError(
            f"{expression.name}() makes a dynamic rule, which is not supported yet", fix="Write a number."
        )
    try:
        return _ARITHMETIC[expression.op](evaluate(expression.left), evaluate(expression.right))
    except (DivisionByZero, InvalidOperation) as error:
        raise ConfigError("a number is divided by zero in a rule") from error


def calls(expression: Arithmetic) -> Iterator[str]:
    """The functions an expression calls."""
    if isinstance(expression, Call):
        yield expression.name
    elif isinstance(expression, Binary):
        yield from calls(expression.left)
        yield from calls(expression.right)


def numbers(condition: Condition) -> list[Decimal]:
    """The numeric operands, evaluated."""
    return [evaluate(operand.expression) for operand in condition.values if isinstance(operand, Number)]


def holds(condition: Condition, value: float) -> bool:
    """Whether a measured number satisfies a condition; `between` leaves both ends out.

    >>> holds(Condition("between", (Number(Literal("0")), Number(Literal("1")))), 1.0)
    False
    """
    return decide(condition.op, value, [float(number) for number in numbers(condition)])


def holds_hours(condition: Condition, hours: float) -> bool:
    """Whether an age in hours satisfies a condition on durations."""
    return decide(
        condition.op, hours, [span.minutes / 60 for span in condition.values if isinstance(span, Span)]
    )


def decide(op: str, value: float, operands: list[float]) -> bool:
    """`value op operands` for every operator on numbers."""
    if op.startswith("not "):
        return not decide(op.removeprefix("not "), value, operands)
    if op == "between":
        return operands[0] < value < operands[1]
    if op in ("in", "="):
        return value in operands
    if op == "!=":
        return value not in operands
    return COMPARISONS[op](value, operands[0])


def time_of_day(text: str) -> int:
    """Minutes since midnight.

    >>> time_of_day("9:30 PM"), time_of_day("10:05")
    (1290, 605)
    """
    clock = datetime.strptime(text, "%I:%M %p" if text.endswith("M") else "%H:%M")
    return clock.hour * 60 + clock.minute
