"""Names of the columns that the framework adds to rows in flight and to tables."""

from __future__ import annotations

PREFIX = "_sluice_"

SRC = "_sluice_src"
"""In flight: struct<name string, partition int, position bigint>: file and 1-based record number, or topic and offset."""
BAD = "_sluice_bad"
"""In flight: NULL, or why the record can't be read (string)."""
RAW = "_sluice_raw"
"""In flight: the record's text where it is unreadable, else NULL."""
OP = "_sluice_op"
"""In flight: I, U, D, R (snapshot row), T (truncate) or C (control)."""
SEQ = "_sluice_seq"
"""In flight and in merged tables: the sequence, typed; a struct if it has several parts; NULL: older than all."""
STATE = "_sluice_state"
"""In merged tables: what a row must remember beyond its values; NULL for nearly every row."""
MASK = "_sluice_mask"
"""In flight: bit k is set where row rule k failed (bigint)."""
EXTRA = "_sluice_extra"
"""In tables under evolution `flag`: columns that are not the table's, as JSON."""
