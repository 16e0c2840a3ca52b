"""What `spark-submit.sh` does: pack the zip, find the jars, and call spark-submit with the one entry script.

    ./spark-submit.sh --master spark://host:7077 --env prod --job corebank.customers

Our own options (`framework.runtimes.arguments`) go to the entry script wherever they stand, all others to
spark-submit; after a lone `--` everything goes to the entry script.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import framework
from framework.errors import ConfigError, SessionError, SluiceError
from framework.runtimes.arguments import OPTIONS, parse_arguments, usage
from framework.runtimes.package import package
from framework.session.jar_cache import available_groups, cached_jars
from framework.session.java import find_java
from framework.session.versions import LANES, Lane, lane_of

OURS = frozenset(f"--{option.name}" for option in OPTIONS)
JOINED = {"--py-files": ",", "--jars": ","}
"""Options of spark-submit that we set too: what the caller gives is added, not replaced."""

HELP = f"""\
Usage: ./spark-submit.sh [options of spark-submit] [options of the job] [-- options of the job]

Runs jobs of a lake on any master. The framework, jobs/ and conf/ of the working folder travel as a zip.

Options of the job (jobs/main.py):
{usage()}

All others are spark-submit's own: --master (default local[*]), --deploy-mode, --conf, --executor-memory, ...

Environment:
  PYSPARK_PYTHON    Python of the executors; default: this script's own, right where all is one machine
  SPARK_HOME        the Spark to use; default: the one of the installed pyspark
  SLUICE_LANE       Spark line whose jars are passed; default: the line of the Spark that runs
  SLUICE_PYTHON     Python that runs this script; default: .venv/<lane>/bin/python, else python3
  SLUICE_JARS       groups of jars from the cache to pass, such as core,aws; none if the cluster has its own;
                    default: core, and quality if it is there
  SLUICE_INCLUDE    further folders of the working folder to put into the zip, separated by commas

Examples:
  ./spark-submit.sh --job corebank.customers
  ./spark-submit.sh --master spark://host:7077 --executor-memory 4g --env prod --all true
  ./spark-submit.sh --master yarn --deploy-mode cluster --archives env.tar.gz#environment --job crm.leads
See docs/deploy.md for EMR, EMR Serverless and Glue.
"""


@dataclass(frozen=True)
class Split:
    """The caller's arguments, by who reads them."""

    spark: tuple[str, ...]
    entry: tuple[str, ...]


def split_arguments(argv: Sequence[str]) -> Split:
    """Tell our options from spark-submit's.

    >>> split_arguments(["--master", "yarn", "--env", "prod", "--job=crm.leads"])
    Split(spark=('--master', 'yarn'), entry=('--env', 'prod', '--job=crm.leads'))
    """
    before, after = list(argv), []
    if "--" in before:
        cut = before.index("--")
        before, after = before[:cut], before[cut + 1 :]
    spark: list[str] = []
    entry: list[str] = []
    while before:
        text = before.pop(0)
        name, equals, _ = text.partition("=")
        target = entry if name in OURS else spark
        target.append(text)
        if target is entry and not equals and before:
            target.append(before.pop(0))
    return Split(tuple(spark), (*entry, *after))


def command_line(
    split: Split, *, spark_submit: str, script: str, archive: str, jars: Sequence[str]
) -> list[str]:
    """The call of spark-submit, as a list of words."""
    ours = {"--py-files": [archive], "--jars": list(jars)}
    rest: list[str] = []
    words = list(split.spark)
    while words:
        name, equals, value = words.pop(0).partition("=")
        if name in JOINED and (equals or words):
            ours[name].append(value if equals else words.pop(0))
        else:
            rest.append(f"{name}{equals}{value}")
    if not any(word.partition("=")[0] == "--master" for word in rest):
        rest = ["--master", "local[*]", *rest]
    added = [word for name, values in ours.items() if values for word in (name, JOINED[name].join(values))]
    return [spark_submit, *rest, *added, script, *split.entry]


def find_spark_submit(environ: Mapping[str, str]) -> Path:
    """spark-submit of SPARK_HOME, of the installed pyspark, or on the PATH, in this order."""
    homes = [Path(environ["SPARK_HOME"])] if environ.get("SPARK_HOME") else []
    spec = importlib.util.find_spec("pyspark")
    homes += [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    on_path = shutil.which("spark-submit", path=environ.get("PATH"))
    found = [home / "bin" / "spark-submit" for home in homes] + ([Path(on_path)] if on_path else [])
    for path in found:
        if path.is_file():
            return path
    raise SessionError(
        "there is no spark-submit",
        found=", ".join(map(str, found)) or "no Spark at all",
        fix="Set SPARK_HOME, or install pyspark: pip install 'sluice-lake[spark35]'.",
    )


def lane_here(environ: Mapping[str, str]) -> Lane:
    """The lane of SLUICE_LANE, else of the Spark that will run."""
    if named := environ.get("SLUICE_LANE"):
        if named not in LANES:
            raise ConfigError("SLUICE_LANE is wrong", found=repr(named), expected=" or ".join(LANES))
        return LANES[named]
    release = Path(environ.get("SPARK_HOME", "")) / "RELEASE"
    if environ.get("SPARK_HOME") and release.is_file():
        return lane_of(release.read_text(encoding="utf-8").split()[1])
    from importlib.metadata import version

    return lane_of(version("pyspark"))


def chosen_jars(lane: Lane, environ: Mapping[str, str]) -> list[str]:
    """The jars to pass: those that SLUICE_JARS names, else all groups at hand but the large one for S3."""
    named = environ.get("SLUICE_JARS")
    if named == "none":
        return []
    groups = (
        named.split(",")
        if named
        else ["core", *(g for g in available_groups(lane, environ) if g == "quality")]
    )
    return [str(path) for path in cached_jars(lane, groups, environ)]


def prepare_environment(environ: Mapping[str, str], lane: Lane) -> dict[str, str]:
    """What spark-submit needs: a Java that fits, one Python everywhere, the framework from the zip."""
    prepared = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable, **environ}
    prepared["JAVA_HOME"] = str(find_java(lane, environ).home)
    checkout = str(Path(framework.__file__).parents[1])
    paths = [path for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != checkout]
    prepared["PYTHONPATH"] = os.pathsep.join(paths)
    return prepared


def main(argv: Sequence[str], environ: Mapping[str, str], project: Path) -> int:
    """Pack, find, and become spark-submit; the exit code is the job's."""
    if not argv or argv[0] in ("--help", "-h"):
        print(HELP)
        return 0
    split = split_arguments(argv)
    parse_arguments(split.entry)  # a mistake shows now, not after a minute of starting a cluster
    lane = lane_here(environ)
    spark_submit = find_spark_submit(environ)
    with tempfile.TemporaryDirectory(prefix="sluice-submit-") as folder:
        include = tuple(filter(None, environ.get("SLUICE_INCLUDE", "").split(",")))
        archive = package(Path(folder) / "sluice.zip", project, include=include)
        words = command_line(
            split,
            spark_submit=str(spark_submit),
            script=str(entry_script(project)),
            archive=str(archive),
            jars=chosen_jars(lane, environ),
        )
        return _run(words, prepare_environment(environ, lane))


def entry_script(project: Path) -> Path:
    """`jobs/main.py` of the project, else the one that came with the framework."""
    own = project / "jobs" / "main.py"
    if own.is_file():
        return own
    spec = importlib.util.find_spec("jobs.main")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "there is no entry script", found=str(own), fix="Copy jobs/main.py of Sluice to jobs/."
        )
    return Path(spec.origin)


def _run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    with subprocess.Popen(words, env=dict(environ)) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # the terminal sent it to spark-submit too; give it the time to end the job
            return process.wait()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], os.environ, Path.cwd()))
    except SluiceError as error:
        print(f"spark-submit.sh: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
