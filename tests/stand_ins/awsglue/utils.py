"""`getResolvedOptions`: the named options, all required, and those that Glue adds to every job."""

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

BOOKMARKS = ("job-bookmark-enable", "job-bookmark-pause", "job-bookmark-disable")
CHOICES = {"job-bookmark-option": BOOKMARKS, "encryption-type": ("sse-s3",)}
FREE = ("job-bookmark-from", "job-bookmark-to", "JOB_ID", "JOB_RUN_ID", "SECURITY_CONFIGURATION")
TEMPORARY = ("RedshiftTempDir", "TempDir")


class GlueArgumentError(Exception):
    """What argparse would have ended the script with."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise GlueArgumentError(message)


def getResolvedOptions(args: Sequence[str], options: Sequence[str]) -> dict[str, Any]:  # noqa: N802
    """The options of a job by name; `args` begins with the script's name."""
    parser = _Parser()
    for name, choices in CHOICES.items():
        _refuse(name, options)
        parser.add_argument(f"--{name}", choices=choices)
    for name in FREE:
        _refuse(name, options)
        parser.add_argument(f"--{name}")
    for name in TEMPORARY:
        parser.add_argument(f"--{name}")
    for name in options:
        if name not in TEMPORARY:
            parser.add_argument(f"--{name}", required=True)
    found = vars(parser.parse_known_args(list(args)[1:])[0])
    found["job_bookmark_option"] = found["job_bookmark_option"] or BOOKMARKS[2]
    found["TempDir"] = found["RedshiftTempDir"] = found["TempDir"] or found["RedshiftTempDir"]
    return found


def _refuse(name: str, options: Sequence[str]) -> None:
    if name in options:
        raise RuntimeError(f"Using reserved arguments --{name}")
