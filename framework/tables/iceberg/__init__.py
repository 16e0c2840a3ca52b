"""Iceberg tables, in a catalog of their own name."""

from framework.tables.iceberg.format import IcebergFormat

__all__ = ["IcebergFormat"]
