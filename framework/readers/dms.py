"""Folders that AWS DMS writes to S3: a full load (`LOAD00000001.csv`), then change files (`20240301-100000000.csv`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pyspark.sql import types as T

from framework.changes.envelopes.dms import LOAD_NAME, DmsColumns, dms_columns
from framework.errors import ConfigError, ReadError
from framework.readers import delimited, transactions, typed
from framework.readers.base import Inputs, Seen
from framework.readers.declared import Field
from framework.readers.files import nothing_new, request_of
from framework.readers.paths import check_unchanged, new_files, shown_path
from framework.readers.scan import Scan
from framework.readers.transport import union_by_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from framework.config.job import Read
    from framework.context import RunContext

OWN_OPTIONS = frozenset(
    [
        "op_column",
        "timestamp_column",
        "include_op_for_full_load",
        "cdc_inserts_only",
        "cdc_inserts_and_updates",
        "before_image_prefix",
        "null_value",
        "file_format",
    ]
)
"""Options of this reader; all others go to the scan of the files (csv, or `file_format: parquet`)."""

_CHANGES = re.compile(r"\d{8}-\d{6,}")


class DmsReader:
    """DMS folders, csv or parquet, with or without header, date folders, segments and compression.

    Options: `header` (AddColumnName), `op_column` (Op), `timestamp_column` (TimestampColumnName),
    `include_op_for_full_load`, `cdc_inserts_only`, `cdc_inserts_and_updates`, `null_value` (CsvNullValue, NULL),
    `before_image_prefix` (BI_), `file_format` (csv or parquet; by default what the files are called), and those of csv:
    `delimiter`, `multiLine` (true), ... An empty field and the null value are both NULL.

    `schema` names the table's columns, without operation and timestamp; without a header it has to be given.
    Transaction files (`CDC_TXN-*.csv`) hold all tables: `table: schema.table` picks one of them.
    """

    envelope = "dms"

    def discover(self, ctx: RunContext, source: Read, seen: Seen) -> Inputs:
        """The files nobody has read yet.

        Raises:
            ReadError: a file is none that DMS would write, or holds transactions and the job picks no table.
        """
        items = new_files(ctx, source, seen)
        check_names((str(item["path"]) for item in items), source.table)
        return Inputs("dms", items)

    def read(self, ctx: RunContext, source: Read, inputs: Inputs, *, positions: bool) -> DataFrame:
        """Operation (NULL in a full load without it), timestamp if there is one, then the table's columns.

        Positions are always given, since DMS has no other order of changes within a file.
        """
        check_unchanged(ctx, inputs.items)
        if not inputs.items:
            return nothing_new(ctx, source, partial(self.read, positions=positions))
        plain = replace_options(source)
        request = request_of(ctx, plain, inputs, positions=True)
        columns = dms_columns(source)
        if request.fields is not None:
            own = {columns.op.lower(), (columns.timestamp or columns.op).lower()}
            request = replace(
                request, fields=[field for field in request.fields if field.source.lower() not in own]
            )
        frames = []
        if mixed := [file for file in request.files if _is_mixed(file)]:
            frames.append(transactions.scan(replace(request, files=mixed), columns.op, str(source.table)))
        if plain_files := [file for file in request.files if not _is_mixed(file)]:
            scan = replace(request, files=plain_files)
            if file_format(source, plain_files) == "parquet":
                frames.append(_parquet(replace(scan, format="parquet"), columns))
            else:
                frames.append(_csv(scan, source, columns))
        return union_by_name(frames)


def check_names(paths: Iterable[str], table: str | None = None) -> None:
    """Refuse files that DMS would not have written for one table; `table` is what a job picks out of transactions.

    Raises:
        ReadError: naming the file.
    """
    for path in paths:
        name = path.rpartition("/")[2]
        if transactions.is_transactions(name):
            if not table:
                raise ReadError(
                    f"{path} holds transactions of all tables (PreserveTransactions)",
                    expected="the table to pick out of them",
                    fix="Set read.table, such as shop.orders: the source's schema and table.",
                )
        elif not is_load(name) and not _CHANGES.match(name):
            raise ReadError(
                f"{path} is no file that DMS writes",
                found=name,
                expected="LOAD00000001.csv or 20240301-100000000.csv",
                fix="Point read.path at the table's own folder, or use format csv or parquet.",
            )


def is_load(name: str) -> bool:
    """Whether a file, named without its folder, belongs to the full load.

    >>> is_load("LOAD0000000A.csv"), is_load("SEGMENT1_LOAD00000001.csv.gz"), is_load("20240301-100000000.csv")
    (True, True, False)
    """
    return re.search(LOAD_NAME, name) is not None


def _is_mixed(file: str) -> bool:
    return transactions.is_transactions(file.rpartition("/")[2])


def file_format(source: Read, files: Iterable[str]) -> str:
    """csv or parquet: as the job says, else as the files are called.

    Raises:
        ReadError: both kinds in one batch.
    """
    given = source.options.get("file_format")
    if given is not None:
        return str(given)
    kinds = {"parquet" if ".parquet" in file.rpartition("/")[2] else "csv" for file in files}
    if len(kinds) > 1:
        raise ReadError(
            "a DMS folder holds csv and parquet files",
            fix="Set read.options.file_format, and move the others away.",
        )
    return kinds.pop()


def replace_options(source: Read) -> Read:
    """The source as the scan of its files sees it: options of ours out, DMS's ways of writing csv in."""
    options: dict[str, Any] = {
        key: value for key, value in source.options.items() if key.lower() not in OWN_OPTIONS
    }
    given = {key.lower() for key in options}
    null = source.options.get("null_value", "NULL")
    written = {"multiLine": True, "escape": '"', "nullValue": null}
    options.update({key: value for key, value in written.items() if key.lower() not in given})
    return source.model_copy(update={"options": options, "format": "csv"})


def _csv(request: Scan, source: Read, columns: DmsColumns) -> DataFrame:
    kinds = _by_kind(request.files)
    if request.flag("header"):
        return _with_header(request, source, columns, kinds)
    if request.fields is None:
        raise ConfigError(
            "a DMS folder without headers says nothing about its columns",
            fix="Declare read.schema, or set AddColumnName in the DMS endpoint and read.options.header: true.",
        )
    frames = []
    for load, files in kinds.items():
        fields = [*_own_fields(columns, has_op(source, load=load)), *request.fields]
        frames.append(delimited.scan(replace(request, files=files, fields=fields)))
    return union_by_name(frames)


def has_op(source: Read, *, load: bool) -> bool:
    """Whether the files of a kind have the operation as their first column, by the DMS endpoint's settings.

    includeOpForFullLoad decides for the full load; change files have it unless cdcInsertsOnly is set alone.
    """
    included = _is_set(source, "include_op_for_full_load")
    return included or (not load and not _is_set(source, "cdc_inserts_only"))


def _with_header(request: Scan, source: Read, columns: DmsColumns, kinds: dict[bool, list[str]]) -> DataFrame:
    """Headers tell what is there; what they tell must be what the endpoint's settings would write."""
    groups: dict[tuple[str, ...] | None, list[str]] = {}
    for load, files in kinds.items():
        for names, group in delimited.by_header(replace(request, files=files)).items():
            given = names is not None and columns.op.lower() in {name.lower() for name in names}
            if not load and not given and has_op(source, load=False):
                raise ReadError(
                    f"the change file {shown_path(group[0])} has no column {columns.op!r}",
                    found=f"columns {', '.join(names or ())}",
                    fix="Set options.op_column, or options.cdc_inserts_only: true if the endpoint writes inserts only.",
                )
            groups.setdefault(names, []).extend(group)
    if request.fields is None:
        fields = _inferred(request, groups, columns)
        frames = [_group(request, names, files, fields, columns) for names, files in groups.items()]
    else:
        frames = [
            _group(request, names, files, list(request.fields), columns) for names, files in groups.items()
        ]
    if not frames:
        return delimited.scan(
            replace(request, files=[], fields=[*_own_fields(columns, True), *(request.fields or [])])
        )
    return union_by_name(frames)


def _group(
    request: Scan,
    names: tuple[str, ...] | None,
    files: list[str],
    fields: Sequence[Field],
    columns: DmsColumns,
) -> DataFrame:
    here = {name.lower() for name in names or ()}
    own = [field for field in _own_fields(columns, True) if field.source.lower() in here]
    return delimited.scan_all(replace(request, files=files, fields=[*own, *fields]), {names: files})


def _inferred(
    request: Scan, groups: dict[tuple[str, ...] | None, list[str]], columns: DmsColumns
) -> list[Field]:
    own = {field.source.lower() for field in _own_fields(columns, True)}
    found: dict[str, Field] = {}
    for fields in delimited.infer(request, groups).values():
        found.update({field.source.lower(): field for field in fields if field.source.lower() not in own})
    return list(found.values())


def _parquet(request: Scan, columns: DmsColumns) -> DataFrame:
    kinds = _by_kind(request.files).values()
    df = union_by_name([typed.scan(replace(request, files=files, options={})) for files in kinds])
    actual = {name.lower(): name for name in df.columns}
    if columns.timestamp and columns.timestamp.lower() not in actual:
        raise ReadError(
            f"{shown_path(request.files[0])} has no column {columns.timestamp!r}",
            found=f"columns {', '.join(name for name in df.columns if not name.startswith('_sluice_'))}",
            fix="Correct options.timestamp_column (TimestampColumnName of the DMS endpoint).",
        )
    return df


def _own_fields(columns: DmsColumns, op: bool) -> list[Field]:
    fields = [Field(columns.op, columns.op, T.StringType())] if op else []
    if columns.timestamp:
        fields.append(Field(columns.timestamp, columns.timestamp, T.TimestampType()))
    return fields


def _by_kind(files: Iterable[str]) -> dict[bool, list[str]]:
    """Files of the full load under True, of changes under False."""
    kinds: dict[bool, list[str]] = {}
    for file in files:
        kinds.setdefault(is_load(file.rpartition("/")[2]), []).append(file)
    return kinds


def _is_set(source: Read, option: str) -> bool:
    return str(source.options.get(option, False)).lower() == "true"
