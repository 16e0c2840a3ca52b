"""What spark-submit.sh makes of its arguments."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from framework.errors import ConfigError
from framework.runtimes.submit import Split, command_line, lane_here, prepare_environment, split_arguments
from framework.session.versions import LANES

ROOT = Path(__file__).parents[3]

SPLITS = [
    (["--job", "a.b"], (), ("--job", "a.b")),
    (
        ["--master", "spark://h:7077", "--env", "prod", "--job", "a.b", "--executor-memory", "4g"],
        ("--master", "spark://h:7077", "--executor-memory", "4g"),
        ("--env", "prod", "--job", "a.b"),
    ),
    (
        ["--conf", "spark.a=1", "--job=a.b", "--conf", "spark.b=2"],
        ("--conf", "spark.a=1", "--conf", "spark.b=2"),
        ("--job=a.b",),
    ),
    (
        ["--master", "yarn", "--", "--job", "a.b", "--more", "x"],
        ("--master", "yarn"),
        ("--job", "a.b", "--more", "x"),
    ),
    (["--env", "prod", "--verbose", "--", "--job", "a.b"], ("--verbose",), ("--env", "prod", "--job", "a.b")),
]


@pytest.mark.parametrize(("argv", "spark", "entry"), SPLITS)
def test_our_options_go_to_the_job_and_all_others_to_spark(
    argv: list[str], spark: tuple[str, ...], entry: tuple[str, ...]
) -> None:
    assert split_arguments(argv) == Split(spark, entry)


def line(*spark: str, jars: tuple[str, ...] = ("/c/a.jar", "/c/b.jar")) -> str:
    split = Split(spark, ("--job", "a.b"))
    return " ".join(command_line(split, spark_submit="ss", script="main.py", archive="/t/s.zip", jars=jars))


def test_the_call_of_spark_submit() -> None:
    assert line() == "ss --master local[*] --py-files /t/s.zip --jars /c/a.jar,/c/b.jar main.py --job a.b"
    assert line("--master", "yarn", jars=()) == "ss --master yarn --py-files /t/s.zip main.py --job a.b"
    assert line("--master=yarn", jars=()) == "ss --master=yarn --py-files /t/s.zip main.py --job a.b"


def test_jars_and_files_of_the_caller_come_beside_ours() -> None:
    given = line("--py-files", "my.zip", "--jars=x.jar", "--num-executors", "2", jars=("/c/a.jar",))
    assert given == (
        "ss --master local[*] --num-executors 2 "
        "--py-files /t/s.zip,my.zip --jars /c/a.jar,x.jar main.py --job a.b"
    )


def test_the_lane_is_that_of_the_spark_that_runs(tmp_path: Path) -> None:
    (tmp_path / "RELEASE").write_text("Spark 4.1.3 (git revision abc) built for Hadoop 3.4.2\n")
    assert lane_here({"SPARK_HOME": str(tmp_path)}) is LANES["4.1"]
    assert lane_here({"SPARK_HOME": str(tmp_path), "SLUICE_LANE": "3.5"}) is LANES["3.5"]
    with pytest.raises(ConfigError, match=r"SLUICE_LANE is wrong: got '2\.4', expected 3\.5 or 4\.1"):
        lane_here({"SLUICE_LANE": "2.4"})


def test_the_python_of_the_caller_is_kept_and_the_checkout_hides_nothing() -> None:
    environ = {
        "PYSPARK_PYTHON": "./environment/bin/python",
        "PYTHONPATH": f"{ROOT}:/else",
        "PATH": "/usr/bin:/bin",
    }
    prepared = prepare_environment(environ, LANES["3.5"])
    assert prepared["PYSPARK_PYTHON"] == "./environment/bin/python"
    assert prepared["PYTHONPATH"] == "/else"
    assert Path(prepared["JAVA_HOME"], "bin", "java").exists()


def test_help_names_every_variable_and_option() -> None:
    done = subprocess.run([ROOT / "spark-submit.sh", "--help"], capture_output=True, text=True, check=True)
    for word in ("--master", "--job NAME", "--overrides", "PYSPARK_PYTHON", "SLUICE_JARS", "docs/deploy.md"):
        assert word in done.stdout


def test_a_wrong_argument_is_refused_before_anything_is_packed(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "spark-submit.sh", "--all", "yes"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == ConfigError.exit_code
    assert done.stderr.strip() == "spark-submit.sh: --all is wrong: got 'yes', expected true or false"
