"""Every error that Sluice raises on purpose.

One root, a subclass per condition; each class has an exit code of its own, so that a scheduler can tell a bad
configuration from an unreachable source::

    SluiceError                 1   anything that went wrong and has a name
    ├── ConfigError             2   a configuration file, key, value or reference is wrong
    │   └── PlanError           3   the jobs contradict each other, or the layers
    ├── SessionError            4   Spark, Java, jars or settings are missing or wrong
    ├── ReadError               5   a source is missing, unreachable or unreadable
    ├── QualityError            6   a rule with action `fail` failed, or too many rows were rejected
    │   └── DeliveryRefused     6   what a source delivered is set aside
    ├── SchemaDriftError        7   the source's columns contradict the table under its evolution policy
    ├── TableError              8   a table can't be created, read or written
    │   ├── ContractError       8   a job contradicts what the table records about itself
    │   └── ConflictError       8   another writer kept winning
    ├── StateError              9   intents, bookmarks or the ledger can't be read or written
    └── AccountingError        10   events read and events accounted for differ: nothing may vanish
"""

from __future__ import annotations


class SluiceError(Exception):
    """What failed, what was found, what was expected, and the key or flag that fixes it.

    >>> print(SluiceError("job crm.leads: a wrong port", found=99999, expected="1 to 65535", fix="Set `port:`."))
    job crm.leads: a wrong port: got 99999, expected 1 to 65535. Set `port:`.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        found: object = None,
        expected: object = None,
        fix: str | None = None,
        where: str | None = None,
    ) -> None:
        self.what = what
        self.found = found
        self.expected = expected
        self.fix = fix
        self.where = where
        super().__init__(self._text())

    def _text(self) -> str:
        facts = []
        if self.found is not None:
            facts.append(f"got {self.found}")
        if self.expected is not None:
            facts.append(f"expected {self.expected}")
        text = self.what + (": " + ", ".join(facts) if facts else "")
        if self.fix:
            text = f"{text.rstrip('.')}. {self.fix}"
        return f"{self.where}: {text}" if self.where else text


class ConfigError(SluiceError):
    """A configuration file, key, value or reference is wrong; `where` is `file:line`."""

    exit_code = 2


class PlanError(ConfigError):
    """The jobs contradict each other, or data would not move forward through the layers."""

    exit_code = 3


class SessionError(SluiceError):
    """Spark, Java, jars or session settings are missing or wrong."""

    exit_code = 4


class ReadError(SluiceError):
    """A source is missing, unreachable or unreadable."""

    exit_code = 5


class QualityError(SluiceError):
    """A rule with action `fail` failed, or more rows were rejected than the job allows."""

    exit_code = 6


class DeliveryRefused(QualityError):
    """What a source delivered can't be taken; it is set aside, so that the next run goes on without it."""


class SchemaDriftError(SluiceError):
    """The columns that arrive contradict the table under the job's evolution policy."""

    exit_code = 7


class TableError(SluiceError):
    """A table can't be created, read or written."""

    exit_code = 8


class ContractError(TableError):
    """A job contradicts what the table records about itself (keys, history kind, sequence type)."""


class ConflictError(TableError):
    """Another writer kept winning, whatever was tried."""


class StateError(SluiceError):
    """Intents, bookmarks or the ledger can't be read or written."""

    exit_code = 9


class AccountingError(SluiceError):
    """Events read and events accounted for differ."""

    exit_code = 10
