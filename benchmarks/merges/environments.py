"""Interpreters of contenders that pin other versions of what we use: each has an environment of its own.

It lies in the user's cache, sees the packages of the running interpreter (PySpark, Delta) after its own, and is made
the first time that it is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from framework.session.jar_cache import cache_root

PACKAGES = {"koheesio": "koheesio==0.11.*", "lakehouse-engine": "lakehouse-engine==1.26.*"}


def interpreter(contender: str) -> str:
    """Python for a contender.

    Raises:
        subprocess.CalledProcessError: its package can't be installed.
    """
    package = PACKAGES.get(contender)
    if package is None:
        return sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    ours = sysconfig.get_path("purelib")
    home = cache_root(os.environ) / "bench" / f"{contender}-{version}"
    python, done = home / "bin/python", home / "done"
    if not done.exists() or done.read_text() != f"{package} {ours}":
        print(f"making an environment with {package}", flush=True)
        venv.create(home, with_pip=True, clear=True)
        packages = Path(home / "lib" / f"python{version}" / "site-packages")
        (packages / "beside.pth").write_text(f"{ours}\n")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", package], check=True)
        done.write_text(f"{package} {ours}")
    return str(python)
