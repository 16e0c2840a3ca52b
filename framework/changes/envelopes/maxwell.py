"""Envelope `maxwell`: changes of MySQL as Maxwell writes them, a message each.

type                             what it becomes
insert update delete             I U D; an update whose `old` has a key column is a move from that key
bootstrap-insert                 R
bootstrap-start, -complete       C, as table-create, table-alter, database-drop and a message without value
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.envelopes.images import (
    Image,
    absent_of,
    binary_of,
    given,
    image_type,
    keeping,
    values_of,
)
from framework.changes.envelopes.messages import (
    MESSAGE,
    fields_for,
    is_tombstone,
    moved_by_old,
    normal,
    of_table,
    opened,
    payload_of,
    unknown_operation,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job, Read

_CONTROL = r"^(bootstrap-(start|complete)|(table|database)-(create|alter|drop)|heartbeat)$"
_POSITION = r"^(.*?[^0-9])?([0-9]+):([0-9]+)$"
_HEAD = "database table type position", "ts xid xoffset"
_LAST = 2**63 - 1


def decode(df: DataFrame, job: Job, source: Read, target: T.StructType | None = None) -> DataFrame:
    """Rows of Maxwell's messages. Sequence: the binlog's position where the messages have it, else xid and xoffset.

    A column that `data` lacks is absent (the table didn't have it, or the binlog's row image is minimal).
    """
    fields = fields_for(job, source, target)
    kind = image_type(fields)
    payload = payload_of(*_HEAD, data=kind, old=kind)
    read = of_table(opened(df, payload), source, f"{MESSAGE}.database", f"{MESSAGE}.table")
    row = Image(f"{MESSAGE}.data", given("data"), binary_of(source, "base64"))
    read, row = keeping(read, row, fields)
    values, misfit = values_of(fields, row)
    op = _operation()
    return normal(
        read,
        job,
        values=values,
        op=op,
        problem=F.coalesce(unknown_operation(op, F.col(f"{MESSAGE}.type"), "type"), misfit),
        sequence=_sequence(),
        absent=absent_of(fields, row, op.isin("I", "U", "R")),
        moved=moved_by_old(job, fields, row, Image(f"{MESSAGE}.old", given("old")), op == "U"),
        time=F.timestamp_seconds(F.col(f"{MESSAGE}.ts")),
    )


def _operation() -> Column:
    kind = F.col(f"{MESSAGE}.type")
    return (
        F.when(is_tombstone(), "C")
        .when(kind == "insert", "I")
        .when(kind == "update", "U")
        .when(kind == "delete", "D")
        .when(kind == "bootstrap-insert", "R")
        .when(kind.rlike(_CONTROL), "C")
    )


def _sequence() -> Column:
    """(log, pos, xid, xoffset): the file's number, for its name as a text breaks at 999999; snapshot rows before all.

    The last row of a transaction has no xoffset.
    """
    snapshot = F.col(f"{MESSAGE}.type").eqNullSafe("bootstrap-insert")
    log, pos = (
        F.when(
            ~snapshot, F.expr(f"try_cast(regexp_extract({MESSAGE}.position, '{_POSITION}', {n}) AS bigint)")
        )
        for n in (2, 3)
    )
    xid, xoffset = (F.when(~snapshot, F.col(f"{MESSAGE}.{name}")) for name in ("xid", "xoffset"))
    last = F.when(~snapshot, F.coalesce(xoffset, F.lit(_LAST)))
    parts = F.struct(log.alias("log"), pos.alias("pos"), xid.alias("xid"), last.alias("xoffset"))
    return F.when(snapshot | log.isNotNull() | xid.isNotNull(), parts)
