"""Lines of a run's log."""

from __future__ import annotations

import io
import json
import logging

import pytest

from framework.runtimes.logs import LogListener, log_to_stdout


def logged(log_format: str, act: str = "listen") -> list[str]:
    stream = io.StringIO()
    logger = log_to_stdout(log_format, "run-1", stream)
    if act == "listen":
        listener = LogListener(logger)
        listener.stage_started("crm.leads", "read")
        listener.stage_ended("crm.leads", "read", 1.23456)
        listener.note("crm.leads", "landed 3 files\nfrom the inbox")
    else:
        try:
            raise ValueError("broken")
        except ValueError:
            logger.exception("it broke")
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("act", ["listen", "raise"])
def test_json_is_one_object_a_line_with_the_run_id(act: str) -> None:
    entries = [json.loads(line) for line in logged("json", act)]
    assert {entry["run_id"] for entry in entries} == {"run-1"}
    if act == "raise":
        assert entries[0]["level"] == "ERROR"
        assert "ValueError: broken" in entries[0]["exception"]
    else:
        assert entries[0] | {"time": ""} == {
            "time": "",
            "level": "INFO",
            "run_id": "run-1",
            "logger": "sluice",
            "message": "read took 1.2 s",
            "job": "crm.leads",
            "stage": "read",
            "seconds": 1.235,
        }
        assert entries[1]["message"] == "landed 3 files\nfrom the inbox"


def test_text_names_the_run_and_the_job() -> None:
    first = logged("text")[0]
    assert first.endswith("Z INFO    run-1 crm.leads: read took 1.2 s")


def test_a_second_call_replaces_the_first() -> None:
    assert len(logged("text")) == len(logged("text"))
    assert len(logging.getLogger("sluice").handlers) == 1
