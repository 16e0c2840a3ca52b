"""How many rows were read of each source, as far as it is known without another pass over them."""

from __future__ import annotations

from framework.config.job import Read
from framework.readers.base import Inputs
from framework.run.jobrun import JobRun
from framework.tables import table_format, table_ref


def rows_read(run: JobRun, inputs: Inputs, source: Read, events: int) -> int | None:
    """Rows of one source of a batch that came to `events`; None if nobody counted them.

    Without a transform the events are the source's rows. A transform gives fewer or more of its own: then the version
    of the table that was read says how many rows it has, if it does.
    """
    if run.job.transform is None:
        return events if len(run.job.sources) == 1 else None
    if source.format != "table" or not source.table or not inputs.items:
        return None
    table = table_ref(run.ctx.lake, source.table, source.options.get("format"))
    newest = table_format(run.ctx.spark, table.format).version(table)
    if newest is None or newest.number != inputs.items[-1]["version"] or newest.metrics.get("delete_files"):
        return None
    return newest.metrics.get("rows")
