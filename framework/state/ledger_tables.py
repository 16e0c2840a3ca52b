"""The ledger as tables of the lake, in database `sluice`: runs, jobs, inputs, outputs, rules, metrics.

Folding merges facts by their keys, so doing it again after a crash changes nothing: facts leave their folder only
when every table has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from framework.run.outcome import RunOutcome
from framework.sql import quote
from framework.state.ledger import facts_folder, folded_folder, parse_fact
from framework.state.ledger_rows import DATABASE, TABLES, LedgerTable, rows_of
from framework.tables.base import ColumnChange, MergeClauses, TableRef, TableSpec

if TYPE_CHECKING:
    from pyspark.sql import DataFrame
    from pyspark.sql.types import StructType

    from framework.config.lake import Lake
    from framework.context import RunContext
    from framework.state.storage import FileInfo

KEPT = 1000
"""So many of the newest folded facts stay as files, so that `sluice history` needs no JVM."""


def fold_if_many(ctx: RunContext) -> int:
    """Fold, if as many facts wait as the lake allows (`fold_ledger_after`)."""
    allowed = ctx.lake.fold_ledger_after
    return fold(ctx) if allowed and len(_waiting(ctx)) >= allowed else 0


def fold(ctx: RunContext) -> int:
    """Merge all facts into the ledger's tables and put them aside; returns how many files that were."""
    files = _waiting(ctx)
    if not files:
        return 0
    ctx = ctx.in_new_session()
    # a fold is a few rows: the machinery for many would cost more than they do
    for key, value in (("spark.sql.shuffle.partitions", "1"), ("spark.sql.adaptive.enabled", "false")):
        ctx.spark.conf.set(key, value)
    texts = {each.path: ctx.storage.read_text(each.path) for each in files}
    merge_runs(ctx, [parse_fact(text, path) for path, text in texts.items()])
    for path, text in texts.items():
        ctx.storage.write(f"{folded_folder(ctx.lake)}/{path.rpartition('/')[2]}", text)
        ctx.storage.delete(path)
    _forget(ctx)
    return len(files)


def _waiting(ctx: RunContext) -> list[FileInfo]:
    """The facts, oldest first: in that order they are put aside, so that they stay in it."""
    found = [each for each in ctx.storage.all_files(facts_folder(ctx.lake)) if each.path.endswith(".json")]
    return sorted(found, key=lambda each: (each.modified_ms, each.path))


def merge_runs(ctx: RunContext, found: Iterable[RunOutcome]) -> None:
    """Put runs into the tables; the facts of a finished run count more than those its jobs left before."""
    from framework.tables import table_format

    rows = latest_rows(found)
    for table in TABLES:
        ref = ledger_table(ctx.lake, table.name)
        fmt = table_format(ctx.spark, ref.format)
        schema = schema_of(table)
        if not fmt.exists(ref):
            fmt.create(ref, TableSpec(schema, comment=table.comment))
        # a lake that an older version of the framework made
        fmt.evolve(ref, [ColumnChange("add", field.name, field.dataType) for field in schema.fields])
        if rows[table.name]:
            fmt.merge(_frame(ctx, rows[table.name], schema), ref, clauses_of(table), None)


def latest_rows(found: Iterable[RunOutcome]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all runs by table, one for each key: of several, a finished run's."""
    by_key: dict[str, dict[tuple[Any, ...], tuple[Any, ...]]] = {table.name: {} for table in TABLES}
    for run in sorted(found, key=lambda run: run.finished):
        rows = rows_of(run)
        for table in TABLES:
            at = [index for index, (name, _, _) in enumerate(table.columns) if name in table.keys]
            by_key[table.name].update({tuple(row[i] for i in at): row for row in rows[table.name]})
    return {name: list(rows.values()) for name, rows in by_key.items()}


def clauses_of(table: LedgerTable) -> MergeClauses:
    """Update by key, insert what is new."""
    names = [name for name, _, _ in table.columns]
    return MergeClauses(
        on=" AND ".join(f"t.{quote(key)} = s.{quote(key)}" for key in table.keys),
        update_when="true",
        insert_when="true",
        update_set={name: f"s.{quote(name)}" for name in names if name not in table.keys},
        insert_values={name: f"s.{quote(name)}" for name in names},
    )


def schema_of(table: LedgerTable) -> StructType:
    """The columns of a ledger table."""
    from pyspark.sql import types as t

    kinds: dict[str, t.DataType] = {
        "string": t.StringType(),
        "int": t.IntegerType(),
        "bigint": t.LongType(),
        "double": t.DoubleType(),
        "boolean": t.BooleanType(),
        "timestamp": t.TimestampType(),
        "array<string>": t.ArrayType(t.StringType()),
        "map<string,bigint>": t.MapType(t.StringType(), t.LongType()),
    }
    return t.StructType(
        [
            t.StructField(name, kinds[kind], True, {"comment": comment} if comment else {})
            for name, kind, comment in table.columns
        ]
    )


def ledger_table(lake: Lake, name: str) -> TableRef:
    """A table of database `sluice`, in the format of the lake's first layer of tables.

    >>> from framework.config.lake import Lake
    >>> ledger_table(Lake(root="/lake"), "runs").identifier
    '`lake`.`sluice`.`runs`'
    """
    layer_format = next((layer.format for layer in lake.layers if layer.tables), "iceberg")
    if layer_format == "iceberg":
        identifier = ".".join(quote(part) for part in (lake.catalog.name, DATABASE, name))
        return TableRef(f"{DATABASE}.{name}", "iceberg", identifier)
    location = f"{lake.root.rstrip('/')}/{DATABASE}/{name}"
    return TableRef(f"{DATABASE}.{name}", "delta", f"delta.{quote(location)}", location)


def _frame(ctx: RunContext, rows: list[tuple[Any, ...]], schema: StructType) -> DataFrame:
    return ctx.spark.createDataFrame(rows, schema).coalesce(1)


def _forget(ctx: RunContext) -> None:
    """Delete folded facts beyond the newest ones; the tables have them."""

    def age(info: FileInfo) -> int:
        return info.modified_ms

    for old in sorted(ctx.storage.all_files(folded_folder(ctx.lake)), key=age)[:-KEPT]:
        ctx.storage.delete(old.path)
