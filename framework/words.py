"""Numbers for people, the same on the terminal and in the report."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """A duration.

    >>> duration(0.05), duration(12.34), duration(83), duration(3800)
    ('0.1 s', '12.3 s', '1 min 23 s', '1 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def file_size(size: int) -> str:
    """A size in bytes.

    >>> file_size(512), file_size(4096), file_size(3_500_000)
    ('512 B', '4.1 kB', '3.5 MB')
    """
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
