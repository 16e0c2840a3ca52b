"""Rules on columns and schemas: they read no row."""

from __future__ import annotations

import re

from framework.quality.columns import Columns
from framework.quality.dataset.question import Bench, Question, Verdict, against
from framework.quality.dataset.reference import reference
from framework.quality.nodes import Leaf


def _known(verdict: Verdict) -> Question:
    return Question(lambda figures: verdict)


def column_count(leaf: Leaf, bench: Bench) -> Question:
    """ColumnCount: the framework's own columns don't count."""
    assert leaf.condition is not None
    return _known(against(leaf.condition, len(bench.columns.names)))


def column_exists(leaf: Leaf, bench: Bench) -> Question:
    """ColumnExists: a missing column fails the rule, with the nearest name."""
    bench.find(leaf, leaf.names[0])
    return _known(Verdict(True))


def names_match(leaf: Leaf, bench: Bench) -> Question:
    """ColumnNamesMatchPattern: the pattern is found somewhere in every name, as in Glue."""
    pattern = re.compile(leaf.parameters[0].raw)
    others = [name for name in bench.columns.names if not pattern.search(name)]
    if not others:
        return _known(Verdict(True, "1"))
    share = 1 - len(others) / len(bench.columns.names)
    return _known(Verdict(False, f"{share:.6g}", f"columns that don't match: {', '.join(others[:20])}"))


def schema_match(leaf: Leaf, bench: Bench) -> Question:
    """SchemaMatch: the share of columns that the reference has with the same type."""
    assert leaf.condition is not None
    ours, theirs = _types(bench.columns), _types(Columns(reference(leaf, bench).schema))
    if len(ours) != len(theirs):
        return _known(Verdict(False, reason=f"there are {len(ours)} columns, in the reference {len(theirs)}"))
    same = sum(theirs.get(name) == kind for name, kind in ours.items())
    verdict = against(leaf.condition, same / len(ours) if ours else None)
    different = [name for name, kind in ours.items() if theirs.get(name) != kind]
    if verdict.passed or not different:
        return _known(verdict)
    return _known(
        Verdict(False, verdict.measured, f"{verdict.reason}; different: {', '.join(different[:20])}")
    )


def _types(columns: Columns) -> dict[str, str]:
    return {name.lower(): columns.schema[name].dataType.simpleString() for name in columns.names}
