"""Counts taken on the way: where Spark delivers none, they are counted again and nothing waits for ever."""

from __future__ import annotations

import subprocess
import sys
import time

from framework.run.measure import Measured

PROGRAM = """
import threading
from framework.run.measure import Measured
measured = Measured.__new__(Measured)
class Never:
    @property
    def get(self):
        threading.Event().wait()
measured._observation = Never()
measured._recount = lambda: {"read": 3}
print(measured.figures(seconds=0.05))
"""


def test_counts_that_never_come_hold_neither_the_run_nor_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "{'read': 3}"


class Broken:
    @property
    def get(self) -> dict[str, int]:
        raise RuntimeError("a row without columns")


def test_counts_that_spark_cant_hand_over_are_counted_again_at_once() -> None:
    measured = Measured.__new__(Measured)
    measured._observation = Broken()  # type: ignore[assignment]
    measured._recount = lambda: {"read": 3}

    begun = time.monotonic()
    assert measured.figures() == {"read": 3}
    assert time.monotonic() - begun < 5
