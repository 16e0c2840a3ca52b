"""Sluice: moves data through the layers of a lake, from one job description, in batch and in streams."""

__version__ = "0.1.0"
