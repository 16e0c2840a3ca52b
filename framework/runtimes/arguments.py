"""The arguments of the cluster entry script: flat `--name value`, nothing else.

Every platform can pass those, and only those: Glue keeps its arguments in a map (no flags, no repeats), hands
the script its own beside ours, and reserves names. So nothing is abbreviated, what isn't ours is left alone,
and lists go into one value: `--job a,b`, `--overrides 'write.format=delta;lake.parallel=4'`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from framework.config.overrides import split
from framework.errors import ConfigError

RUNTIMES = ("auto", "local", "spark-submit", "emr", "emr-serverless", "glue")
LOG_FORMATS = ("text", "json")


@dataclass(frozen=True)
class Option:
    """One `--name value`."""

    name: str
    value: str
    help: str
    default: str | None = None


OPTIONS: tuple[Option, ...] = (
    Option("job", "NAME[,NAME]", "Jobs to run, in the order of what they read and write."),
    Option("all", "true|false", "Run every enabled job.", "false"),
    Option("env", "NAME", "Environment of the configuration.", None),
    Option(
        "config",
        "URI",
        "Configuration: a path (else as shipped), file:, s3://, s3a://, or a .zip.",
        "conf",
    ),
    Option(
        "overrides",
        "'a=b;c=d'",
        "Values that win over every file, as `sluice run --set`; quote a value that has a ;.",
    ),
    Option("runtime", "|".join(RUNTIMES), "Platform; auto tells it by evidence.", "auto"),
    Option("run-id", "ID", "Name of the run, for logs and the ledger; made up if not given."),
    Option("parallel", "N", "Jobs side by side; default: lake.parallel."),
    Option("resume", "true|false", "Leave out what the run named by --run-id had finished.", "false"),
    Option("log-format", "|".join(LOG_FORMATS), "One line per message as text, or as a JSON object.", "text"),
)


@dataclass(frozen=True)
class Arguments:
    """What the entry script was asked to do."""

    jobs: tuple[str, ...] = ()
    everything: bool = False
    environment: str | None = None
    config: str = "conf"
    overrides: tuple[str, ...] = ()
    runtime: str = "auto"
    run_id: str | None = None
    parallel: int | None = None
    resume: bool = False
    log_format: str = "text"
    unknown: tuple[str, ...] = ()
    """What wasn't ours, in its order: the platform's own arguments among it."""


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would exit: Glue takes an exit for a failure without a reason."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(
            f"the arguments are wrong: {message}", fix=f"Every option takes one value.\n{usage()}"
        )


def parse_arguments(argv: Sequence[str]) -> Arguments:
    """Read the arguments (without the script's name); unknown ones are kept aside, never an error.

    >>> parse_arguments(["--job", "crm.leads", "--TempDir", "s3://b/t"]).unknown
    ('--TempDir', 's3://b/t')
    """
    parser = _Parser(prog="main.py", allow_abbrev=False, add_help=False)
    for option in OPTIONS:
        parser.add_argument(f"--{option.name}", default=option.default)
    values, unknown = parser.parse_known_args(list(argv))
    arguments = Arguments(
        jobs=tuple(_items(values.job)),
        everything=_truth("all", values.all),
        environment=values.env,
        config=values.config,
        overrides=tuple(split(values.overrides or "")),
        runtime=_one_of("runtime", values.runtime, RUNTIMES),
        run_id=values.run_id,
        parallel=_count("parallel", values.parallel),
        resume=_truth("resume", values.resume),
        log_format=_one_of("log-format", values.log_format, LOG_FORMATS),
        unknown=tuple(unknown),
    )
    return _checked(arguments)


def entry_arguments(arguments: Arguments) -> list[str]:
    """The arguments as a list that `parse_arguments` reads back; defaults are left out.

    >>> entry_arguments(Arguments(jobs=("crm.leads", "crm.calls"), environment="prod"))
    ['--job', 'crm.leads,crm.calls', '--env', 'prod']
    """
    texts = {
        "job": ",".join(arguments.jobs),
        "all": _text(arguments.everything),
        "env": arguments.environment,
        "config": arguments.config,
        "overrides": ";".join(arguments.overrides),
        "runtime": arguments.runtime,
        "run-id": arguments.run_id,
        "parallel": None if arguments.parallel is None else str(arguments.parallel),
        "resume": _text(arguments.resume),
        "log-format": arguments.log_format,
    }
    given = [(option.name, texts[option.name]) for option in OPTIONS if texts[option.name] != option.default]
    return [part for name, text in given if text for part in (f"--{name}", text)]


def usage() -> str:
    """The options as a table of text."""
    width = max(len(option.name) + len(option.value) for option in OPTIONS) + 5
    lines = []
    for option in OPTIONS:
        default = f" Default: {option.default}." if option.default else ""
        lines.append(f"  {f'--{option.name} {option.value}':<{width}}{option.help}{default}")
    return "\n".join(lines)


def _checked(arguments: Arguments) -> Arguments:
    if not arguments.jobs and not arguments.everything:
        raise ConfigError("nothing to run", expected="--job NAME or --all true", fix=f"\n{usage()}")
    if arguments.jobs and arguments.everything:
        raise ConfigError("--job and --all true exclude each other", fix="Leave one of them out.")
    return arguments


def _items(text: str | None) -> list[str]:
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def _text(value: bool) -> str:
    return "true" if value else "false"


def _truth(name: str, text: str) -> bool:
    return _one_of(name, text.lower(), ("true", "false")) == "true"


def _one_of(name: str, text: str, allowed: Sequence[str]) -> str:
    if text not in allowed:
        raise ConfigError(f"--{name} is wrong", found=repr(text), expected=" or ".join(allowed))
    return text


def _count(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(f"--{name} is wrong", found=repr(text), expected="a whole number from 1")
    return int(text)
