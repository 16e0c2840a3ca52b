"""Commits of Delta that say what they contain, and are made once.

The text is the commit's user metadata. The batch is a Delta transaction besides: of two runs that append the
same batch at once, the log lets one through. The transaction's application is named after job and epoch,
because batch numbers start anew with an epoch, and after the line of the table's history, because a RESTORE
takes the rows back and not the transaction: a batch done again after it would be skipped without a word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from framework.session.temporary import settings
from framework.tables.common import Stamp

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_TEXT = "spark.databricks.delta.commitInfo.userMetadata"
_APP = "spark.databricks.delta.write.txnAppId"
_VERSION = "spark.databricks.delta.write.txnVersion"


def application(stamp: Stamp) -> str | None:
    """The transaction's application: `sluice/<job>/<epoch>`, and the line of history after a rollback."""
    if stamp.mark is None:
        return None
    parts = ["sluice", stamp.mark.job, stamp.mark.epoch, *([stamp.line] if stamp.line else [])]
    return "/".join(parts)


def write_options(stamp: Stamp) -> dict[str, str]:
    """Options of a writer."""
    options = {} if stamp.text is None else {"userMetadata": stamp.text}
    app = application(stamp)
    if app is not None and stamp.mark is not None:
        options |= {"txnAppId": app, "txnVersion": str(stamp.mark.n)}
    return options


def run_with_stamp(spark: SparkSession, sql: str, stamp: Stamp) -> None:
    """Run a statement; its commit carries the stamp."""
    values = {} if stamp.text is None else {_TEXT: stamp.text}
    app = application(stamp)
    if app is not None and stamp.mark is not None:
        values |= {_APP: app, _VERSION: str(stamp.mark.n)}
    with settings(spark, values):
        spark.sql(sql)
