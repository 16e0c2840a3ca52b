"""Delta tables, addressed by path."""

from framework.tables.delta.format import DeltaFormat

__all__ = ["DeltaFormat"]
