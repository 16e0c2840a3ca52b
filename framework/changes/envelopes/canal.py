"""Envelope `canal`: changes of MySQL as Canal writes them in flat messages: many rows each, every value a text.

type                             what it becomes
INSERT UPDATE DELETE             I U D, an event for each row; an update whose `old` has a key column is a move
TRUNCATE                         T
other DDL (`isDdl`), QUERY, ...  C, as a message without value
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.envelopes.images import (
    TEXT,
    Image,
    absent_of,
    binary_of,
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
    ordered,
    payload_of,
    unknown_operation,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from framework.config.job import Job, Read

_ROW, _OLD, _INDEX = "_sluice_row", "_sluice_old", "_sluice_index"
_CONTROL = ("QUERY", "CREATE", "ALTER", "ERASE", "RENAME", "CINDEX", "DINDEX", "GTID", "MHEARTBEAT")
_CONTROL_TOO = ("XACOMMIT", "XAROLLBACK", "HEARTBEAT", "TRANSACTIONBEGIN", "TRANSACTIONEND")


def decode(df: DataFrame, job: Job, source: Read, target: T.StructType | None = None) -> DataFrame:
    """Rows of Canal's messages. Sequence: (es, id, index): the binlog's time, the batch, the row in the message.

    A column that a row lacks is absent. Binary values are text in ISO 8859-1.
    """
    fields = fields_for(job, source, target)
    rows = T.ArrayType(image_type(fields))
    payload = payload_of("database table type isDdl", "id es", data=rows, old=rows)
    read = of_table(opened(df, payload), source, f"{MESSAGE}.database", f"{MESSAGE}.table")
    each = read.select("*", F.posexplode_outer(F.col(f"{MESSAGE}.data")).alias(_INDEX, _ROW))
    each = each.withColumn(_OLD, F.get(F.col(f"{MESSAGE}.old"), F.col(_INDEX)))
    row = Image(_ROW, _given("data"), binary=binary_of(source, "latin1"))
    each, row = keeping(each, row, fields)
    values, misfit = values_of(fields, row)
    op = _operation()
    return normal(
        each,
        job,
        values=values,
        op=op,
        problem=F.coalesce(unknown_operation(op, F.col(f"{MESSAGE}.type"), "type"), _empty(op), misfit),
        sequence=ordered(
            ("es", F.col(f"{MESSAGE}.es")), ("id", F.col(f"{MESSAGE}.id")), ("index", F.col(_INDEX))
        ),
        absent=absent_of(fields, row, op.isin("I", "U")),
        moved=moved_by_old(
            job, fields, row, Image(_OLD, _given("old"), binary=binary_of(source, "latin1")), op == "U"
        ),
        time=F.timestamp_millis(F.col(f"{MESSAGE}.es")),
        index=F.col(_INDEX),
    )


def _operation() -> Column:
    kind = F.upper(F.col(f"{MESSAGE}.type"))
    return (
        F.when(is_tombstone(), "C")
        .when(kind == "TRUNCATE", "T")
        .when(F.col(f"{MESSAGE}.isDdl").eqNullSafe("true") | kind.isin(*_CONTROL, *_CONTROL_TOO), "C")
        .when(kind == "INSERT", "I")
        .when(kind == "UPDATE", "U")
        .when(kind == "DELETE", "D")
    )


def _empty(op: Column) -> Column:
    return F.when(op.isin("I", "U", "D") & F.col(_ROW).isNull(), F.lit("message has no row in data"))


def _given(name: str) -> Column:
    rows = F.expr(f"from_json({TEXT}, '`{name}` array<map<string,string>>')").getField(name)
    return F.get(rows, F.col(_INDEX))
