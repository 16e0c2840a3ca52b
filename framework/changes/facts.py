"""Events as facts about one key: what scd2 keeps of them, in the table and in its memory.

A fact says what became of a key at a stamp: what its row carried from then on, or that there was none any more. The set
of a key's facts is its history; `framework.changes.scd2` says which versions that means. An event is one fact, but for

    key change   the write ends the old key too, and ends what the new key was before; what it leaves out the old key's
                 facts tell, so the fact names that key
    truncate     an end of every key

The table shows most facts: a version's opening, and the end that closed it. The others are remembered beside it, as
rows of `memory_fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from framework.changes import stamp
from framework.changes.cells import cells_of, owner
from framework.changes.columns import (
    ABSENT,
    LEFT,
    MOVED_FROM,
    MOVED_TO,
    OP,
    RANK,
    SEQ,
    STATE,
    TIME,
    VALID,
    VALID_FROM,
    VALID_TO,
    VERDICT,
)
from framework.changes.moves import WEIGHT, given, key_type, left_out, other_key, with_ends_of_old_keys
from framework.changes.rank import rank
from framework.changes.taken_over import ENTERS, LEAVES, NEW, OLD, TAKES
from framework.sql import exact_json, quote

STAMP, ENDS, FRESH = "_sluice_stamp", "_sluice_ends", "_sluice_fresh"
"""The place among the facts of a key; whether the fact ends it; whether it ends what the key was before it."""
IMPLIED = "implied"
"""A verdict: good, but no event of the source, so that nobody counts it."""
CARRIED, TIE = "_sluice_carried", "_sluice_tie"
_WRITES, _RESETS = "_sluice_writes", "_sluice_resets"
ELSEWHERE, ENDED = "elsewhere", "ended"
"""In `_sluice_state`: true where the row isn't its opening fact as that came; the stamp of the end that closed it."""


def facts_of(
    events: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
    beside: Sequence[str] = (),
) -> DataFrame:
    """Facts of good events with keys: OP, SEQ, RANK, SRC, VALID, VERDICT; ABSENT, MOVED_FROM, MOVED_TO and columns if
    they are there. Columns `beside` are passed on.

    WEIGHT is 1, and 0 for the end of an old key that the write of a new one implies.
    """
    both = with_ends_of_old_keys(events, keys)
    ends = F.col(OP) == "D"
    absent = left_out(both, columns)
    entered = given(both, MOVED_FROM) & (F.col(WEIGHT) == 1)
    left = given(both, MOVED_TO) | (F.col(WEIGHT) == 0)
    have = set(events.columns)
    return both.select(
        *[F.col(quote(key)) for key in keys],
        F.col(SEQ),
        F.when(ends, stamp.of_delete(on_tie, left)).otherwise(stamp.of_upsert(on_tie, entered)).alias(STAMP),
        ends.alias(ENDS),
        (entered & ~ends).alias(FRESH),
        F.col(VALID),
        F.when(~ends & (F.size(absent) > 0), absent).alias(ABSENT),
        *[
            (F.col(quote(field.name)) if field.name in have else F.lit(None).cast(field.dataType)).alias(
                field.name
            )
            for field in columns
        ],
        F.when(entered & ~ends, other_key(both, MOVED_FROM, keys)).alias(MOVED_FROM),
        F.when(F.col(VERDICT) == IMPLIED, 0).otherwise(F.col(WEIGHT)).alias(WEIGHT),
        *beside,
    )


def state_of_versions(sequence: DataType) -> StructType:
    """The type of `_sluice_state` in a table of versions; NULL for nearly every row."""
    return StructType([StructField(ELSEWHERE, BooleanType()), StructField(ENDED, stamp.stamp_type(sequence))])


def openings_shown(
    rows: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    on_tie: str,
    *,
    positioned: bool,
    ranked: Sequence[str],
) -> DataFrame:
    """The facts that opened a table's versions, taken from the rows as they are.

    `positioned`: a sequence names one event, which needs no rank. `ranked` names the columns of an event's rank.
    """
    data = [rows.schema[key] for key in keys] + list(columns)
    place = F.lit(0) if positioned else rank([field for field in data if field.name in ranked])
    opened = stamp.make(F.col(SEQ), stamp.upsert_tie(on_tie), place)
    return _facts(
        rows, keys, columns, F.col(SEQ), opened, F.col(VALID_FROM), lambda field: F.col(quote(field.name))
    )


def ends_shown(rows: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """The facts that closed a table's versions, where no later version did."""
    ended = F.col(STATE).getField(ENDED)
    closed = rows.filter(ended.isNotNull())
    return _facts(closed, keys, columns, ended.getField("seq"), ended, F.col(VALID_TO), None)


def facts_of_truncates(
    truncates: DataFrame, touched: DataFrame, keys: Sequence[str], columns: Sequence[StructField], on_tie: str
) -> DataFrame:
    """Truncates (SEQ, VALID, TIE if not a delete's) as ends of every key of `touched`."""
    ended = stamp.make(F.col(SEQ), F.coalesce(F.col(TIE), stamp.delete_tie(on_tie)), F.lit(0))
    every = touched.crossJoin(F.broadcast(truncates.select(SEQ, VALID, TIE).distinct()))
    return _facts(every, keys, columns, F.col(SEQ), ended, F.col(VALID), None)


def _facts(
    rows: DataFrame,
    keys: Sequence[str],
    columns: Sequence[StructField],
    seq: Column,
    at: Column,
    valid: Column,
    value: Callable[[StructField], Column] | None,
) -> DataFrame:
    """Facts that write every column with its value, or ends if there are no values."""
    return rows.select(
        *[F.col(quote(key)) for key in keys],
        seq.alias(SEQ),
        at.alias(STAMP),
        F.lit(value is None).alias(ENDS),
        F.lit(False).alias(FRESH),
        valid.alias(VALID),
        F.lit(None).cast("array<string>").alias(ABSENT),
        *[
            (value(field) if value is not None else F.lit(None).cast(field.dataType)).alias(field.name)
            for field in columns
        ],
        F.lit(None).cast(key_type(rows, keys)).alias(MOVED_FROM),
    )


def memory_fields(keys: Sequence[StructField], sequence: DataType, valid: DataType) -> list[StructField]:
    """The columns of the table that remembers facts which the versions don't show."""
    return [
        *[StructField(key.name, key.dataType) for key in keys],
        StructField(SEQ, sequence),
        StructField(OP, StringType(), True, {"comment": "U upsert, D end, T truncate (which has no key)"}),
        StructField(TIE, IntegerType(), True, {"comment": "place among events of the same sequence"}),
        StructField(RANK, LongType(), True, {"comment": "place among events of the same sequence and tie"}),
        StructField(VALID, valid, True, {"comment": "from when on it is valid"}),
        StructField(CARRIED, ArrayType(StringType()), True, {"comment": "columns that the event carried"}),
        StructField(
            LEFT,
            StringType(),
            True,
            {"comment": "the row that the event carried, and what key it left, JSON"},
        ),
        StructField(
            TIME, TimestampType(), True, {"comment": "newest commit time of the batch, for retention"}
        ),
    ]


def remembered(facts: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """Facts as rows of the memory, without TIME."""
    names = F.array(*[F.lit(field.name) for field in columns]).cast("array<string>")
    carried = F.array_except(names, F.coalesce(F.col(ABSENT), F.array().cast("array<string>")))
    values = [F.col(quote(field.name)).alias(field.name) for field in columns]
    row = F.to_json(F.struct(*values), exact_json())
    moved = F.to_json(F.struct(*values, MOVED_FROM), exact_json())
    writes = ~F.col(ENDS)
    return facts.select(
        *[F.col(quote(key)) for key in keys],
        F.col(SEQ),
        F.when(writes, "U").otherwise("D").alias(OP),
        F.col(STAMP).getField("tie").alias(TIE),
        F.col(STAMP).getField("rank").alias(RANK),
        F.col(VALID),
        F.when(writes, carried).alias(CARRIED),
        F.when(writes, F.when(_takes_over(), moved).otherwise(row)).alias(LEFT),
    )


def facts_remembered(memory: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """Rows of the memory as facts; truncates are left out."""
    names = F.array(*[F.lit(field.name) for field in columns]).cast("array<string>")
    kept = StructType([*columns, StructField(MOVED_FROM, key_type(memory, keys))])
    parsed = F.from_json(F.col(LEFT), kept, exact_json())
    rows = memory.filter(F.col(OP) != "T").withColumn("_sluice_row", parsed)
    ends = F.col(OP) == "D"
    absent = F.array_except(names, F.col(CARRIED))
    return rows.select(
        *[F.col(quote(key)) for key in keys],
        F.col(SEQ),
        stamp.make(F.col(SEQ), F.col(TIE), F.col(RANK)).alias(STAMP),
        ends.alias(ENDS),
        (~ends & (F.col(TIE) == stamp.MOVED)).alias(FRESH),
        F.col(VALID),
        F.when(~ends & (F.size(absent) > 0), absent).alias(ABSENT),
        *[F.col("_sluice_row").getField(field.name).alias(field.name) for field in columns],
        F.col("_sluice_row").getField(MOVED_FROM).alias(MOVED_FROM),
    )


def pointers_remembered(memory: DataFrame, keys: Sequence[str]) -> DataFrame:
    """NEW and OLD (structs) of the key changes in the memory that left out columns."""
    kept = StructType([StructField(MOVED_FROM, key_type(memory, keys))])
    writes = memory.filter((F.col(OP) == "U") & (F.col(TIE) == stamp.MOVED))
    old = F.from_json(F.col(LEFT), kept, exact_json()).getField(MOVED_FROM)
    return writes.select(owner(keys).alias(NEW), old.alias(OLD)).filter(F.col(OLD).isNotNull())


def taken_changes(facts: DataFrame, keys: Sequence[str]) -> DataFrame:
    """The key changes among facts that left out columns, as `framework.changes.taken_over` has them."""
    at = F.col(STAMP)
    left = stamp.make(at["seq"], at["tie"], at["rank"] - 2)
    return facts.filter(_takes_over()).select(
        F.col(MOVED_FROM).alias(OLD),
        stamp.alone(left).alias(LEAVES),
        owner(keys).alias(NEW),
        stamp.alone(at).alias(ENTERS),
        F.col(ABSENT).alias(TAKES),
    )


def cells_of_facts(facts: DataFrame, keys: Sequence[str], columns: Sequence[StructField]) -> DataFrame:
    """What facts write and reset, as cells."""
    at = F.col(STAMP)
    reset = stamp.alone(stamp.make(at["seq"], at["tie"], at["rank"] - 1))
    placed = facts.withColumns(
        {
            _WRITES: F.when(~F.col(ENDS), stamp.alone(at)),
            _RESETS: F.when(F.col(ENDS), stamp.alone(at)).when(F.col(FRESH), reset),
        }
    )
    return cells_of(placed, keys, columns, _WRITES, _RESETS)


def _takes_over() -> Column:
    return F.col(MOVED_FROM).isNotNull() & F.col(ABSENT).isNotNull()
