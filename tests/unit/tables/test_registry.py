"""Table formats by name, and third parties' beside ours."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from framework.errors import ConfigError
from framework.tables import registry, table_format


class Hudi:
    """A third party's format."""

    name = "hudi"

    def __init__(self, spark):
        self.spark = spark


def test_both_formats_are_there_by_name():
    assert table_format(None, "iceberg").name == "iceberg"
    assert table_format(None, "delta").name == "delta"


def test_an_unknown_format_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"got 'hudi', expected iceberg, delta\. Correct `write\.format`"):
        table_format(None, "hudi")


def test_a_package_adds_a_format_by_its_entry_point(monkeypatch):
    point = EntryPoint("hudi", f"{__name__}:Hudi", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    assert table_format("session", "hudi").spark == "session"


def test_naming_tables_loads_no_pyspark():
    code = "import sys, framework.tables; sys.exit('pyspark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
