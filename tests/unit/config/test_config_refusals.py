"""Every mistake in a job's file that is refused: `refusals.yaml` has the files and the exact messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from framework.config.validation import Validation

Check = Callable[..., Validation]

LAKE = "root: /data/lake\nvariables: {bank: greatfin}\n"
TABLE = yaml.load((Path(__file__).parent / "refusals.yaml").read_text(encoding="utf-8"), yaml.BaseLoader)
CASES = [
    pytest.param(case["job"], case["says"], id=name)
    for group in TABLE.values()
    for name, case in group.items()
]
SECRETS = [pytest.param(case["job"], id=name) for name, case in TABLE["secrets"].items()]
SOUND = """\
job: crm.leads
read: {format: csv, path: raw/crm/leads}
write: {table: standardized.crm.leads}
"""


@pytest.mark.parametrize(("text", "message"), CASES)
def test_a_mistake_in_a_job_is_refused_at_its_line_with_its_remedy(
    text: str, message: str, check: Check
) -> None:
    result = check({"lake.yaml": LAKE, "jobs/x.yaml": text})
    assert [str(problem) for problem in result.problems] == [message]
    assert not result.ok


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_that_is_written_out_never_appears_in_the_message(text: str, check: Check) -> None:
    problems = check({"jobs/x.yaml": text}).problems
    assert "hunter2" in text or "12345" in text
    assert not any(secret in str(problem) for problem in problems for secret in ("hunter2", "12345"))


def test_all_mistakes_are_told_at_once_by_file_and_line(check: Check) -> None:
    result = check(
        {
            "jobs/a.yaml": SOUND.replace("format: csv", "fromat: csv") + "changes: {histroy: append}\n",
            "jobs/b.yaml": SOUND.replace("crm.leads", "crm.b").replace("standardized", "standardised"),
        }
    )
    assert [problem.where for problem in result.problems] == [
        "conf/jobs/a.yaml:2",
        "conf/jobs/a.yaml:4",
        "conf/jobs/b.yaml:3",
    ]


def test_a_sound_job_has_no_problem(check: Check) -> None:
    result = check({"jobs/x.yaml": SOUND})
    assert result.problems == ()
    assert (result.files, result.jobs, result.tables, result.exit_code) == (2, 1, 1, 0)
