"""DQDL rules that can't be understood, at their own line of the job's file."""

from __future__ import annotations

import re
from collections.abc import Iterator

from framework.config.checks.columns import known_columns
from framework.config.checks.problem import problem
from framework.config.job import Job
from framework.config.project import Project
from framework.config.tree import Value
from framework.errors import ConfigError

_KEY = "quality.rules"
_AT = re.compile(r"(\d+):(\d+)")


def check_rules(project: Project, job: Job) -> Iterator[ConfigError]:
    """Every mistake in the job's rules."""
    if job.quality.rules is None:
        return
    from framework.quality import check_ruleset

    written = project.value(job.job, _KEY)
    for error in check_ruleset(job.quality.rules, known_columns(job)):
        place = _AT.match(error.where or "")
        line, column = (int(place[1]), int(place[2])) if place else (1, 1)
        found = problem(project, job, _KEY, "")
        where = _where(written, line) or found.where
        at = (
            f"{found.what}, line {line}, column {column}"
            if written is None or not written.text_origin
            else found.what
        )
        yield ConfigError(
            f"{at}: {error.what}", found=error.found, expected=error.expected, fix=error.fix, where=where
        )


def _where(written: Value | None, line: int) -> str | None:
    """The line of the file: in a block of text counted from its first line, in a list that of the rule."""
    if written is None:
        return None
    if isinstance(written.content, list):  # a line per rule, after `Rules = [`
        rules = written.content
        return rules[min(max(line - 2, 0), len(rules) - 1)].origin if rules else written.origin
    if written.text_origin:
        file, _, first = written.text_origin.rpartition(":")
        return f"{file}:{int(first) + line - 1}"
    return None
