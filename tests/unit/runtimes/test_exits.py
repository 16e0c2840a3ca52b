"""How each platform is told of a failure, without Spark."""

from __future__ import annotations

import pytest

from framework.errors import ConfigError, QualityError, ReadError
from framework.runtimes.exits import JobsFailedError, exit_code, leave_for

BY_CODE = ["local", "spark-submit", "emr", "emr-serverless"]


@pytest.mark.parametrize("runtime", BY_CODE)
def test_a_scheduler_reads_the_class_of_the_error_from_the_exit_code(runtime: str) -> None:
    error = ReadError("the folder is missing")
    with pytest.raises(SystemExit) as left:
        leave_for(runtime, {})(error)
    assert left.value.code == 5
    assert left.value.__cause__ is error


def test_glue_is_told_by_the_error_itself() -> None:
    error = ConfigError("no such job")
    with pytest.raises(ConfigError) as left:
        leave_for("glue", {})(error)
    assert left.value is error


@pytest.mark.parametrize("runtime", ["spark-submit", "emr"])
def test_the_cluster_mode_of_yarn_is_told_by_the_error_itself(runtime: str) -> None:
    error = QualityError("too many rejects")
    with pytest.raises(QualityError) as left:
        leave_for(runtime, {"CONTAINER_ID": "container_1700000000000_0001_01_000001"})(error)
    assert left.value is error


def test_failed_jobs_leave_with_the_code_of_the_first() -> None:
    error = JobsFailedError({"a.b": "the folder is missing", "c.d": "too many rejects"}, 5)
    assert exit_code(error) == 5
    assert str(error) == "2 job(s) failed: a.b: the folder is missing; c.d: too many rejects"


def test_what_has_no_name_leaves_with_one_and_an_interrupt_with_130() -> None:
    assert exit_code(ValueError()) == 1
    assert exit_code(KeyboardInterrupt()) == 130
