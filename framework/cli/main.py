"""Entry of the command `sluice`.

Exit codes: 0 all is well; 1 an error without a name; 2 to 10 as `framework/errors.py` has them, for a run the one of
its first failed job; 130 interrupted by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from framework import __version__
from framework.cli.lazy import LazyGroup
from framework.interruption import interrupt_code

COMMANDS = {
    name: (f"framework.cli.commands.{module}", text)
    for name, module, text in (
        ("init", "init:init", "Make a small lake with a job to start from."),
        ("validate", "validate:validate", "Check the configuration; needs no Spark."),
        ("plan", "plan:plan", "Show what a run would do; writes nothing."),
        ("run", "run:run", "Run jobs, in the order of what they read and write."),
        ("show", "show:show", "Show a table, a table's quarantine, or a run."),
        ("explain", "explain:explain", "Tell why a row is as it is, event by event."),
        ("quarantine", "quarantine:quarantine", "Show, bring in again or delete rejected rows."),
        ("adopt", "adopt:adopt", "Take over a table that something else made."),
        ("history", "history:history", "List the newest runs."),
        ("report", "report:report", "Open the HTML report of a run."),
        ("profile", "profile:profile", "Describe a table's columns (pydeequ)."),
        ("suggest", "suggest:suggest", "Suggest rules for a table, as DQDL (pydeequ)."),
        ("doctor", "doctor:doctor", "Check this machine and the lake."),
        ("schema", "schema:schema", "Export JSON Schemas for editors."),
        ("ledger", "ledger:ledger", "Work on the ledger's tables."),
    )
}

EPILOG = (
    "Exit codes: 0 well, 1 other, 2 configuration, 3 plan, 4 session, 5 source, 6 quality, 7 drift, 8 table, "
    "9 state, 10 accounting, 130 interrupted, 143 terminated."
)


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="sluice", message="%(prog)s %(version)s")
def sluice() -> None:
    """Move data through the layers of a lake, through gates of quality."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code."""
    sys.exit(call(list(sys.argv[1:] if argv is None else argv)))


def call(argv: list[str]) -> int:
    """Run the command; every error becomes a few lines on standard error and an exit code."""
    settings: dict[str, Any] = {}
    try:
        result = sluice.main(argv, prog_name="sluice", standalone_mode=False, obj=settings)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except KeyboardInterrupt as error:
        click.echo("Interrupted.", err=True)
        return interrupt_code(error)
    except click.Abort as error:
        click.echo("Interrupted.", err=True)
        return interrupt_code(error.__cause__)
    except BrokenPipeError:
        # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from framework.cli.output import show_error

        return show_error(error, traceback=bool(settings.get("traceback")))


if __name__ == "__main__":
    main()
