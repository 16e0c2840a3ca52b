"""Change feeds of tables in the normal form, whatever their format calls its changes.

A commit that replaces a row is two rows in the feed, and only together they tell what happened to a key:

    _change_type                    of one key in one version        becomes
    update_preimage + ..postimage   the same key                     U
    update_preimage + ..postimage   the key changed                  D of the old key, U of the new
    delete + insert                 the row was written anew         U
    delete                                                           D
    insert                                                           I
    (no such column)                the table's rows themselves      R
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from framework.changes.columns import BAD, OP, PREFIX, RAW, SEQ, SRC, TIME
from framework.changes.sequence import sequence_of
from framework.errors import ConfigError
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job

_TYPE, _VERSION, _TIMESTAMP = "_change_type", "_commit_version", "_commit_timestamp"
_OWN = frozenset((_TYPE, _VERSION, _TIMESTAMP, "_change_ordinal", "_commit_snapshot_id"))
_BEGINS = ("insert", "update_postimage", "update_after")
_ENDS = ("delete", "update_preimage", "update_before")
_BEFORE = ("update_preimage", "update_before")
_BEGUN, _ENDED = "_sluice_begun", "_sluice_ended"


def decode_feed(df: DataFrame, job: Job) -> DataFrame:
    """Rows with operation, version as sequence, and commit time. Without keys, images before an update are left out.

    Raises:
        ConfigError: the source is no change feed of a table.
    """
    if _VERSION not in df.columns and not job.changes.sequence:
        raise ConfigError(
            f"job {job.job}: the source has no column {_VERSION} to order changes by",
            found=f"columns {', '.join(name for name in df.columns if not name.startswith(PREFIX))}",
            fix="Read the table's changes with format: delta_cdf or iceberg_changelog, or set changes.sequence.",
        )
    data = [name for name in df.columns if name not in _OWN and not name.startswith(PREFIX)]
    told = _with_operation(df, job)
    parts = job.changes.sequence
    sequence = sequence_of(df, parts, job.job) if parts else F.col(_VERSION).cast("bigint")
    given = F.col(_TYPE).cast("string") if _TYPE in df.columns else F.lit(None).cast("string")
    shown = F.coalesce(F.concat(F.lit("'"), given, F.lit("'")), F.lit("NULL"))
    unknown = F.concat(F.lit("change "), shown, F.lit(f" in {_TYPE} is unknown"))
    bad = F.coalesce(F.col(BAD), F.when(F.col(OP).isNull(), unknown))
    packed = F.to_json(F.struct(*[F.col(quote(name)) for name in data]))
    times = [F.col(_TIMESTAMP).alias(TIME)] if _TIMESTAMP in df.columns else []
    return told.select(
        *[F.col(quote(name)) for name in data],
        OP,
        sequence.alias(SEQ),
        SRC,
        bad.alias(BAD),
        F.when(bad.isNotNull(), F.coalesce(F.col(RAW), packed)).alias(RAW),
        *times,
    )


def _with_operation(df: DataFrame, job: Job) -> DataFrame:
    if _TYPE not in df.columns:
        return df.withColumn(OP, F.lit("R"))
    kind = F.lower(F.col(_TYPE))
    if not job.changes.keys:
        return df.withColumn(OP, _alone(kind)).filter(~F.coalesce(kind.isin(*_BEFORE), F.lit(False)))
    order = _VERSION if _VERSION in df.columns else _TYPE
    key = Window.partitionBy(*[F.col(quote(name)) for name in job.changes.keys], F.col(order))
    paired = df.withColumns(
        {
            _BEGUN: F.max(kind.isin(*_BEGINS)).over(key),
            _ENDED: F.max(kind.isin(*_ENDS)).over(key),
        }
    )
    replaced = F.coalesce(kind.isin(*_ENDS) & F.col(_BEGUN), F.lit(False))
    operation = (
        F.when(kind.isin(*_ENDS), "D").when((kind == "insert") & F.col(_ENDED), "U").otherwise(_alone(kind))
    )
    return paired.filter(~replaced).withColumn(OP, operation).drop(_BEGUN, _ENDED)


def _alone(kind: Column) -> Column:
    return F.when(kind == "insert", "I").when(kind.isin(*_BEGINS), "U").when(kind == "delete", "D")
