"""Several problems at once, in the order in which one would put them right."""

from __future__ import annotations

from collections.abc import Sequence

from framework.errors import ConfigError


class ConfigErrors(ConfigError):
    """Several configuration errors, all shown; `problems` has them one by one."""

    def __init__(self, problems: Sequence[ConfigError]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            f"{len(problems)} problems in the configuration\n" + "\n".join(f"  {p}" for p in problems)
        )


def in_order(problems: Sequence[ConfigError]) -> list[ConfigError]:
    """By file and line; what has no place in a file comes first."""

    def place(problem: ConfigError) -> tuple[str, int]:
        file, _, line = (problem.where or "").rpartition(":")
        return (file, int(line)) if line.isdigit() else (problem.where or "", 0)

    return sorted(problems, key=place)


def once(problems: Sequence[ConfigError]) -> list[ConfigError]:
    """A mistake in `defaults` shows in every job: keep one of those with the same place and words."""
    seen: dict[tuple[str | None, object, object, str | None], ConfigError] = {}
    for problem in problems:
        seen.setdefault((problem.where, problem.found, problem.expected, problem.fix), problem)
    return list(seen.values())


def follows(problem: ConfigError, unresolved: Sequence[ConfigError]) -> bool:
    """Whether a value is wrong only because its `${...}` could not be replaced, which is told already."""
    return "${" in str(problem.found) and any(problem.where == cause.where for cause in unresolved)
