"""Runtimes: where a run happens, and what differs there. Importing this package needs no pyspark.

>>> from framework.config import load_project
>>> runtime = open_runtime("local", load_project("conf"))  # doctest: +SKIP
>>> spark = runtime.start()  # doctest: +SKIP
>>> runtime.succeed()  # doctest: +SKIP
"""

from framework.runtimes.base import Runtime
from framework.runtimes.detect import Detected, detect, gather_facts
from framework.runtimes.exits import JobsFailedError, exit_code
from framework.runtimes.open import open_runtime
from framework.runtimes.settings import settings_for

__all__ = [
    "Detected",
    "JobsFailedError",
    "Runtime",
    "detect",
    "exit_code",
    "gather_facts",
    "open_runtime",
    "settings_for",
]
