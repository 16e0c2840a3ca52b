"""What jobs may say of envelopes, and that checks without Spark know what decoders know."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest

from framework.changes.envelopes import ENVELOPES, MESSAGES
from framework.config.checks.changes import MESSAGE_ENVELOPES, check_changes, envelope_of
from framework.config.checks.reads import check_reads
from framework.config.job import Job
from framework.config.lake import Lake
from framework.config.project import Project


def job(
    envelope: str | None = None, format: str = "text", keys: tuple[str, ...] = ("id",), **read: Any
) -> Job:
    where = (
        {"table": "standardized.a.c"} if format in ("delta_cdf", "iceberg_changelog") else {"path": "raw/a"}
    )
    return Job.model_validate(
        {
            "job": "a.b",
            "read": {"format": format, **where, **read},
            "changes": {"keys": list(keys), **({"envelope": envelope} if envelope else {})},
            "write": {"table": "conformed.a.b"},
        }
    )


def problems(one: Job) -> list[str]:
    project = Project(lake=Lake(root="/data"), jobs={one.job: one})
    return [str(found) for check in (check_changes, check_reads) for found in check(project, one)]


def test_the_checks_know_which_envelopes_are_messages() -> None:
    assert set(MESSAGE_ENVELOPES) == MESSAGES


@pytest.mark.parametrize("envelope", [*sorted(MESSAGES), "dms"])
def test_an_envelope_with_an_order_of_its_own_needs_no_sequence(envelope: str) -> None:
    assert problems(job(envelope)) == []
    assert problems(job(envelope, table="shop.orders", format="dms" if envelope == "dms" else "text")) == []


@pytest.mark.parametrize("format", ["delta_cdf", "iceberg_changelog", "dms"])
def test_a_format_of_changes_brings_its_envelope(format: str) -> None:
    assert envelope_of(job(format=format)) == format
    assert problems(job(format=format)) == []


@pytest.mark.parametrize("envelope", [None, "rows"])
def test_rows_need_a_sequence(envelope: str | None) -> None:
    assert "nothing says in which order the changes of a key come" in problems(job(envelope))[0]


def test_every_envelope_has_a_decoder() -> None:
    missing = [name for name in ENVELOPES if find_spec(f"framework.changes.envelopes.{name}") is None]
    assert missing == []
