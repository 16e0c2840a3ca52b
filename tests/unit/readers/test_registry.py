"""Readers are found by format; third parties register theirs."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from framework.errors import ConfigError
from framework.readers import find_reader
from framework.readers.registry import BUILT_IN


class Gauge:
    envelope = "rows"


@pytest.mark.parametrize("format", sorted(BUILT_IN))
def test_every_built_in_format_has_a_reader_with_an_envelope(format):
    own = ("dms", "delta_cdf", "iceberg_changelog")
    assert find_reader(format).envelope == (format if format in own else "rows")


def test_a_package_can_register_a_reader_but_not_replace_ours(monkeypatch):
    points = [EntryPoint(name, f"{__name__}:Gauge", "sluice.readers") for name in ("gauge", "csv")]
    monkeypatch.setattr("framework.readers.registry.entry_points", lambda group: points)
    assert type(find_reader("gauge")).__name__ == "Gauge"
    assert type(find_reader("csv")).__name__ == "FileReader"


def test_an_unknown_format_is_named_with_the_nearest():
    with pytest.raises(ConfigError) as error:
        find_reader("parket")
    assert "got 'parket', expected csv, json, parquet" in str(error.value)
    assert str(error.value).endswith("Did you mean format: parquet?")
