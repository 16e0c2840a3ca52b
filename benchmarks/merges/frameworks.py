"""Mergers of other frameworks, with the settings that they make themselves; Delta only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.merges.contenders import BASE, SANE, Apply, Setting, create
from benchmarks.merges.workload import KEY

_TABLE = "orders"


def koheesio(spark: Any, setting: Setting) -> Apply:
    """koheesio's deduplication by row_number, and its Delta writer with a merge of three clauses."""
    from koheesio.spark.transformations.row_number_dedup import RowNumberDedup
    from koheesio.spark.writers import BatchOutputMode
    from koheesio.spark.writers.delta import DeltaTableWriter
    from pyspark.sql import functions as F

    _set(spark)

    def apply(file: Path) -> None:
        changes = spark.read.parquet(str(file))
        if file.name == BASE:
            _create(spark, changes, setting)
            return
        newest = RowNumberDedup(df=changes, columns=[KEY], sort_columns=[F.col("seq").desc()]).transform()
        values = {name: f"source.{name}" for name in _columns(changes)}
        clauses = [
            {"clause": "whenMatchedDelete", "condition": "source.op = 'D'"},
            {"clause": "whenMatchedUpdate", "set": values},
            {"clause": "whenNotMatchedInsert", "values": values, "condition": "source.op <> 'D'"},
        ]
        params = {"merge_builder": clauses, "merge_cond": f"target.{KEY} = source.{KEY}"}
        DeltaTableWriter(
            table=_TABLE, output_mode=BatchOutputMode.MERGE, output_mode_params=params, df=newest
        ).execute()

    return apply


def lakehouse_engine(spark: Any, setting: Setting) -> Apply:
    """lakehouse-engine's loader: condense the changes, then merge."""
    from lakehouse_engine.engine import load_data

    _set(spark)

    def apply(file: Path) -> None:
        if file.name == BASE:
            _create(spark, spark.read.parquet(str(file)), setting)
            return
        values = {name: f"new.{name}" for name in _columns(spark.read.parquet(str(file)))}
        load_data(acon=_acon(file, values), collect_engine_usage="disabled")

    return apply


def _acon(file: Path, values: dict[str, str]) -> dict[str, Any]:
    condense = {
        "business_key": [KEY],
        "ranking_key_desc": ["seq"],
        "record_mode_col": "op",
        "valid_record_modes": ["U", "I", "D"],
    }
    merge = {
        "merge_predicate": f"current.{KEY} = new.{KEY}",
        "delete_predicate": "new.op = 'D'",
        "update_column_set": values,
        "insert_predicate": "new.op <> 'D'",
        "insert_column_set": values,
    }
    return {
        "input_specs": [
            {"spec_id": "changes", "read_type": "batch", "data_format": "parquet", "location": str(file)}
        ],
        "transform_specs": [
            {
                "spec_id": "newest",
                "input_id": "changes",
                "transformers": [{"function": "condense_record_mode_cdc", "args": condense}],
            }
        ],
        "output_specs": [
            {
                "spec_id": "merged",
                "input_id": "newest",
                "write_type": "merge",
                "data_format": "delta",
                "db_table": _TABLE,
                "merge_opts": merge,
            }
        ],
    }


def _set(spark: Any) -> None:
    for name, value in SANE.items():
        spark.conf.set(name, value)


def _create(spark: Any, changes: Any, setting: Setting) -> None:
    create(spark, changes.drop("op", "seq"), setting, tuned=False)
    spark.sql(f"CREATE TABLE {_TABLE} USING delta LOCATION '{setting.data}'")


def _columns(changes: Any) -> list[str]:
    return [name for name in changes.columns if name not in ("op", "seq")]
