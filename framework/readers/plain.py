"""Files without records of their own: lines of text, and files as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from framework.readers.scan import Scan
from framework.readers.transport import file_source, never_bad
from framework.sql import quote

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def scan(request: Scan) -> DataFrame:
    """Text: column `value` (or the one declared), a row a line. Binary: path, modificationTime, length, content."""
    kind = "binaryFile" if request.format == "binary" else "text"
    df = request.spark.read.format(kind).options(**request.options).load(list(request.files))
    names = list(df.columns)
    if kind == "text" and request.fields:
        names = [request.fields[0].name]
    columns = [F.col(quote(old)).alias(new) for old, new in zip(df.columns, names, strict=True)]
    return df.select(*columns, file_source(positions=request.positions), *never_bad())
