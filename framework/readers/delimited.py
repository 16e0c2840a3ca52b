"""Text with delimiters (csv): typed in one pass; only records that don't fit are looked at twice."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql import types as T

from framework.changes.columns import BAD, RAW
from framework.errors import ReadError
from framework.readers.base import STOPPED
from framework.readers.decimals import narrowed_strictly
from framework.readers.declared import Field, as_text, missing_column, schema_text, shared_formats, unfit
from framework.readers.parsing import Parsing, parsing_of
from framework.readers.paths import first_line, shown_path
from framework.readers.scan import Scan
from framework.readers.transport import file_source, joined, marked, union_by_name
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader

_PARSING = frozenset(
    [
        *("sep", "delimiter", "quote", "escape", "nullvalue", "emptyvalue", "encoding", "charset"),
        *(
            "ignoreleadingwhitespace",
            "ignoretrailingwhitespace",
            "unescapedquotehandling",
            "chartoescapequoteescaping",
        ),
    ]
)
"""Options of a scan that say how a record's text is parsed."""


def scan(request: Scan) -> DataFrame:
    """The files' records: declared or inferred columns, `_sluice_src`, `_sluice_bad`, `_sluice_raw`.

    With a header, columns are matched by name, file by file, and a column nobody declared is kept as a string.
    Without one, they are matched by place.
    """
    return scan_all(request, by_header(request))


def scan_strictly(request: Scan) -> DataFrame | None:
    """The declared or inferred columns alone, of a scan that stops at the first record that doesn't fit.

    Nothing is looked at but the values themselves, so this is as fast as a scan can be; but Spark judges a record by
    the columns that a query asks for, and this one must ask for all. None where columns are parsed after the scan.
    """
    groups = by_header(request)
    fields = _fields_of_groups(request, groups)
    if not groups or any(as_text(each) for each in fields.values()):
        return None
    # a record that a filter of the query leaves out would not be looked at to its end
    request.spark.conf.set("spark.sql.csv.filterPushdown.enabled", "false")
    frames = [_scan_strictly(replace(request, files=files), fields[names]) for names, files in groups.items()]
    return _in_order(reduce(_union, frames), request.fields or [])


def by_header(request: Scan) -> dict[tuple[str, ...] | None, list[str]]:
    """The files by the columns their headers name; under None if they have no header. Empty files are left out.

    Raises:
        ReadError: a header names a column twice.
    """
    if not request.flag("header"):
        return {None: list(request.files)}
    groups: dict[tuple[str, ...] | None, list[str]] = {}
    for file in request.files:
        names = header_of(request, file)
        if names:
            groups.setdefault(names, []).append(file)
    return groups


def header_of(request: Scan, file: str) -> tuple[str, ...] | None:
    """The columns that a file's first line names; None if the file has no line."""
    line = first_line(
        request.spark, file, request.options.get("encoding", "utf-8"), request.options.get("comment")
    )
    if line is None:
        return None
    separator, quoting, _ = _signs(request)
    fields = (
        next(csv.reader([line], delimiter=separator, quotechar=quoting))
        if len(separator) == 1
        else line.split(separator)
    )
    names = tuple(name.strip() for name in fields)
    folded = [name.lower() for name in names]
    double = next((name for name in names if folded.count(name.lower()) > 1), None)
    if double is not None:
        raise ReadError(
            f"the header of {shown_path(file)} names a column twice",
            found=double,
            fix="Set options.header: false and declare the schema.",
        )
    return names


def scan_all(request: Scan, groups: dict[tuple[str, ...] | None, list[str]]) -> DataFrame:
    """The records of all groups of files, each group with columns of its own."""
    fields = _fields_of_groups(request, groups)
    frames = [_scan(replace(request, files=files, fields=fields[names])) for names, files in groups.items()]
    if not frames:
        return _scan(replace(request, files=[], fields=request.fields or []))
    return _in_order(union_by_name(frames), request.fields or [])


def _fields_of_groups(
    request: Scan, groups: dict[tuple[str, ...] | None, list[str]]
) -> dict[tuple[str, ...] | None, list[Field]]:
    if request.fields is None:
        return infer(request, groups)
    return {names: match(request.fields, names, files[0]) for names, files in groups.items()}


def match(fields: Sequence[Field], names: tuple[str, ...] | None, file: str) -> list[Field]:
    """The fields in the order of a file's header, which decides; what nobody declared is a string.

    Raises:
        ReadError: the header lacks a declared column.
    """
    if names is None:
        return list(fields)
    declared = {field.source.lower(): field for field in fields}
    exact = {field.source: field for field in fields}
    found = [
        exact.get(name) or declared.get(name.lower()) or Field(name, name, T.StringType()) for name in names
    ]
    missing = [field for field in fields if field not in found]
    if missing:
        raise missing_column(shown_path(file), missing[0], names, fields)
    return [replace(field, source=name) for field, name in zip(found, names, strict=True)]


def infer(
    request: Scan, groups: dict[tuple[str, ...] | None, list[str]]
) -> dict[tuple[str, ...] | None, list[Field]]:
    """Columns nobody declared, read off the batch's files; one that two groups type differently is a string."""
    asked = request.flag("inferschema", True)
    types: dict[str, T.DataType] = {}
    schemas = {}
    for names, files in groups.items():
        reader = _reader(request).option("inferSchema", str(asked).lower())
        found = reader.csv(list(files)).schema
        schemas[names] = list(zip(names or found.names, found.fields, strict=True))
        for name, field in schemas[names]:
            kind = T.StringType() if isinstance(field.dataType, T.NullType) else field.dataType
            types[name.lower()] = common_type(types.get(name.lower(), kind), kind)
    return {
        names: [Field(name, name, types[name.lower()]) for name, _ in fields]
        for names, fields in schemas.items()
    }


def common_type(left: T.DataType, right: T.DataType) -> T.DataType:
    """The type that holds the values of both; a string where nothing narrower does.

    >>> common_type(T.IntegerType(), T.LongType()), common_type(T.LongType(), T.DateType())
    (LongType(), StringType())
    """
    if left == right:
        return left
    if {type(left), type(right)} == {T.IntegerType, T.LongType}:
        return T.LongType()
    return T.StringType()


def _scan(request: Scan) -> DataFrame:
    parsing = parsing_of(request, list(request.fields or []))
    reader = _reader(request).options(**shared_formats(parsing.fields))
    df = reader.schema(schema_text([*parsing.types(), (RAW, T.StringType())])).csv(list(request.files))
    bad = _reason(request, parsing) if request.positions else _suspicion(parsing)
    # the scan keeps no text of a record in which it found nothing wrong
    text = F.coalesce(F.col(RAW), _rewritten(parsing)) if parsing.problems() else F.col(RAW)
    source = file_source(positions=request.positions)
    return df.select(*parsing.values(), source, bad.alias(BAD), F.when(bad.isNotNull(), text).alias(RAW))


def _scan_strictly(request: Scan, fields: list[Field]) -> DataFrame:
    reader = _reader(request).options(**shared_formats(fields)).option("mode", "FAILFAST")
    roomy = parsing_of(request, fields).roomy
    typed = [(field.source, roomy.get(field.source, field.type)) for field in fields]
    df = reader.schema(schema_text(typed)).csv(list(request.files))
    if not roomy and all(field.source == field.name for field in fields):
        return df
    return narrowed_strictly(df, fields, roomy, STOPPED[0])


def _union(left: DataFrame, right: DataFrame) -> DataFrame:
    return left.unionByName(right, allowMissingColumns=True)


def _reason(request: Scan, parsing: Parsing) -> Column:
    """What is wrong with a record, NULL for a good one; what it says is worked out for bad ones only."""
    strings = F.from_csv(F.col(RAW), _string_schema(len(parsing.fields)), _parse_options(request) or None)
    own = parsing.problems()
    reasons = [_count_reason(request, len(parsing.fields)), *own.values()]
    for index, field in enumerate(parsing.fields):
        if field.source not in parsing.texts:
            text = strings.getField(f"f{index}")
            reasons.append(F.when(F.col(quote(field.source)).isNull() & text.isNotNull(), unfit(text, field)))
    detailed, found = joined(reasons), joined(list(own.values()))
    told = F.when(marked(detailed), F.when(detailed == "", "malformed record").otherwise(detailed))
    return told.when(found != "", found) if own else told


def _suspicion(parsing: Parsing) -> Column:
    """That something is wrong with a record, not what: all that a pass needs which stops at the first bad record.

    Working out the reason takes `from_csv`, which on Spark 3.5 costs every good record its compiled plan.
    """
    everything = F.concat_ws("", *[F.col(quote(field.source)).cast("string") for field in parsing.fields])
    own = [problem.isNotNull() for problem in parsing.problems().values()]
    return F.when(reduce(or_, own, marked(everything)), F.lit("malformed record"))


def _count_reason(request: Scan, expected: int) -> Column:
    """`too few fields: found 2, expected 4`, counted in the text outside quotes."""
    separator, quoting, escape = _signs(request)
    outside = F.regexp_replace(F.col(RAW), _quoted_part(quoting, escape), "") if quoting else F.col(RAW)
    without = F.regexp_replace(outside, re.escape(separator), "")
    found = ((F.length(outside) - F.length(without)) / F.lit(len(separator))).cast("int") + F.lit(1)
    told = F.concat(F.lit(" fields: found "), found.cast("string"), F.lit(f", expected {expected}"))
    unclosed = F.instr(outside, quoting) > 0 if quoting else F.lit(False)
    return (
        F.when(unclosed, F.lit("malformed record: a quote is not closed"))
        .when(found < expected, F.concat(F.lit("too few"), told))
        .when(found > expected, F.concat(F.lit("too many"), told))
    )


def _quoted_part(quoting: str, escape: str) -> str:
    """A pattern of a quoted part, without backtracking or recursion, however long it is."""
    mark, sign = re.escape(quoting), re.escape(escape)
    if quoting == escape:
        return f"{mark}[^{mark}]*+(?:{mark}{mark}[^{mark}]*+)*+{mark}"
    return f"{mark}[^{mark}{sign}]*+(?:(?:{sign}.|{mark}{mark})[^{mark}{sign}]*+)*+{mark}"


def _string_schema(count: int) -> str:
    return ", ".join(f"f{index} STRING" for index in range(count))


def _rewritten(parsing: Parsing) -> Column:
    """The record written anew from its fields."""
    return F.to_csv(F.struct(*[value.alias(f"f{i}") for i, value in enumerate(parsing.written())]))


def _parse_options(request: Scan) -> dict[str, str]:
    return {key: value for key, value in request.options.items() if key in _PARSING}


def _reader(request: Scan) -> DataFrameReader:
    options = {key: value for key, value in request.options.items() if key not in ("inferschema", "decimals")}
    return request.spark.read.options(**{**options, "mode": "PERMISSIVE", "columnNameOfCorruptRecord": RAW})


def _signs(request: Scan) -> tuple[str, str, str]:
    separator = request.options.get("sep", request.options.get("delimiter", ","))
    return (
        separator.replace("\\t", "\t"),
        request.options.get("quote", '"'),
        request.options.get("escape", "\\"),
    )


def _in_order(df: DataFrame, fields: Sequence[Field]) -> DataFrame:
    """Declared columns first, in the order of the declaration, then the others."""
    first = [field.name for field in fields]
    names = [*first, *[name for name in df.columns if name not in first]]
    return df if names == df.columns else df.select(*[F.col(quote(name)) for name in names])
