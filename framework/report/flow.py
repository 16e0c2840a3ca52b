"""Lays out the flow of a run: sources and jobs as boxes in the columns of their layers, what passes as arrows.

Plain arithmetic: boxes are ordered in their column by the middle of what flows into them, which keeps crossings few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from framework.run.outcome import InputRange, JobOutcome, RunOutcome
from framework.words import file_size

WIDTH, HEIGHT, GAP_X, GAP_Y, TOP, MARGIN = 210, 58, 92, 16, 34, 4
MOST = 80
"""More jobs than this, and those that had nothing to do are left out of the picture."""
_SWEEPS = 4


@dataclass
class Box:
    """A source or a job."""

    id: str
    title: str
    lines: tuple[str, ...]
    status: str
    column: int = 0
    x: float = 0
    y: float = 0

    @property
    def short(self) -> str:
        """The title, cut in its middle where it is too long: its end tells most."""
        return self.title if len(self.title) <= 25 else f"{self.title[:8]}…{self.title[-15:]}"


@dataclass(frozen=True)
class Arrow:
    """What passes from one box to another."""

    path: str
    label: str
    label_x: float
    label_y: float
    status: str
    title: str
    rows: int | None
    width: float


@dataclass(frozen=True)
class Column:
    """A layer's heading."""

    title: str
    x: float


@dataclass
class Flow:
    """The picture: its size and everything in it."""

    width: float = 0
    height: float = 0
    columns: list[Column] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    left_out: int = 0

    @property
    def uncounted(self) -> bool:
        """True if there are arrows whose rows nobody counted."""
        return any(arrow.label == "?" for arrow in self.arrows)


@dataclass(frozen=True)
class _Link:
    start: str
    end: str
    rows: int | None


def flow_of(run: RunOutcome, layers: Sequence[str]) -> Flow:
    """The picture of a run; layers that no job belongs to have no column."""
    jobs = run.jobs
    if len(jobs) > MOST:
        jobs = [job for job in jobs if job.status not in ("nothing_new", "unchanged")][:MOST]
    by_name = {job.job: job for job in jobs}
    boxes = {f"job:{job.job}": _job_box(job) for job in jobs}
    links = [_Link(f"job:{a}", f"job:{b}", _rows_between(by_name[a], by_name[b])) for a, b in run.edges
             if a in by_name and b in by_name]  # fmt: skip
    for job in jobs:
        for source in job.inputs:
            if _is_table(source):
                continue
            box = _source_box(job, source)
            boxes[box.id] = box
            links.append(_Link(box.id, f"job:{job.job}", source.rows))
    headings = _columns(boxes, by_name, links, layers)
    _place(boxes, links, len(headings))
    flow = Flow(boxes=list(boxes.values()), left_out=len(run.jobs) - len(jobs))
    flow.columns = [Column(title, MARGIN + n * (WIDTH + GAP_X)) for n, title in enumerate(headings)]
    flow.arrows = _arrows(links, boxes)
    flow.width = 2 * MARGIN + len(headings) * (WIDTH + GAP_X) - GAP_X
    flow.height = max((box.y for box in boxes.values()), default=0) + HEIGHT + MARGIN
    return flow


def _job_box(job: JobOutcome) -> Box:
    counts = job.counts
    rejected = counts.quarantined + counts.dropped
    facts = f"{counts.read:,} read" + (f" · {counts.applied:,} applied" if counts.applied else "")
    last = job.status.replace("_", " ") + (f" · {rejected:,} rejected" if rejected else "")
    return Box(f"job:{job.job}", job.job, (facts, last), job.status)


def _source_box(job: JobOutcome, source: InputRange) -> Box:
    paths = [str(item["path"]) for item in source.items if "path" in item]
    title = (
        _folder(paths)
        if paths
        else str(source.items[0].get("table", source.source) if source.items else source.source)
    )
    count = f"{len(paths):,} file{'s' if len(paths) != 1 else ''}" if paths else source.reader
    size = sum(int(item.get("size") or 0) for item in source.items)
    facts = f"{count} · {file_size(size)}" if size else count
    return Box(f"source:{job.job}:{source.source}", title, (facts, source.reader if paths else ""), "source")


def _folder(paths: Sequence[str]) -> str:
    """What the paths have in common, without the folders of dates.

    >>> _folder(["/lake/raw/crm/leads/2026/11/20/a.json", "/lake/raw/crm/leads/2026/11/21/b.json"])
    'raw/crm/leads'
    """
    parts = [path.rstrip("/").split("/")[:-1] for path in paths]
    common: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    while common and (common[-1].isdigit() or "=" in common[-1] or "-" in common[-1][4:5]):
        common.pop()
    tail = common[common.index("raw") :] if "raw" in common else common[-3:]
    return "/".join(tail) or paths[0].rsplit("/", 1)[-1]


def _is_table(source: InputRange) -> bool:
    return source.reader == "table"


def _rows_between(a: JobOutcome, b: JobOutcome) -> int | None:
    """Rows of a's table that b read, as far as somebody counted them."""
    read = [source for source in b.inputs if any(item.get("table") == a.target for item in source.items)]
    return next((source.rows for source in read if source.rows is not None), None)


def _columns(
    boxes: Mapping[str, Box], jobs: Mapping[str, JobOutcome], links: Sequence[_Link], layers: Sequence[str]
) -> list[str]:
    """Set each box's column; a job that reads another of its own layer stands further right."""
    order = {layer: n for n, layer in enumerate(layers)}
    depth = dict.fromkeys(boxes, 0)
    layer_of = {f"job:{job.job}": order.get(job.layer, len(order)) for job in jobs.values()}
    for _ in boxes:
        moved = False
        for link in links:
            same = layer_of.get(link.start) == layer_of.get(link.end, -2)
            if same and depth[link.end] <= depth[link.start] < len(boxes):
                depth[link.end] = depth[link.start] + 1
                moved = True
        if not moved:
            break
    places = {(layer_of.get(name, -1), depth[name]) for name in boxes}
    numbers = {place: n for n, place in enumerate(sorted(places))}
    titles = {len(order): "other", -1: "sources", **{n: layer for layer, n in order.items()}}
    for name, box in boxes.items():
        box.column = numbers[(layer_of.get(name, -1), depth[name])]
    return [titles[layer] if nth == 0 else "" for layer, nth in sorted(places)]


def _place(boxes: Mapping[str, Box], links: Sequence[_Link], columns: int) -> None:
    members = [[box for box in boxes.values() if box.column == n] for n in range(columns)]
    for column in members:
        _stack(column)
    for sweep in range(_SWEEPS):
        backwards = sweep % 2 == 1
        for column in reversed(members) if backwards else members:
            pull = {box.id: _middle(box, boxes, links, backwards) for box in column}
            column.sort(key=lambda box: pull[box.id])
            _stack(column)
    tallest = max((len(column) for column in members), default=0)
    for column in members:
        shift = (tallest - len(column)) * (HEIGHT + GAP_Y) / 2
        for box in column:
            box.y += shift


def _middle(box: Box, boxes: Mapping[str, Box], links: Sequence[_Link], backwards: bool) -> float:
    if backwards:
        near = [boxes[link.end].y for link in links if link.start == box.id]
    else:
        near = [boxes[link.start].y for link in links if link.end == box.id]
    return sum(near) / len(near) if near else box.y


def _stack(column: Sequence[Box]) -> None:
    for n, box in enumerate(column):
        box.x = MARGIN + box.column * (WIDTH + GAP_X)
        box.y = TOP + n * (HEIGHT + GAP_Y)


def _arrows(links: Sequence[_Link], boxes: Mapping[str, Box]) -> list[Arrow]:
    most = max((link.rows or 0 for link in links), default=0)
    return [_arrow(link, boxes, most) for link in links]


def _arrow(link: _Link, boxes: Mapping[str, Box], most: int) -> Arrow:
    start, end = boxes[link.start], boxes[link.end]
    x1, y1, x2, y2 = start.x + WIDTH, start.y + HEIGHT / 2, end.x, end.y + HEIGHT / 2
    bend = min(GAP_X * 0.6, abs(x2 - x1) / 2)
    # a long way runs level beside its start and bends at its end, so that it crosses fewer boxes
    path = f"M{x1:.1f} {y1:.1f} C{x2 - GAP_X + bend:.1f} {y1:.1f} {x2 - bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    idle = end.status in ("nothing_new", "skipped")
    label = ("" if idle else "?") if link.rows is None else _brief(link.rows)
    width = 1.25 + (3.75 * (link.rows / most) ** 0.5 if link.rows and most else 0)
    status = (
        end.status if end.status in ("failed", "skipped") else "idle" if idle or link.rows == 0 else "moved"
    )
    title = f"{start.title} → {end.title}: " + (
        f"{link.rows:,} rows" if link.rows is not None else "nothing" if idle else "rows not counted"
    )
    return Arrow(
        path,
        label,
        x2 - GAP_X / 2,
        (y1 + y2) / 2 if x2 - x1 <= GAP_X else y2,
        status,
        title,
        link.rows,
        width,
    )


def _brief(rows: int) -> str:
    """A count that fits on an arrow.

    >>> _brief(950), _brief(12_345), _brief(3_400_000)
    ('950', '12.3k', '3.4M')
    """
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if rows >= limit:
            return f"{rows / (1000 if unit == 'k' else limit):.1f}{unit}"
    return f"{rows:,}"
