"""The shape of a target before anything is written: what it will be, and what it takes to get there."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql.types import BooleanType, DataType, MapType, StringType, StructField, StructType

from framework.changes.columns import (
    EXTRA,
    HISTORY_COLUMNS,
    IS_CURRENT,
    OP,
    PREFIX,
    SEQ,
    STATE,
    VALID,
    VALID_FROM,
    VALID_TO,
)
from framework.changes.facts import state_of_versions
from framework.changes.join_columns import state_type
from framework.errors import ContractError, SchemaDriftError
from framework.run.conform import data_fields, event_fields
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
    if run.job.versioned:
        _check_versionable(run, incoming)
    sequence = events.schema[SEQ].dataType if run.job.keyed else None
    sequence_type = sequence.simpleString() if sequence else None
    if not run.fmt.exists(run.target):
        fields = [_commented(run, field) for field in incoming.fields]
        valid = events.schema[VALID].dataType if run.job.versioned else None
        schema = StructType([*fields, *_framework_fields(run, sequence, valid)])
        check_keys(run, schema)
        properties = {**run.job.write.properties, **contract_of(run.job, sequence_type)}
        spec = TableSpec(schema, tuple(run.job.write.partition_by), properties, run.job.write.comment)
        return Shape(False, spec, (), ())
    check_contract(run.job, run.target.name, run.fmt.properties(run.target), sequence_type)
    now = run.fmt.schema(run.target)
    check_keys(run, now)
    if run.job.versioned:
        _check_validity(run, now[VALID_FROM].dataType, events.schema[VALID].dataType)
    own = StructType([*event_fields(now), *(field for field in now.fields if field.name.startswith(PREFIX))])
    changes, drift = plan_evolution(own, incoming, run.job.write.evolution, tuple(run.job.changes.keys))
    return Shape(True, TableSpec(evolved(now, changes)), tuple(changes), tuple(drift))


def check_keys(run: JobRun, schema: StructType) -> None:
    """Everything that compares rows names the keys as the table does.

    Raises:
        ContractError: the job spells one otherwise.
    """
    known = {name.lower(): name for name in schema.names}
    other = [key for key in run.job.changes.keys if known.get(key.lower(), key) != key]
    if run.job.keyed and other:
        raise ContractError(
            f"job {run.job.job} spells keys otherwise than table {run.target.name}",
            found=", ".join(other),
            expected=", ".join(known[key.lower()] for key in other),
            fix="Correct changes.keys.",
        )


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


def _check_versionable(run: JobRun, incoming: StructType) -> None:
    taken = [name for name in incoming.names if name.lower() in HISTORY_COLUMNS]
    if taken:
        raise SchemaDriftError(
            f"job {run.job.job}: history scd2 adds columns that the source has, too",
            found=", ".join(taken),
            fix="Declare them under another name, such as `{name: source_valid_from, source: valid_from}`.",
        )
    there = run.fmt.schema(run.target).names if run.fmt.exists(run.target) else []
    known = {name.lower() for name in [*incoming.names, *there]}
    unknown = [name for name in run.job.changes.tracked or () if name.lower() not in known]
    if unknown:
        raise SchemaDriftError(
            f"job {run.job.job}: changes.tracked names columns that the source doesn't have",
            found=", ".join(unknown),
            expected=", ".join(incoming.names),
            fix="Correct changes.tracked.",
        )
    maps = [field.name for field in incoming.fields if _has_map(field.dataType)]
    if maps:
        raise SchemaDriftError(
            f"job {run.job.job}: history scd2 compares values, and maps don't compare",
            found=f"map in {', '.join(maps)}",
            fix="Declare the column as string (JSON), or keep every change: `changes: {history: append}`.",
        )


def _check_validity(run: JobRun, recorded: DataType, arriving: DataType) -> None:
    if recorded != arriving:
        raise ContractError(
            f"job {run.job.job} contradicts table {run.target.name} in the type of valid_from",
            found=f"{arriving.simpleString()} in the events",
            expected=f"{recorded.simpleString()}, as the table has it",
            fix="Correct changes.valid_time, or write to a new table.",
        )


def _has_map(kind: DataType) -> bool:
    return isinstance(kind, MapType) or "map<" in kind.simpleString()


def _framework_fields(run: JobRun, sequence: DataType | None, valid: DataType | None) -> list[StructField]:
    fields = _validity_fields(valid) if valid is not None else []
    if sequence is not None and run.job.mode == "append":
        fields.append(StructField(OP, StringType(), True, {"comment": "what the event did: I, U, D or R"}))
    if sequence is not None:
        fields.append(StructField(SEQ, sequence, True, {"comment": "the sequence of the row's last change"}))
        fields.append(_state_field(sequence, versioned=valid is not None))
    if run.job.write.evolution == "flag":
        fields.append(
            StructField(EXTRA, StringType(), True, {"comment": "columns that are not the table's, as JSON"})
        )
    return fields


def _validity_fields(valid: DataType) -> list[StructField]:
    return [
        StructField(VALID_FROM, valid, True, {"comment": "the version holds from here on"}),
        StructField(VALID_TO, valid, True, {"comment": "until before this; NULL while it holds"}),
        StructField(IS_CURRENT, BooleanType(), True, {"comment": "whether it still holds"}),
    ]


def _state_field(sequence: DataType, *, versioned: bool) -> StructField:
    if versioned:
        told = {"comment": "whether the opening event is remembered beside the table; which delete closed it"}
        return StructField(STATE, state_of_versions(sequence), True, told)
    return StructField(
        STATE, state_type(sequence), True, {"comment": "where columns come from another event"}
    )


def _commented(run: JobRun, field: StructField) -> StructField:
    comments = {
        column.name: column.comment
        for source in run.job.sources.values()
        for column in source.columns or []
        if column.comment
    }
    metadata = {"comment": comments[field.name]} if field.name in comments else {}
    return StructField(field.name, field.dataType, True, json.loads(json.dumps(metadata)))
