"""What is merged: TPC-H's orders as the table, and batches of changes to them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "o_orderkey"
ROWS_PER_SCALE = 1_500_000


@dataclass(frozen=True)
class Workload:
    """A table and batches of changes."""

    scale: float
    """The table has 1.5 M rows per unit, sorted by key."""
    batches: int
    size: int
    """Events of a batch."""
    keys: str
    """recent: changed keys are of the newest tenth; uniform: of all."""
    fresh: float
    """The share of events whose key is new, above all others."""
    deletes: float
    """The share of events that delete."""
    replays: int
    """So many events of the batch before come again."""


def workload(name: str, scale: float, batches: int, *, deletes: bool) -> Workload:
    """The work of that name; `deletes`: the feed doesn't declare its order, and has deletes."""
    one_percent = int(scale * ROWS_PER_SCALE) // 100
    dead = 0.05 if deletes else 0.0
    return {
        "recent": Workload(scale, batches, one_percent, "recent", 0.05, dead, 0),
        "uniform": Workload(scale, batches, one_percent, "uniform", 0.05, dead, 0),
        "inserts": Workload(scale, batches, 50_000, "recent", 0.98, 0.01 if deletes else 0.0, 500),
        "large": Workload(scale, batches, one_percent * 30, "uniform", 0.05, dead, 0),
        # the same batches whatever the scale: what a larger target costs
        "fixed": Workload(scale, batches, ROWS_PER_SCALE // 100, "newest", 0.05, dead, 0),
    }[name]


def generate(folder: Path, work: Workload) -> list[Path]:
    """base.parquet and batch001.parquet ..., with the columns op and seq; what is there already is kept."""
    files = [folder / "base.parquet", *[folder / f"batch{n:03d}.parquet" for n in range(1, work.batches + 1)]]
    if all(file.exists() for file in files):
        return files
    import numpy as np
    import pyarrow.parquet as pq

    orders = _orders(folder, work.scale)
    base = np.zeros(len(orders), "int64"), np.full(len(orders), "I")
    pq.write_table(_told(orders, *base), files[0], row_group_size=500_000)
    draw = np.random.default_rng(7)
    newest, before = int(orders[KEY][-1].as_py()), None
    for n, file in enumerate(files[1:], start=1):
        changes, newest = _batch(work, orders, draw, n, newest)
        replayed = changes if before is None else _concat(changes, before.slice(0, work.replays))
        pq.write_table(replayed.take(_permutation(draw, len(replayed))), file)
        before = changes
    return files


def _orders(folder: Path, scale: float) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    tool = shutil.which("tpchgen-cli") or str(Path(sys.executable).with_name("tpchgen-cli"))
    command = [tool, "parquet", "-s", str(scale), "--tables=orders", f"--output-dir={folder}/raw"]
    subprocess.run(command, check=True, capture_output=True)
    orders = pq.read_table(next((folder / "raw").rglob("*.parquet")))
    shutil.rmtree(folder / "raw")
    plain = [
        pa.field(field.name, pa.string() if pa.types.is_string_view(field.type) else field.type)
        for field in orders.schema
    ]
    return orders.cast(pa.schema(plain)).sort_by(KEY)


def _batch(work: Workload, orders: Any, draw: Any, n: int, newest: int) -> tuple[Any, int]:
    import numpy as np
    import pyarrow as pa

    low = {"uniform": 0, "recent": int(len(orders) * 0.9), "newest": len(orders) - 150_000}[work.keys]
    rows = orders.take(pa.array(draw.integers(low, len(orders), work.size)))
    prices = pa.array(draw.integers(1, 10_000_000, work.size)).cast(pa.decimal128(19, 0))
    price = orders.schema.get_field_index("o_totalprice")
    rows = rows.set_column(price, "o_totalprice", prices.cast(orders.schema.field(price).type))
    ids, fresh = rows[KEY].to_numpy().copy(), int(work.size * work.fresh)
    ids[:fresh] = newest + np.arange(1, fresh + 1)
    rows = rows.set_column(0, KEY, pa.array(ids, orders.schema.field(KEY).type))
    operations = np.full(work.size, "U")
    operations[work.size - int(work.size * work.deletes) :] = "D"
    return _told(rows, n * 100_000_000 + np.arange(work.size), operations), newest + fresh


def _told(rows: Any, sequence: Any, operations: Any) -> Any:
    import pyarrow as pa

    return rows.append_column("seq", pa.array(sequence)).append_column(
        "op", pa.array(operations.astype(object))
    )


def _concat(one: Any, other: Any) -> Any:
    import pyarrow as pa

    return pa.concat_tables([one, other])


def _permutation(draw: Any, size: int) -> Any:
    import pyarrow as pa

    return pa.array(draw.permutation(size))
