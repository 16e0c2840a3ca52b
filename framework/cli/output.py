"""What commands print with: consoles, errors, numbers."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from framework.errors import SluiceError
from framework.redact import redact

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def stdout() -> Console:
    """The console for results; as wide as needed where nobody looks, so that no column is cut in a file."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else _width())


def stderr() -> Console:
    """The console for progress and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _width())


def show_error(error: Exception, *, traceback: bool) -> int:
    """Print an error without its traceback (unless asked for) and return its exit code."""
    console = stderr()
    if traceback:
        import traceback as tracebacks

        console.print(redact("".join(tracebacks.format_exception(error))), markup=False, soft_wrap=True)
    problems: Sequence[Exception] = getattr(error, "problems", None) or [error]
    for each in problems:
        console.print(error_text(each), soft_wrap=True)
    if not isinstance(error, SluiceError) and not traceback:
        console.print("Run it again with --traceback to see where it comes from.", style="dim")
    return error.exit_code if isinstance(error, SluiceError) else 1


def error_text(error: Exception, label: tuple[str, str] = ("Error", "bold red")) -> Text:
    """An error as lines: where and what, found, expected, and what to do.

    >>> from framework.errors import ConfigError
    >>> print(error_text(ConfigError("unknown key `kyes`", fix="Did you mean `keys`?", where="conf/jobs/a.yaml:7")))
    Error  conf/jobs/a.yaml:7: unknown key `kyes`
           fix: Did you mean `keys`?
    """
    from rich.text import Text

    if not isinstance(error, SluiceError):
        lines = str(error).strip().splitlines() or [""]
        return Text.assemble(label, "  ", redact(f"{type(error).__name__}: {lines[0]}"))
    where = f"{error.where}: " if error.where else ""
    text = Text.assemble(label, "  ", (redact(where), "cyan"), redact(error.what))
    for name, value in (("got", error.found), ("expected", error.expected), ("fix", error.fix)):
        if value is not None and value != "":
            body = redact(str(value)).strip("\n")
            body = body if "\n" not in body else "\n" + body
            text.append("\n       ")
            text.append(f"{name}: ", style="green" if name == "fix" else "dim")
            text.append(body)
    return text


def show_json(data: Any) -> None:
    """Print data for machines, and nothing else."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")


def number(value: int | None) -> str:
    """A count for people.

    >>> number(1234567), number(0), number(None)
    ('1,234,567', '0', '')
    """
    return "" if value is None else f"{value:,}"


def _width() -> int:
    """`COLUMNS` if it is set, else wide: a file has no edge."""
    import os

    return int(columns) if (columns := os.environ.get("COLUMNS", "")).isdigit() else 160
