"""The runtime is told by evidence alone."""

from __future__ import annotations

import pytest

from framework.runtimes.detect import detect, gather_facts

GATEWAY = {"env:PYSPARK_GATEWAY_PORT": "41000"}
ON_EMR = {"file:/mnt/var/lib/info/job-flow.json": ""}
CASES = [
    ("nothing", {}, "local"),
    ("a JVM that launched Python", GATEWAY, "spark-submit"),
    ("an EMR node under spark-submit", {**GATEWAY, **ON_EMR}, "emr"),
    ("a shell on an EMR node", ON_EMR, "local"),
    ("EMR Serverless", {**GATEWAY, "env:SERVERLESS_EMR_JOB_ID": "00f1"}, "emr-serverless"),
    ("EMR Serverless by its application", {"env:SERVERLESS_EMR_VIRTUAL_CLUSTER_ID": "00e"}, "emr-serverless"),
    ("Glue", {**GATEWAY, "module:awsglue": "", "argument:--JOB_NAME": "nightly"}, "glue"),
    ("awsglue installed on a laptop", {"module:awsglue": ""}, "local"),
    ("an argument called like Glue's", {**GATEWAY, "argument:--JOB_NAME": "nightly"}, "spark-submit"),
]


@pytest.mark.parametrize(("facts", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_first_rule_whose_facts_all_hold_names_the_runtime(facts: dict[str, str], expected: str) -> None:
    assert detect(facts).name == expected


def test_the_evidence_is_told() -> None:
    assert str(detect(GATEWAY)) == "spark-submit (env:PYSPARK_GATEWAY_PORT)"
    assert str(detect({})) == "local (nothing says otherwise)"


@pytest.mark.parametrize("argv", [["main.py", "--JOB_NAME", "nightly"], ["main.py", "--JOB_NAME=nightly"]])
def test_facts_are_gathered_from_arguments_and_environment(argv: list[str]) -> None:
    facts = gather_facts(argv, {"PYSPARK_GATEWAY_PORT": "41000", "HOME": "/root"})
    assert facts == {"argument:--JOB_NAME": "nightly", "env:PYSPARK_GATEWAY_PORT": "41000"}
