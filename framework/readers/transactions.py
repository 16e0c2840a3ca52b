"""Transaction files of AWS DMS (PreserveTransactions): all tables interleaved, no header.

CDC_TXN-20201117153046033.csv     ->   for read.table shop.orders with schema {id: int, name: string}
I,orders,shop,13,Daniel                Op=I id=13 name=Daniel, row 1
D,items,shop,9,17                      (another table's)
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW, SRC
from framework.errors import ConfigError
from framework.readers.declared import Field, parsed, schema_text, try_cast, unfit
from framework.readers.delimited import _count_reason
from framework.readers.scan import Scan
from framework.readers.transport import file_source, joined, marked
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_TRANSACTIONS = re.compile(r"CDC_TXN-", re.IGNORECASE)
_TABLE, _SCHEMA = "_sluice_table", "_sluice_schema"


def is_transactions(name: str) -> bool:
    """Whether a file, named without its folder, holds transactions of all tables.

    >>> is_transactions("CDC_TXN-20201117153046033.csv"), is_transactions("20201117-153046033.csv")
    (True, False)
    """
    return _TRANSACTIONS.match(name) is not None


def scan(request: Scan, op: str, table: str) -> DataFrame:
    """The changes of one table (`schema.table`): operation, declared columns, source, what is wrong, raw text.

    Rows are numbered before those of other tables are left out.

    Raises:
        ConfigError: no columns are declared.
    """
    if not request.fields:
        raise ConfigError(
            "transaction files of DMS say nothing about the columns of their tables",
            fix="Declare read.schema: the table's columns, in the order of the source.",
        )
    fields = list(request.fields)
    names = [op, _TABLE, _SCHEMA, *[field.source for field in fields]]
    df = _raw(request, names)
    schema, _, name = table.rpartition(".")
    ours = (F.col(_TABLE) == name) & (F.col(_SCHEMA) == schema if schema else F.lit(True))
    bad = _reason(request, fields, names)
    own = df.filter(F.col(_TABLE).isNull() | ours).withColumn(BAD, bad)
    values = [_value(field).alias(field.name) for field in fields]
    return own.select(
        F.col(quote(op)),
        *values,
        SRC,
        BAD,
        F.when(F.col(BAD).isNotNull(), F.coalesce(RAW, _rewritten(names))).alias(RAW),
    )


def _raw(request: Scan, names: list[str]) -> DataFrame:
    """Every record's fields as text, with its coordinates."""
    plain = {key: value for key, value in request.options.items() if key not in ("header", "inferschema")}
    options = {**plain, "mode": "PERMISSIVE", "columnNameOfCorruptRecord": RAW}
    schema = schema_text([(name, T.StringType()) for name in [*names, RAW]])
    df = request.spark.read.options(**options).schema(schema).csv(list(request.files))
    return df.select("*", file_source(positions=True))


def _reason(request: Scan, fields: list[Field], names: list[str]) -> Column:
    """What is wrong with a record; counts are of all its fields, those before the table's columns too."""
    everything = F.concat_ws("", *[F.col(quote(name)) for name in names])
    counted = _count_reason(request, len(names))
    malformed = F.when(marked(everything), F.coalesce(counted, F.lit("malformed record")))
    misfits = joined([_misfit(field) for field in fields if not isinstance(field.type, T.StringType)])
    return F.coalesce(malformed, F.when(misfits != "", misfits))


def _value(field: Field) -> Column:
    column = F.col(quote(field.source))
    if isinstance(field.type, T.StringType):
        return column
    return parsed(column, field) if field.format else try_cast(quote(field.source), field.type)


def _misfit(field: Field) -> Column:
    column = F.col(quote(field.source))
    return F.when(column.isNotNull() & _value(field).isNull(), unfit(column, field))


def _rewritten(names: list[str]) -> Column:
    return F.to_csv(F.struct(*[F.col(quote(name)).alias(f"f{i}") for i, name in enumerate(names)]))
