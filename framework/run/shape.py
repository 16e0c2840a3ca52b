"""The shape of a target before anything is written: what it will be, and what it takes to get there."""

from __future__ import annotations

import json
from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql.types import BooleanType, DataType, MapType, StringType, StructField, StructType

from framework.changes import stamp
from framework.changes.columns import (
    DELETED_AT,
    ENDS_AT,
    EXTRA,
    IS_CURRENT,
    MARK,
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
from framework.config.checks.columns import added_columns
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
    _check_added(run, incoming)
    if run.job.versioned:
        _check_versionable(run, incoming)
    sequence = events.schema[SEQ].dataType if run.job.keyed else None
    sequence_type = sequence.simpleString() if sequence else None
    if not run.fmt.exists(run.target):
        fields = [_commented(run, field) for field in incoming.fields]
        valid = events.schema[VALID].dataType if run.job.versioned else None
        validity = _validity_fields(valid) if valid is not None else []
        added = [*validity, *(merge_fields(run, events) if run.job.mode == "merge" else [])]
        schema = StructType([*fields, *added, *_other_fields(run, sequence)])
        check_keys(run, schema)
        properties = {**run.job.write.properties, **contract_of(run.job, sequence_type)}
        spec = TableSpec(schema, tuple(run.job.write.partition_by), properties, run.job.write.comment)
        return Shape(False, spec, (), ())
    check_contract(run.job, run.target.name, run.fmt.properties(run.target), sequence_type)
    now = run.fmt.schema(run.target)
    check_keys(run, now)
    if run.job.versioned:
        _check_time(run, now[VALID_FROM], events.schema[VALID].dataType, "changes.valid_time")
    if run.job.keeps_deleted:
        _check_time(run, now[DELETED_AT], events.schema[ENDS_AT].dataType, "changes.commit_time")
    own = StructType([*event_fields(now), *(field for field in now.fields if field.name.startswith(PREFIX))])
    changes, drift = plan_evolution(own, incoming, run.job.write.evolution, tuple(run.job.changes.keys))
    changes += _place_of_origin(now)
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


def _check_added(run: JobRun, incoming: StructType) -> None:
    added = added_columns(run.job)
    taken = [name for name in incoming.names if name.lower() in added]
    if taken:
        raise SchemaDriftError(
            f"job {run.job.job}: {'history scd2' if run.job.versioned else 'delete soft'} adds columns that the source "
            "has, too",
            found=", ".join(taken),
            fix=f"Declare them under another name, such as `{{name: source_{added[0]}, source: {added[0]}}}`.",
        )


def _check_versionable(run: JobRun, incoming: StructType) -> None:
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


def _check_time(run: JobRun, recorded: StructField, arriving: DataType, key: str) -> None:
    if recorded.dataType != arriving:
        raise ContractError(
            f"job {run.job.job} contradicts table {run.target.name} in the type of {recorded.name}",
            found=f"{arriving.simpleString()} in the events",
            expected=f"{recorded.dataType.simpleString()}, as the table has it",
            fix=f"Correct {key}, or write to a new table.",
        )


def _has_map(kind: DataType) -> bool:
    return isinstance(kind, MapType) or "map<" in kind.simpleString()


def merge_fields(run: JobRun, events: DataFrame) -> list[StructField]:
    """What a table has that changes are merged into: of soft deletes if the job has them, and the framework's own."""
    sequence = events.schema[SEQ].dataType
    own = [_sequence_field(sequence), _state_field(sequence, versioned=run.job.versioned)]
    if not run.job.keeps_deleted:
        return own
    shown, mark = events.schema[ENDS_AT].dataType, stamp.stamp_type(sequence)
    return [
        StructField(DELETED_AT, shown, True, {"comment": "when the row ended; NULL while it lives"}),
        *own,
        StructField(MARK, mark, True, {"comment": "where what ended the row stands in the order of changes"}),
    ]


def _sequence_field(sequence: DataType) -> StructField:
    return StructField(SEQ, sequence, True, {"comment": "the sequence of the row's last change"})


def _other_fields(run: JobRun, sequence: DataType | None) -> list[StructField]:
    fields = []
    if sequence is not None and run.job.mode == "append":
        told = {"comment": "what the event did: I, U, D or R"}
        fields = [
            StructField(OP, StringType(), True, told),
            _sequence_field(sequence),
            _state_field(sequence, versioned=False),
        ]
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


def _place_of_origin(now: StructType) -> list[ColumnChange]:
    """The place for where a late value came from, in tables that were made before key changes handed these on."""
    kind = now[STATE].dataType if STATE in now.names else None
    if not isinstance(kind, MapType) or not stamp.lacks_origin(kind.valueType):
        return []
    origin = stamp.path_type(now[SEQ].dataType)["origin"].dataType
    return [ColumnChange("add", "origin", origin, parents=(STATE, "value"))]


def _commented(run: JobRun, field: StructField) -> StructField:
    comments = {
        column.name: column.comment
        for source in run.job.sources.values()
        for column in source.columns or []
        if column.comment
    }
    metadata = {"comment": comments[field.name]} if field.name in comments else {}
    return StructField(field.name, field.dataType, True, json.loads(json.dumps(metadata)))
