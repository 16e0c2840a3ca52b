"""Sources of DataFrames, one module per kind, behind one interface.

files.py       csv, json, parquet, avro, orc, xml, text, binary: discovery, and the scan of each format
dms.py         folders that AWS DMS writes: full load and change files
jdbc.py        databases: snapshots and ranges of a growing column
table.py       tables of the lake, as of a version
registry.py    how a reader is found by `format`; third parties register under the entry points `sluice.readers`
"""

from framework.readers.registry import find_reader

__all__ = ["find_reader"]
