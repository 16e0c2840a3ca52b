"""Random documents: every node of the language, nested, with hard names and strings."""

from __future__ import annotations

from hypothesis import strategies as st

from framework.quality.nodes import (
    Binary,
    Call,
    Composite,
    Condition,
    Document,
    Keyword,
    Leaf,
    Literal,
    Moment,
    Number,
    Size,
    Span,
    Tag,
    Text,
)

_escapes = st.sampled_from(['\\"', "\\\\", "\\d", "#", "@", "'", "\n", "é", "名", " "])
texts = st.lists(
    st.one_of(st.characters(codec="utf-8", exclude_characters='"\\\r\ufeff'), _escapes), max_size=8
).map(lambda parts: Text("".join(parts)))
strings = texts.filter(lambda text: not text.raw.replace("-", "").replace(":", "")[:1].isdigit())
words = st.from_regex(r"[A-Z][a-zA-Z]{0,8}", fullmatch=True)
literals = st.one_of(
    st.integers(-1000, 1000).map(str), st.decimals(-9, 9, places=2).map(lambda number: f"{number:.2f}")
).map(Literal)
arithmetic = st.recursive(
    literals,
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from("+-*/"), inner, inner),
        st.builds(Call, st.sampled_from(["avg", "last", "std"]), st.lists(inner, max_size=2).map(tuple)),
    ),
    max_leaves=5,
)
units = st.sampled_from(["days", "hours", "minutes"])
spans = st.builds(Span, st.integers(0, 9999), units)
sizes = st.builds(Size, st.integers(0, 9999), st.sampled_from(["B", "KB", "MB", "GB", "TB"]))
moments = st.one_of(
    st.dates().map(lambda day: Moment(day.isoformat())),
    st.times().map(lambda time: Moment(time.strftime("%H:%M"))),
    st.builds(Moment, st.just("")),
    st.builds(Moment, st.just(""), st.sampled_from("+-"), spans),
)
null = st.just(Keyword("NULL"))
keywords = st.sampled_from(["NULL", "EMPTY", "WHITESPACES_ONLY"]).map(Keyword)


def _ordered(operands: st.SearchStrategy) -> st.SearchStrategy[Condition]:
    one = st.builds(Condition, st.sampled_from([">", ">=", "<", "<="]), st.tuples(operands))
    two = st.builds(Condition, st.sampled_from(["between", "not between"]), st.tuples(operands, operands))
    return st.one_of(one, two)


def _equal(operands: st.SearchStrategy, extra: st.SearchStrategy) -> st.SearchStrategy[Condition]:
    any_operand = st.one_of(operands, extra)
    one = st.builds(Condition, st.sampled_from(["=", "!="]), st.tuples(any_operand))
    many = st.builds(
        Condition, st.sampled_from(["in", "not in"]), st.lists(any_operand, min_size=1, max_size=4).map(tuple)
    )
    return st.one_of(one, many)


numbers = arithmetic.map(Number)
conditions = st.one_of(
    _ordered(numbers),
    _equal(numbers, null),
    _equal(strings, keywords),
    _ordered(moments),
    _equal(moments, null),
    _ordered(spans),
    _ordered(sizes),
    st.builds(Condition, st.sampled_from(["matches", "not matches"]), st.tuples(texts)),
)
labels = st.lists(st.tuples(st.text("abc ", min_size=1), st.text('x"\\ ', max_size=4)), max_size=2).map(tuple)
pragmas = st.sampled_from([(), (("action", "warn"),), (("id", "R7"), ("action", "drop"), ("on", "table"))])
leaves = st.builds(
    Leaf,
    words,
    st.lists(texts, max_size=3).map(tuple),
    st.none() | conditions,
    st.none() | texts,
    labels,
    st.lists(st.builds(Tag, st.sampled_from(["threshold", "format"]), conditions), max_size=2).map(tuple),
)
rules = st.recursive(
    leaves,
    lambda inner: st.builds(
        Composite, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple), labels
    ),
    max_leaves=4,
)
top_rules = st.builds(
    lambda rule, pragmas: type(rule)(**{**_fields(rule), "pragmas": pragmas}), rules, pragmas
)
documents = st.builds(
    Document,
    rules=st.lists(top_rules, min_size=1, max_size=4).map(tuple),
    metadata=st.lists(st.tuples(st.text("ab", min_size=1), st.text('x"\\', max_size=3)), max_size=2).map(
        tuple
    ),
    default_labels=labels,
)


def _fields(rule: Leaf | Composite) -> dict[str, object]:
    return {name: getattr(rule, name) for name in rule.__dataclass_fields__}
