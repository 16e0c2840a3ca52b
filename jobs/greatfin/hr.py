"""hr.employee as AWS DMS wrote it: a full load on the first day, one change file on the second.

No header, no operation in the load, no time of commit: the order is the file's name, then the row in the file. 101 is
inserted again, moved twice and deleted; the D row differs from the row it deletes. What stays: 102, 103, 104.
"""

from __future__ import annotations

from jobs.greatfin.feed import Delivery, Record

COLUMNS = ("employee_id", "last_name", "first_name", "hire_date", "city")
_LOAD = """\
101,Smith,John,7-Jun-15,New York
102,Smith,John,9-Oct-16,Los Angeles
103,Smith,John,12-Mar-19,Tampa
104,Smith,John,16-Mar-19,Tampa
"""
_CHANGES = """\
I,101,Smith,John,7-Jun-15,New York
U,101,Smith,John,9-Oct-16,Los Angeles
U,101,Smith,John,12-Mar-19,Tampa
D,101,Smith,John,16-Mar-19,Tampa
"""


def deliveries() -> list[Delivery]:
    """The two files, as they are in the source book."""
    load = [_record("", line.split(",")) for line in _LOAD.splitlines()]
    changes = [_record(line[0], line[2:].split(",")) for line in _CHANGES.splitlines()]
    return [
        Delivery("hr.employees", "hr/employee/LOAD00000001.csv", 1, "dms", COLUMNS, load),
        Delivery("hr.employees", "hr/employee/20190316-120000000.csv", 2, "dms", COLUMNS, changes),
    ]


def _record(op: str, cells: list[str]) -> Record:
    # every change comes after the load; between changes the place in the file decides
    return Record(dict(zip(COLUMNS, cells, strict=True)), op, "1" if op else "")
