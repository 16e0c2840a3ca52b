"""Several sources into one table, with one sequence across them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from framework.run.outcome import Counts
from tests.integration.run.lakes import TestLake

pytestmark = pytest.mark.either_format

COMMON = {"op": "string", "id": "int", "seq": "bigint"}
CHANGES = {"keys": ["id"], "sequence": ["seq"], "envelope": "generic", "operation": "op"}


def two_sources(lake: TestLake, **changes: Any) -> tuple[Path, Path]:
    """A table of people fed by one source of names and one of cities."""
    names, cities = lake.folder / "names", lake.folder / "cities"
    for folder in (names, cities):
        folder.mkdir()
    header = {"format": "csv", "options": {"header": True}}
    lake.job(
        sources={
            "names": {**header, "path": str(names), "schema": {**COMMON, "name": "string"}},
            "cities": {**header, "path": str(cities), "schema": {**COMMON, "city": "string"}},
        },
        changes={**CHANGES, **changes},
    )
    return names, cities


def put(folder: Path, name: str, column: str, *rows: str) -> None:
    (folder / name).write_text("\n".join([f"op,id,seq,{column}", *rows]) + "\n")


def test_each_source_gives_the_columns_that_it_has_in_one_order(lake: TestLake) -> None:
    names, cities = two_sources(lake)
    put(names, "a.csv", "name", "U,1,5,Ada", "U,2,5,Bo", "U,3,9,Cy")
    assert lake.applied().counts == Counts(read=3, inserted=3)
    assert lake.rows("id", "name") == [(1, "Ada"), (2, "Bo"), (3, "Cy")]
    # older than the row, and still the newest that tells the city
    put(cities, "a.csv", "city", "U,1,6,Paris", "U,2,4,Rome", "D,2,7,", "U,3,8,Bern")
    assert lake.applied().counts.accounted == 4
    assert lake.rows("id", "seq", "name", "city") == [(1, 6, "Ada", "Paris"), (3, 9, "Cy", "Bern")]
    put(names, "b.csv", "name", "U,1,8,Ada L.", "U,2,6,late")
    put(cities, "b.csv", "city", "U,2,9,Oslo", "U,1,5,older")
    assert lake.applied().counts.accounted == 4
    assert lake.rows("id", "seq", "name", "city")[:2] == [(1, 8, "Ada L.", "Paris"), (2, 9, None, "Oslo")]


def test_an_idle_source_must_declare_its_columns(lake: TestLake) -> None:
    names, _ = two_sources(lake)
    text = (lake.folder / "conf/jobs/t.yaml").read_text()
    config = yaml.safe_load(text)
    del config["read"]["cities"]["schema"]
    (lake.folder / "conf/jobs/t.yaml").write_text(yaml.safe_dump(config))
    put(names, "a.csv", "name", "U,1,5,Ada")
    refused = lake.run()
    assert refused.error_class == "ConfigError"
    assert refused.error is not None and "read.cities.schema" in refused.error
    assert lake.rows() == []


def test_a_truncate_of_one_of_several_sources_goes_to_quarantine(lake: TestLake) -> None:
    names, cities = two_sources(lake, operations={"U": ["U"], "T": ["T"]})
    put(names, "a.csv", "name", "U,1,5,Ada", "T,,6,")
    put(cities, "a.csv", "city", "U,1,4,Rome")
    assert lake.applied().counts.quarantined == 1
    assert lake.rows("id", "name", "city") == [(1, "Ada", "Rome")]
    told = [row[0][0] for row in lake.rows("reasons", role="quarantine")]
    assert [(each["rule"], "which rows" in each["found"]) for each in told] == [("operation", True)]


def test_sources_without_a_common_order_are_refused(lake: TestLake) -> None:
    names, cities = two_sources(lake)
    text = (lake.folder / "conf/jobs/t.yaml").read_text()
    (lake.folder / "conf/jobs/t.yaml").write_text(text.replace("seq: bigint", "seq: string", 1))
    put(names, "a.csv", "name", "U,1,5,Ada")
    put(cities, "a.csv", "city", "U,1,5,Rome")
    outcome = lake.run()
    assert outcome.error_class == "ConfigError"
    assert "no common order" in (outcome.error or "")
