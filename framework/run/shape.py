"""The shape of a target before anything is written: what it will be, and what it takes to get there."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql.types import DataType, StringType, StructField, StructType

from framework.changes.columns import EXTRA, OP, SEQ, STATE
from framework.changes.join_columns import state_type
from framework.run.conform import data_fields
from framework.run.contract import check_contract, contract_of
from framework.run.jobrun import JobRun
from framework.run.outcome import Drift
from framework.tables import plan_evolution
from framework.tables.base import ColumnChange, TableSpec
from framework.tables.evolution import evolved


@dataclass(frozen=True)
class Shape:
    """What the target's schema will be, and the steps to it."""

    exists: bool
    spec: TableSpec
    changes: tuple[ColumnChange, ...]
    drift: tuple[Drift, ...]

    @property
    def schema(self) -> StructType:
        return self.spec.schema


def shape_of(run: JobRun, events: DataFrame) -> Shape:
    """The target's shape for these events, by the job's evolution policy; touches nothing.

    Raises:
        SchemaDriftError: the policy refuses what arrives.
        ContractError: the job contradicts the table.
    """
    incoming = StructType(data_fields(events.schema))
    sequence = events.schema[SEQ].dataType if run.job.keyed else None
    sequence_type = sequence.simpleString() if sequence else None
    if not run.fmt.exists(run.target):
        fields = [_commented(run, field) for field in incoming.fields]
        schema = StructType([*fields, *_framework_fields(run, sequence)])
        properties = {**run.job.write.properties, **contract_of(run.job, sequence_type)}
        spec = TableSpec(schema, tuple(run.job.write.partition_by), properties, run.job.write.comment)
        return Shape(False, spec, (), ())
    check_contract(run.job, run.target.name, run.fmt.properties(run.target), sequence_type)
    now = run.fmt.schema(run.target)
    changes, drift = plan_evolution(now, incoming, run.job.write.evolution, tuple(run.job.changes.keys))
    return Shape(True, TableSpec(evolved(now, changes)), tuple(changes), tuple(drift))


def apply_shape(run: JobRun, shape: Shape) -> None:
    """Make the table, or evolve it."""
    if not shape.exists:
        run.fmt.create(run.target, shape.spec)
    elif shape.changes:
        run.fmt.evolve(run.target, shape.changes)


def ddl_of(run: JobRun, shape: Shape) -> list[str]:
    """The statements `apply_shape` stands for."""
    if not shape.exists:
        return [run.fmt.ddl(run.target, shape.spec)]
    return run.fmt.evolve_ddl(run.target, shape.changes)


def _framework_fields(run: JobRun, sequence: DataType | None) -> list[StructField]:
    fields = []
    if sequence is not None and run.job.mode == "append":
        fields.append(StructField(OP, StringType(), True, {"comment": "what the event did: I, U, D or R"}))
    if sequence is not None:
        fields.append(StructField(SEQ, sequence, True, {"comment": "the sequence of the row's last change"}))
        fields.append(
            StructField(
                STATE, state_type(sequence), True, {"comment": "where columns come from another event"}
            )
        )
    if run.job.write.evolution == "flag":
        fields.append(
            StructField(EXTRA, StringType(), True, {"comment": "columns that are not the table's, as JSON"})
        )
    return fields


def _commented(run: JobRun, field: StructField) -> StructField:
    comments = {
        column.name: column.comment
        for source in run.job.sources.values()
        for column in source.columns or []
        if column.comment
    }
    metadata = {"comment": comments[field.name]} if field.name in comments else {}
    return StructField(field.name, field.dataType, True, json.loads(json.dumps(metadata)))
