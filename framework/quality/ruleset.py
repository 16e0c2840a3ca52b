"""A ruleset that was read and found right, sorted into row rules and dataset rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from framework.quality.checks import check_document
from framework.quality.kinds import KINDS
from framework.quality.nodes import Document, Rule
from framework.quality.parser import parse_document
from framework.quality.printer import print_document, print_rule
from framework.quality.settings import scope_of, settings_of

Scope = Literal["row", "dataset"]


@dataclass(frozen=True)
class RuleEntry:
    """A rule with what its pragmas and labels say."""

    id: str
    rule: Rule
    scope: Scope
    action: str | None
    """The rule's own action; None: the job's `on_failure` or `dataset_failure`."""
    on: str
    """batch: judged on what arrives; table: on the whole table (dataset rules only)."""

    @property
    def text(self) -> str:
        """The rule as DQDL."""
        return print_rule(self.rule)

    def references(self) -> list[str]:
        """Aliases of other data that the rule reads, in order, each once."""
        found = (name for leaf in self.rule.leaves for name in KINDS[leaf.kind].references(leaf.names))
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Ruleset:
    """All rules of a job."""

    document: Document

    @cached_property
    def rules(self) -> tuple[RuleEntry, ...]:
        return tuple(
            _entry(number, rule, self.document) for number, rule in enumerate(self.document.rules, 1)
        )

    @property
    def row_rules(self) -> tuple[RuleEntry, ...]:
        """Rules judged on each row by itself."""
        return tuple(rule for rule in self.rules if rule.scope == "row")

    @property
    def dataset_rules(self) -> tuple[RuleEntry, ...]:
        """Rules judged on all rows together."""
        return tuple(rule for rule in self.rules if rule.scope == "dataset")

    def reference_aliases(self) -> tuple[str, ...]:
        """Names of other data that the dataset rules read: tables (layer.domain.table) or the job's sources.

        Those of CustomSql are what stands after FROM and JOIN; the caller may not know some of them.
        """
        found = (name for rule in self.rules for name in rule.references())
        return tuple(dict.fromkeys(found))

    def __str__(self) -> str:
        return print_document(self.document)


EMPTY = Ruleset(Document())
"""The ruleset of a job without rules."""


def parse_ruleset(text: str) -> Ruleset:
    """Read DQDL text; the first mistake is raised as a ConfigError whose `where` is `line:column`.

    >>> [rule.scope for rule in parse_ruleset('Rules = [ IsComplete "a", RowCount > 0 ]').rules]
    ['row', 'dataset']
    """
    document = parse_document(text)
    for error in check_document(document):
        raise error
    return Ruleset(document)


def _entry(number: int, rule: Rule, document: Document) -> RuleEntry:
    settings = settings_of(rule, document)
    return RuleEntry(
        id=settings.get("id", f"rule{number}"),
        rule=rule,
        scope=cast(Scope, scope_of(rule)),
        action=settings.get("action"),
        on=settings.get("on", "batch"),
    )
