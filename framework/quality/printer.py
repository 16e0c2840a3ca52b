"""A ruleset back as DQDL text; parsing that text gives the same ruleset."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from framework.quality.nodes import (
    Analyzer,
    Arithmetic,
    Binary,
    Call,
    Composite,
    Condition,
    Document,
    Keyword,
    Literal,
    Moment,
    Number,
    Operand,
    Pairs,
    Rule,
    Size,
    Span,
    Text,
)


def print_document(document: Document) -> str:
    """The document as DQDL, a rule on each line, pragmas above their rules."""
    parts = [
        _section("Metadata", document.metadata),
        _section("DataSources", document.data_sources),
        f"DefaultLabels = {_labels(document.default_labels)}" if document.default_labels else "",
        _list("Rules", [_with_pragmas(rule) for rule in document.rules])
        if document.rules or not document.analyzers
        else "",
        _list("Analyzers", [_analyzer(analyzer) for analyzer in document.analyzers])
        if document.analyzers
        else "",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def print_rule(rule: Rule) -> str:
    """One rule on one line, without its pragmas.

    >>> from framework.quality.nodes import Leaf
    >>> print_rule(Leaf("IsComplete", (Text("a"),)))
    'IsComplete "a"'
    """
    if isinstance(rule, Composite):
        return _composite(rule)
    parts = [rule.kind, *(_text(parameter) for parameter in rule.parameters)]
    if rule.condition:
        parts.append(print_condition(rule.condition))
    if rule.where:
        parts.append(f"where {_text(rule.where)}")
    if rule.labels:
        parts.append(f"labels={_labels(rule.labels)}")
    parts += [f"with {tag.name} {print_condition(tag.condition)}" for tag in rule.tags]
    return " ".join(parts)


def print_condition(condition: Condition) -> str:
    """A condition, such as `not between 1 and 5`."""
    operands = [print_operand(operand) for operand in condition.operands]
    if "between" in condition.op:
        return f"{condition.op} {operands[0]} and {operands[1]}"
    if condition.op in ("in", "not in"):
        return f"{condition.op} [{', '.join(operands)}]"
    return f"{condition.op} {operands[0]}"


def print_operand(operand: Operand) -> str:
    """One operand as DQDL."""
    for kind, show in _OPERANDS:
        if isinstance(operand, kind):
            return show(operand)
    raise TypeError(f"not an operand: {operand!r}")


def _moment(moment: Moment) -> str:
    if moment.text:
        return f'"{moment.text}"'
    return f"(now() {moment.sign} {moment.shift.amount} {moment.shift.unit})" if moment.shift else "now()"


def _arithmetic(expression: Arithmetic) -> str:
    if isinstance(expression, Literal):
        return expression.text
    if isinstance(expression, Call):
        return f"{expression.name}({', '.join(_arithmetic(argument) for argument in expression.arguments)})"
    right = _arithmetic(expression.right)
    if isinstance(expression.right, Binary):
        right = f"({right})"
    return f"{_arithmetic(expression.left)} {expression.op} {right}"


_OPERANDS: tuple[tuple[type, Callable[..., str]], ...] = (
    (Number, lambda number: _arithmetic(number.expression)),
    (Text, lambda text: _text(text)),
    (Keyword, lambda keyword: keyword.name),
    (Moment, _moment),
    (Span, lambda span: f"{span.amount} {span.unit}"),
    (Size, lambda size: f"{size.amount} {size.unit}"),
)


def _composite(rule: Composite) -> str:
    joined = f" {rule.op} ".join(f"({print_rule(part)})" for part in rule.rules)
    return f"({joined}) labels={_labels(rule.labels)}" if rule.labels else joined


def _with_pragmas(rule: Rule) -> str:
    pragmas = " ".join(f"@{key}={value}" for key, value in rule.pragmas)
    return f"# {pragmas}\n    {print_rule(rule)}" if pragmas else print_rule(rule)


def _text(text: Text) -> str:
    return f'"{text.raw}"'


def _labels(labels: Pairs) -> str:
    return f"[{', '.join(f'{_quote(key)}={_quote(value)}' for key, value in labels)}]"


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _analyzer(analyzer: Analyzer) -> str:
    return " ".join([analyzer.kind, *(_text(parameter) for parameter in analyzer.parameters)])


def _list(name: str, items: Sequence[str]) -> str:
    return f"{name} = [\n    " + ",\n    ".join(items) + "\n]" if items else f"{name} = []"


def _section(name: str, pairs: Sequence[tuple[str, str | tuple[str, ...]]]) -> str:
    if not pairs:
        return ""
    entries = ", ".join(f"{_quote(key)}: {_entry(value)}" for key, value in pairs)
    return f"{name} = {{{entries}}}"


def _entry(value: str | tuple[str, ...]) -> str:
    return _quote(value) if isinstance(value, str) else f"[{', '.join(map(_quote, value))}]"
