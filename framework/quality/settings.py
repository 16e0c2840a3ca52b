"""What is said about a rule besides the rule: its action, its id, and what it is judged on."""

from __future__ import annotations

from framework.quality.kinds import KINDS
from framework.quality.nodes import Document, Rule
from framework.quality.pragmas import KEYS

ACTIONS = ("warn", "drop", "quarantine", "fail")
SCOPED_ACTIONS = {"row": ACTIONS, "dataset": ("warn", "fail")}


def settings_of(rule: Rule, document: Document) -> dict[str, str]:
    """The settings of a rule: pragmas win over its labels, those over the ruleset's default labels."""
    labels = {**dict(document.default_labels), **dict(rule.labels)}
    return {**{key: value for key, value in labels.items() if key in KEYS}, **dict(rule.pragmas)}


def scope_of(rule: Rule) -> str:
    """`row` if the rule is judged on each row by itself, else `dataset`.

    A threshold speaks of many rows; a composite is a row rule if all its parts are.
    """
    row = all(
        leaf.kind in KINDS and KINDS[leaf.kind].scope == "row" and not leaf.threshold for leaf in rule.leaves
    )
    return "row" if row else "dataset"
