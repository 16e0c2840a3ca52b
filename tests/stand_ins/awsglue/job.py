"""`Job`: told of the beginning and of the end of a run."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from awsglue.context import GlueContext


class Job:
    """Initialised once, then committed; writes both down."""

    def __init__(self, glue_context: GlueContext) -> None:
        if not isinstance(glue_context, GlueContext):
            raise TypeError("Job takes a GlueContext")
        self._initialised = False

    def init(self, job_name: str, args: Mapping[str, Any] | None = None) -> None:
        bookmark = (args or {}).get("job_bookmark_option")
        _write_down(f"init {job_name} {bookmark}")
        self._initialised = True

    def isInitialized(self) -> bool:  # noqa: N802
        return self._initialised

    def commit(self) -> None:
        if not self._initialised:
            raise RuntimeError("commit before init")
        _write_down("commit")


def _write_down(event: str) -> None:
    with Path(os.environ["GLUE_STAND_IN_EVENTS"]).open("a", encoding="utf-8") as events:
        events.write(event + "\n")
