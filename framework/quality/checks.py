"""Everything that can be wrong with a ruleset and be seen without Spark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from framework.errors import ConfigError
from framework.quality.leaf_checks import check_leaf, problem
from framework.quality.nodes import Document, Rule
from framework.quality.parser import parse_document
from framework.quality.settings import ACTIONS, SCOPED_ACTIONS, scope_of, settings_of

MAX_ROW_RULES = 60
"""The mask of failed rules is one bigint."""


def check_ruleset(text: str, columns: Sequence[str] | None = None) -> list[ConfigError]:
    """Every mistake in a DQDL text; columns are checked if the frame's are given.

    >>> [str(error) for error in check_ruleset('Rules = [ IsComplet "a" ]')]
    ['1:11: the rule type IsComplet is unknown. Did you mean IsComplete?']
    """
    try:
        document = parse_document(text)
    except ConfigError as error:
        return [error]
    return check_document(document, columns)


def check_document(document: Document, columns: Sequence[str] | None = None) -> list[ConfigError]:
    """Every mistake in a parsed document, in the order of the text."""
    errors = [
        problem(analyzer.at, "analyzers are not supported yet", fix="Remove them.")
        for analyzer in document.analyzers[:1]
    ]
    for rule in document.rules:
        found = [error for leaf in rule.leaves for error in check_leaf(leaf, columns)]
        errors += found or list(_check_settings(rule, document))
    return errors + list(_check_whole(document))


def _check_settings(rule: Rule, document: Document) -> Iterator[ConfigError]:
    settings, scope = settings_of(rule, document), scope_of(rule)
    action, on = settings.get("action"), settings.get("on", "batch")
    if action is not None and action not in ACTIONS:
        yield problem(rule.at, "the action of a rule is unknown", found=action, expected=", ".join(ACTIONS))
    elif action is not None and action not in SCOPED_ACTIONS[scope]:
        yield problem(
            rule.at,
            f"a dataset rule has the action {action}, but no rows of its own to {action}",
            expected=" or ".join(SCOPED_ACTIONS[scope]),
        )
    if on not in ("batch", "table"):
        yield problem(
            rule.at, "a rule is judged on something unknown", found=f"on={on}", expected="batch or table"
        )
    elif on == "table" and scope == "row":
        yield problem(
            rule.at, "a row rule is judged on the rows that arrive, not on=table", fix="Remove @on=table."
        )


def _check_whole(document: Document) -> Iterator[ConfigError]:
    rows = [rule for rule in document.rules if scope_of(rule) == "row"]
    if len(rows) > MAX_ROW_RULES:
        yield problem(
            rows[MAX_ROW_RULES].at,
            "the ruleset has too many row rules",
            found=len(rows),
            expected=f"at most {MAX_ROW_RULES}",
            fix="Join some by (RuleA) and (RuleB), or give them a threshold, which makes them dataset rules.",
        )
    ids = Counter(
        settings_of(rule, document)["id"] for rule in document.rules if "id" in settings_of(rule, document)
    )
    for rule in document.rules:
        name = settings_of(rule, document).get("id")
        if name and ids[name] > 1:
            yield problem(rule.at, f"two rules have the id {name}")
            ids[name] = 1
