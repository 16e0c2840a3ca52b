"""Arguments of the cluster entry script: flat, never abbreviated, and what isn't ours is left alone."""

from __future__ import annotations

import pytest

from framework.errors import ConfigError
from framework.runtimes.arguments import OPTIONS, RUNTIMES, Arguments, entry_arguments, parse_arguments, usage

RESERVED_BY_GLUE = ("conf", "mode", "debug", "job-", "enable-", "extra-", "JOB_", "TempDir", "security")

TABLE = [
    ("one job", ["--job", "crm.leads"], Arguments(jobs=("crm.leads",))),
    ("several jobs in one value", ["--job", "a.b, c.d"], Arguments(jobs=("a.b", "c.d"))),
    (
        "the form with =",
        ["--job=crm.leads", "--env=prod"],
        Arguments(jobs=("crm.leads",), environment="prod"),
    ),
    ("every job", ["--all", "true"], Arguments(everything=True)),
    (
        "every option",
        [
            *(
                "--all",
                "true",
                "--env",
                "prod",
                "--config",
                "s3://b/conf",
                "--run-id",
                "r1",
                "--runtime",
                "emr",
            ),
            *("--overrides", "lake.parallel=4;write.format=delta", "--log-format", "json", "--parallel", "3"),
            *("--resume", "true"),
        ],
        Arguments(
            everything=True,
            environment="prod",
            config="s3://b/conf",
            run_id="r1",
            runtime="emr",
            overrides=("lake.parallel=4", "write.format=delta"),
            log_format="json",
            parallel=3,
            resume=True,
        ),
    ),
    (
        "Glue's own arguments",
        [
            "--JOB_NAME",
            "nightly",
            "--job",
            "a.b",
            "--TempDir",
            "s3://t/x",
            "--enable-glue-datacatalog",
            "true",
        ],
        Arguments(
            jobs=("a.b",),
            unknown=("--JOB_NAME", "nightly", "--TempDir", "s3://t/x", "--enable-glue-datacatalog", "true"),
        ),
    ),
    (
        "a chain of --conf in one value, as Glue has it",
        ["--conf", "spark.a=1 --conf spark.b=2 --conf spark.c=--job", "--job", "a.b"],
        Arguments(jobs=("a.b",), unknown=("--conf", "spark.a=1 --conf spark.b=2 --conf spark.c=--job")),
    ),
    (
        "a chain of --conf as separate words",
        ["--job", "a.b", "--conf", "spark.a=1", "--conf", "spark.b=2"],
        Arguments(jobs=("a.b",), unknown=("--conf", "spark.a=1", "--conf", "spark.b=2")),
    ),
    (
        "names of which ours are the beginning, or that begin ours",
        ["--job", "a.b", "--job-bookmark-option", "job-bookmark-disable", "--con", "x", "--environment", "y"],
        Arguments(
            jobs=("a.b",),
            unknown=("--job-bookmark-option", "job-bookmark-disable", "--con", "x", "--environment", "y"),
        ),
    ),
    (
        "a flag that isn't ours",
        ["--verbose", "--job", "a.b"],
        Arguments(jobs=("a.b",), unknown=("--verbose",)),
    ),
    ("a lone word", ["stray", "--job", "a.b"], Arguments(jobs=("a.b",), unknown=("stray",))),
    (
        "an override with a semicolon in its value",
        ["--job", "a.b", "--overrides", "read.options.sep=';'; x.y=a=b;"],
        Arguments(jobs=("a.b",), overrides=("read.options.sep=';'", "x.y=a=b")),
    ),
]


@pytest.mark.parametrize(("argv", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_arguments_are_read(argv: list[str], expected: Arguments) -> None:
    assert parse_arguments(argv) == expected


@pytest.mark.parametrize("expected", [row[2] for row in TABLE], ids=[row[0] for row in TABLE])
def test_arguments_written_are_read_back_the_same(expected: Arguments) -> None:
    again = parse_arguments(entry_arguments(expected))
    assert again.unknown == ()
    assert {**vars(again), "unknown": ()} == {**vars(expected), "unknown": ()}


REFUSED = [
    ([], "nothing to run: expected --job NAME or --all true"),
    (["--all", "false"], "nothing to run"),
    (["--job", "a.b", "--all", "true"], "--job and --all true exclude each other"),
    (["--all"], "argument --all: expected one argument"),
    (["--all", "yes"], "--all is wrong: got 'yes', expected true or false"),
    (
        ["--job", "a.b", "--runtime", "databricks"],
        "--runtime is wrong: got 'databricks', expected auto or local or",
    ),
    (["--job", "a.b", "--log-format", "xml"], "--log-format is wrong: got 'xml', expected text or json"),
    (["--job", "a.b", "--parallel", "0"], "--parallel is wrong: got '0', expected a whole number from 1"),
]


@pytest.mark.parametrize(("argv", "message"), REFUSED, ids=[" ".join(argv) for argv, _ in REFUSED])
def test_a_wrong_argument_is_an_error_and_never_an_exit(argv: list[str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_arguments(argv)
    assert message in str(caught.value)


def test_no_option_has_a_name_that_glue_reserves() -> None:
    names = [option.name for option in OPTIONS]
    assert [name for name in names if name.startswith(RESERVED_BY_GLUE) and name != "config"] == []
    assert "conf" not in names


def test_every_option_is_in_the_usage() -> None:
    text = usage()
    assert [option.name for option in OPTIONS if f"--{option.name} " not in text] == []
    assert [name for name in RUNTIMES if name not in text] == []
